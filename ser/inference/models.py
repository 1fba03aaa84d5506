"""Which trained system a path or a name means: a bundle, the folder of a run, or the best one of an experiment."""

import sys
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ser.config.plan import Plan, read_plan
from ser.errors import SerError, offenders
from ser.inference import bundle, trained_run
from ser.inference.trained import Trained
from ser.layout import Run
from ser.tables import contracts

PLAN = "plan.json"


@dataclass(frozen=True)
class Only:
    """Which runs of an experiment may be chosen; None: any. for_use: those that are trained for use, else no such."""

    corpus: str | None = None
    protocol: str | None = None
    system: str | None = None
    for_use: bool = False


ANY = Only()


def find(model: Path, only: Only = ANY, weights: Mapping[str, Path] | None = None) -> Trained:
    """Return the trained system that ``model`` names.

    model: a bundle (folder or zip), the folder of a run, or an experiment, by its name or as ``results/<name>``; of an
    experiment the best by its dev scores. weights: by feature, files that extractors read. SerError where it is none.
    """
    if bundle.is_bundle(model):
        return bundle.read(model)
    if trained_run.is_run(model):
        return trained_run.read(model, weights)
    for folder in (model, Path("results") / model):
        if (folder / PLAN).is_file():
            return trained_run.read(best_run(folder, only), weights)
    known = sorted(path.parent.name for path in Path("results").glob(f"*/{PLAN}"))
    raise SerError(
        f"{model} is no bundle, no folder of a finished run and no experiment; experiments here: "
        f"{offenders(known) or 'none'}."
    )


def best_run(experiment: Path, only: Only = ANY) -> Path:
    """Return the folder of the best run of an experiment: of the system with the best mean score on dev, its best run.

    The score is WA where the protocol selects epochs by it and else UA, since losses of estimators cannot be compared;
    the test part is not read. Systems that selected nothing
    on dev are left out. SerError where several corpora or protocols are left, or no run has a score on dev.
    """
    plan, project = read_plan(experiment / PLAN), experiment.absolute().parents[1]
    runs = [run for run in (plan.runs_for_use() if only.for_use else plan.runs()) if _allowed(run, only)]
    if only.for_use and not plan.experiment.use:
        raise SerError(
            f"{experiment}: nothing of it is trained for use; name systems under 'experiment.use' and train."
        )
    pairs = sorted({run[:2] for run in runs})
    if len(pairs) != 1:
        listed = offenders("/".join(pair) for pair in pairs) or "none"
        raise SerError(
            f"{experiment}: dev scores are compared within one corpus and protocol; choose with --corpus and "
            f"--protocol from {listed}."
        )
    scores = _scores(runs, plan, project)
    if not scores:
        raise SerError(f"{experiment}: no run of {'/'.join(pairs[0])} has a score on a dev part; name a run's folder.")
    by_system: dict[str, dict[Run, float]] = defaultdict(dict)
    for run, score in scores.items():
        by_system[run.system][run] = score
    means = {system: sum(those.values()) / len(those) for system, those in by_system.items()}
    system = max(means, key=lambda name: means[name])
    run = max(by_system[system], key=lambda one: by_system[system][one])
    left = sorted({one.system for one in runs} - set(by_system))
    without = f" (without a score on dev: {offenders(left)})" if left else ""
    print(f"{system}: the best of {len(means)} systems on dev{without}; run {run.folder}", file=sys.stderr, flush=True)
    return project / run.folder


def _allowed(run: Run, only: Only) -> bool:
    wanted = {"corpus": only.corpus, "protocol": only.protocol, "system": only.system}
    return all(value is None or getattr(run, name) == value for name, value in wanted.items())


def _scores(runs: list[Run], plan: Plan, project: Path) -> dict[Run, float]:
    """Return the score of every finished run on its dev part, 0…1."""
    found = {}
    for run in runs:
        folder, protocol = project / run.folder, plan.protocols[run.protocol]
        selection = protocol.selection
        if selection == "last" or protocol.selected_on == "test" or not trained_run.is_run(folder):
            continue
        card: Mapping[str, Any] = trained_run.record(folder)
        history = contracts.read(contracts.HISTORY, folder / "history.parquet").to_pylist()
        row: Mapping[str, Any] = next((one for one in history if one["epoch"] == card["best_epoch"]), {})
        score = row.get("dev_wa" if selection == "dev_wa" else "dev_ua")
        if score is not None:
            found[run] = float(score)
    return found
