"""Estimates of dimensions with a known skill, in place of predictions of classes."""

import json
from typing import Any

import numpy as np

from ser.config.plan import Plan
from ser.config.schema import Protocol
from ser.layout import Run
from ser.tables import contracts
from ser.tables.estimates import ESTIMATES

DIMENSIONS = ("valence", "activation", "dominance")
TARGET = {"kind": "dimensions", "dimensions": DIMENSIONS}
PROTOCOLS = {
    name: Protocol(title=name, rule=rule, labels={}, target=TARGET, selection="dev_ccc", leaks=leaks)
    for name, rule, leaks in (
        ("session-out", "session_out", ("text",)),
        ("random", "random_folds", ("speaker", "text")),
    )
}
METRICS = ("CCC", "Pearson", "MAE")
NOISE = {"Audio-CNN": 0.6, "SVM_50%": 2.0}  # standard deviation, points of the scale; leaks halve it


def ratings(plan: Plan, run: Run, utterances: int) -> np.ndarray:
    """Return ratings 1…5 of all utterances of a protocol, (utterances, dimensions), in steps of a third."""
    every = plan.folds[run.corpus][run.protocol] * utterances
    return np.round(np.random.default_rng(0).uniform(1, 5, (every, 3)) * 3) / 3


def rows(run: Run, plan: Plan, numbers: np.ndarray, utterances: int) -> list[dict[str, Any]]:
    """Return the estimates of a run for the utterances of these ``numbers``, two speakers per ``utterances``."""
    noise = NOISE[run.system] / (2 if run.protocol == "random" else 1)
    draw = np.random.default_rng([run.seed, run.fold, len(run.system), len(run.protocol)])
    target = ratings(plan, run, utterances)[numbers].astype(np.float32)
    predicted = target + draw.normal(0, noise, target.shape)
    return [
        {
            **run._asdict(),
            "utterance": f"{number // utterances}-{number % utterances:03d}",
            "speaker": f"speaker{2 * number // utterances}",
            "target": rated,
            "predicted": answer,
        }
        for number, rated, answer in zip(numbers.tolist(), target.tolist(), predicted.tolist(), strict=True)
    ]


def write(run: Run, plan: Plan, numbers: np.ndarray, utterances: int, constant: float | None = None) -> None:
    """Write the estimates of a run, or this ``constant`` for all, and a history with a dev CCC."""
    found, notes = rows(run, plan, numbers, utterances), {"dimensions": json.dumps(DIMENSIONS), "tested": "once"}
    if constant is not None:
        found = [{**row, "predicted": [constant] * 3} for row in found]
    contracts.write(ESTIMATES, found, run.folder / "predictions.parquet", notes)
    epochs = [
        {"epoch": epoch, "step": 10 * epoch, "seconds": 2.5, "learning_rate": 1e-3}
        | {"train_loss": 1.2 / epoch, "dev_loss": 1.3 / epoch, "dev_ccc": 0.5 - 0.5 / epoch}
        for epoch in range(1, 6)
    ]
    contracts.write(contracts.HISTORY, epochs, run.folder / "history.parquet")


def computed(found: list[dict[str, Any]]) -> dict[str, np.ndarray]:
    """Return each metric of every dimension of estimates, as numpy computes them."""
    x, y = (np.array([row[side] for row in found], float) for side in ("target", "predicted"))
    covariance = ((x - x.mean(0)) * (y - y.mean(0))).mean(0)
    return {
        "CCC": 2 * covariance / (x.var(0) + y.var(0) + (x.mean(0) - y.mean(0)) ** 2),
        "Pearson": covariance / x.std(0) / y.std(0),
        "MAE": np.abs(x - y).mean(0),
    }
