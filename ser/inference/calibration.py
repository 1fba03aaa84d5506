"""The calibration of a system: one temperature from its dev part, and what it is worth where nothing was fitted."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from ser.evaluation import temperature
from ser.evaluation.calibration import calibration_error, reliability
from ser.inference import none_rule
from ser.inference.dev_part import Predicted
from ser.inference.stated import Calibration, HeldOut


def fit(dev: Predicted) -> Calibration:
    """Return the calibration by a dev part."""
    found = temperature.fit(dev.probabilities, dev.truth)
    return Calibration(
        temperature=found,
        utterances=len(dev.truth),
        error=_error(dev.probabilities, dev.truth),
        calibrated=_error(temperature.scaled(dev.probabilities, found), dev.truth),
    )


def held_out(folds: Sequence[tuple[Predicted, Predicted]]) -> HeldOut:
    """Return what the calibration is worth: dev and test part of each fold, of a run of the fold."""
    raw, scaled, unsure = [], [], []
    for dev, test in folds:
        fitted = temperature.fit(dev.probabilities, dev.truth)
        limit = none_rule.confidence_limit(temperature.scaled(dev.probabilities, fitted), dev.truth)
        calibrated = temperature.scaled(test.probabilities, fitted)
        raw.append(test.probabilities)
        scaled.append(calibrated)
        unsure.append(calibrated.max(axis=1) < (limit or 0.0))
    truth = np.concatenate([test.truth for _, test in folds])
    right, below = np.concatenate(raw).argmax(axis=1) == truth, np.concatenate(unsure)
    return HeldOut(
        folds=len(folds),
        utterances=len(truth),
        error=_error(np.concatenate(raw), truth),
        calibrated=_error(np.concatenate(scaled), truth),
        unsure_right=float(below[right].mean()) if right.any() else None,
        unsure_wrong=float(below[~right].mean()) if (~right).any() else None,
    )


def _error(probabilities: ArrayLike, truth: ArrayLike) -> float:
    return calibration_error(reliability(probabilities, truth))
