"""Calibration: how far a system's probabilities agree with the frequencies of right predictions.

``probabilities`` is always (utterances, classes), each row summing to 1; ``truth`` is the index of the true class,
(utterances,). SerError where they are not.
"""

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from ser.errors import SerError, offenders
from ser.evaluation.temperature import LEAST
from ser.metrics import Floats

BINS = 15
TOLERANCE = 1e-3  # of a row's sum


def reliability(
    probabilities: ArrayLike, truth: ArrayLike, *, bins: int = BINS, adaptive: bool = False
) -> pd.DataFrame:
    """Return low, high, utterances, confidence and accuracy of each bin of the highest probability, (bins, 5).

    Bins are (low, high], the first one closed on both sides: of equal width between 0 and 1 (Guo et al. 2017, On
    calibration of modern neural networks), or, ``adaptive``, between quantiles, so that each holds about equally many
    utterances (Nixon et al. 2019, Measuring calibration in deep learning); equal confidences share a bin, so there may
    be fewer. confidence and accuracy are means, NaN in an empty bin.
    """
    if bins < 1:
        raise SerError(f"bins is {bins}; it must be 1 or more.")
    given, true = _checked(probabilities, truth)
    confidence, right = given.max(1), given.argmax(1) == true
    edges = np.linspace(0, 1, bins + 1)
    if adaptive:
        edges = np.unique(np.quantile(confidence, edges, method="inverted_cdf"))
        edges = edges if len(edges) > 1 else np.repeat(edges, 2)
    row = np.clip(np.searchsorted(edges, confidence) - 1, 0, len(edges) - 2)
    grouped = pd.DataFrame({"confidence": confidence, "accuracy": right}).groupby(row)
    table = pd.DataFrame({"low": edges[:-1], "high": edges[1:]})
    table["utterances"] = grouped.size().reindex(table.index, fill_value=0)
    return table.join(grouped.mean())


def calibration_error(table: pd.DataFrame) -> float:
    """Return the expected calibration error, 0…1, of a ``reliability`` table: mean gap weighted by utterances."""
    gap = (table["accuracy"] - table["confidence"]).abs()
    return float((gap * table["utterances"]).sum() / table["utterances"].sum())


def brier(probabilities: ArrayLike, truth: ArrayLike) -> float:
    """Return Brier's (1950) score over all classes, 0…2: mean squared distance to the true class's unit vector."""
    given, true = _checked(probabilities, truth)
    return float(((given - np.eye(given.shape[1])[true]) ** 2).sum(1).mean())


def negative_log_likelihood(probabilities: ArrayLike, truth: ArrayLike) -> float:
    """Return the mean of -ln probability of the true class, nats; a probability of 0 counts as ``LEAST``."""
    given, true = _checked(probabilities, truth)
    return float(-np.log(np.maximum(given[np.arange(len(true)), true], LEAST)).mean())


def _checked(probabilities: ArrayLike, truth: ArrayLike) -> tuple[Floats, NDArray[np.int64]]:
    given, true = np.asarray(probabilities, dtype=np.float64), np.asarray(truth, dtype=np.int64)
    if given.ndim != 2 or not given.size or true.shape != given.shape[:1]:
        raise SerError(f"probabilities {given.shape} and true classes {true.shape} do not match in utterances.")
    if (true < 0).any() or (true >= given.shape[1]).any():
        raise SerError(f"true classes must be 0 to {given.shape[1] - 1}, they are {true.min()} to {true.max()}.")
    odd = ~((given >= 0).all(1) & (np.abs(given.sum(1) - 1) <= TOLERANCE))  # also where there is a NaN
    if odd.any():
        raise SerError(f"the rows {offenders(np.flatnonzero(odd).tolist())} are no probabilities that sum to 1.")
    return given, true
