"""Seconds of whole folds, trained by the stage that the pipeline calls: loading, epochs, predictions, files.

Run: python benchmarks/gpu/folds.py CORPUS ROWS [--device auto] [--systems NAME …] [--seconds 120]

First two epochs of every system, from which the time of all epochs of its recipe is estimated; then whole folds, the
shortest first, as long as the estimate fits into what is left of --seconds. Appends to ROWS as it goes.
"""

import json
import math
import os
import time
from pathlib import Path
from typing import Any

from measure import HEADLINE, arguments, reason, recipes, record

from ser.config.recipe import Recipe
from ser.stages.train import TrainJob, train

EPOCHS = 2


def main() -> None:
    """Measure all systems."""
    parser = arguments(__doc__, "auto", HEADLINE)
    parser.add_argument("--seconds", type=float, default=120.0)
    given = parser.parse_args()
    known, rows, until = recipes(), given.rows.absolute(), time.monotonic() + given.seconds
    os.chdir(given.corpus)  # checkpoints are relative to the project's folder
    expected: dict[str, float] = {}
    for name in given.systems:
        training = known[name].training
        short = known[name].model_copy(update={"training": training.model_copy(update={"epochs": EPOCHS})})
        try:
            run = trained(name, short, given.device)
        except Exception as error:  # the next one may work
            record(rows, "folds", name, "estimate", None, reason(error))
            continue
        each = math.ceil(run["examples"]["train"] / training.batch)  # steps of an epoch
        total = min(training.epochs, math.ceil((training.steps or training.epochs * each) / each))
        expected[name] = run["seconds"] + run["seconds_per_epoch"] * max(total - EPOCHS, 0)
        record(rows, "folds", name, "loading", run["seconds_loading"])
        record(rows, "folds", name, "epoch", run["seconds_per_epoch"])
        record(rows, "folds", name, "estimate", expected[name], f"{total} epochs at most")
    for name in sorted(expected, key=lambda name: expected[name]):
        if expected[name] < until - time.monotonic():
            run = trained(name, known[name], given.device)
            record(rows, "folds", name, "whole", run["seconds"], f"{run['epochs_run']} epochs")


def trained(name: str, recipe: Recipe, device: str) -> dict[str, Any]:
    """Return the record of a fold: what run.json holds."""
    out = Path("runs", name)
    job = TrainJob(
        corpus="random",
        protocol="random",
        system=name,
        seed=0,
        fold=0,
        recipe=recipe,
        features={view.feature: Path("features", view.feature) for view in recipe.inputs.views().values()},
        folds=Path("folds.parquet"),
        out=out,
        device=device,
        gpus=int(device != "cpu"),
    )
    train(job)
    found: dict[str, Any] = json.loads((out / "run.json").read_text(encoding="utf-8"))
    return found


if __name__ == "__main__":
    main()
