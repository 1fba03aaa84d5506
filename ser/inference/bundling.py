"""What a bundle states besides the system of a run: estimate, tests, calibration, and the limits of the rule for none.

Each is made from files of the project, and left out, with the reason, where they are missing.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from ser import layout
from ser.errors import SerError
from ser.evaluation import temperature
from ser.inference import calibration, dev_part, estimate, none_rule, trained_run
from ser.inference.cross_validated import assessment
from ser.inference.dev_part import Predicted
from ser.inference.none_rule import Limits
from ser.inference.stated import Calibration, CrossValidation, HeldOut
from ser.inference.trained import Trained
from ser.layout import Run
from ser.tables import contracts
from ser.tables.measures import MEASURES

Found = TypeVar("Found")


def completed(trained: Trained) -> Trained:
    """Return the system of a run with what its bundle states; reasons for what is missing are in ``about["missing"]``.

    Every run of the cross-validation is read, and those of one seed predict their dev part.
    """
    missing: dict[str, str] = {}
    runs: list[Run] = _or_why(missing, "estimate", lambda: estimate.runs(trained)) or []
    stated: CrossValidation | None = estimate.estimate(trained, runs) if runs else None
    dev = _or_why(missing, "calibration", lambda: dev_part.predicted(trained))
    sound = _or_why(missing, "limits", lambda: _sound_limits(trained)) or Limits()
    fitted = None if dev is None else _calibration(trained, dev, runs, missing)
    least = None
    if dev is not None and fitted is not None:
        least = none_rule.confidence_limit(temperature.scaled(dev.probabilities, fitted.temperature), dev.truth)
    limits = sound.model_copy(update={"confidence": least})
    update: dict[str, Any] = {"estimate": stated, "calibration": fitted}
    if runs:
        update["assessment"] = _or_why(missing, "assessment", lambda: assessment(trained, runs, fitted))
    update["limits"] = limits if limits != Limits() else None
    inside = f"{trained_run.project(trained.weights.parent)}/"  # a bundle goes elsewhere: no path of this machine
    reasons = {what: why.replace(inside, "") for what, why in missing.items()}
    update["about"] = {**trained.contents.about, "missing": reasons}
    return replace(trained, contents=trained.contents.model_copy(update=update))


def _or_why(missing: dict[str, str], what: str, make: Callable[[], Found]) -> Found | None:
    """Return what ``make`` returns; None where files are missing, with the reason in ``missing``."""
    try:
        return make()
    except SerError as error:
        missing[what] = str(error).rstrip(".")
        return None


def _calibration(trained: Trained, dev: Predicted, runs: list[Run], missing: dict[str, str]) -> Calibration:
    """Return the calibration by ``dev``, with what it is worth in the cross-validation where there is one."""
    found = calibration.fit(dev)
    if runs:
        held = _or_why(missing, "calibration in the cross-validation", lambda: _held_out(trained, runs))
        found = found.model_copy(update={"held_out": held})
    return found


def _held_out(trained: Trained, runs: list[Run]) -> HeldOut:
    """Return what the calibration is worth on the test parts of one seed: that of the run where it has all folds."""
    seeds = sorted({run.seed for run in runs}, key=lambda seed: (seed != trained.contents.run["seed"], seed))
    those = [run for run in runs if run.seed == seeds[0]]
    project, classes = trained_run.project(trained.weights.parent), trained.contents.classes
    folds = []
    for run, table in zip(those, estimate.tables(trained, those), strict=True):
        dev = dev_part.predicted(_of_fold(trained, project / run.folder))
        folds.append((dev, dev_part.of_table(table, classes)))
    return calibration.held_out(folds)


def _of_fold(trained: Trained, folder: Path) -> Trained:
    """Return the system of another run that differs from ``trained`` in fold and seed alone."""
    vocabulary, _ = trained_run.header(folder)
    card = trained_run.record(folder)
    update = {"vocabulary": vocabulary, "run": {name: card[name] for name in Run._fields}}
    contents = trained.contents.model_copy(update=update)
    return replace(trained, contents=contents, weights=folder / "model.safetensors", where=str(folder))


def _sound_limits(trained: Trained) -> Limits:
    """Return the limits of level and length by the train part, from the manifest and the measures of the corpus."""
    run, data = trained.contents.run, trained_run.project(trained.weights.parent)
    fold = dev_part.read_fold(trained)
    names = {fold.utterances[row] for row in fold.rows("train")}
    manifest = contracts.select(data / layout.manifest(str(run["corpus"])), ["utterance", "seconds"]).to_pylist()
    levels, path = [], data / layout.measures(str(run["corpus"]))
    if path.is_file():
        levels = [row["level"] for row in contracts.read(MEASURES, path).to_pylist() if row["utterance"] in names]
    return none_rule.sound_limits(levels, [row["seconds"] for row in manifest if row["utterance"] in names])
