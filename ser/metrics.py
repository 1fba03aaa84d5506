"""Metrics: each is one definition, from the confusion counts of a test part to a value in 0…1.

``experiment.metrics`` names entries of ``METRICS``; scores, intervals, comparisons and the report follow. Letters: S
any leading axes, C classes. ``counts`` is (S, C, C), true class by predicted class; ``total`` is (S, C), the utterances
of each true class. They are given separately, since the counts of one system less those of another have rows that sum
to zero. A class without utterances in the truth has no recall and is left out of every mean; a value is NaN without any
utterance.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ser.choices import Choices

Floats = NDArray[np.float64]
DEFAULT = ("WA", "UA")


def confusion(truth: NDArray[np.int64], predicted: NDArray[np.int64], classes: int) -> Floats:
    """Return counts, (true class, predicted class), of two arrays of class indices 0 … ``classes`` - 1.

    ValueError where there is nothing to count or an index is out of range.
    """
    if len(truth) == 0 or len(truth) != len(predicted):
        raise ValueError(f"{len(truth)} labels and {len(predicted)} predictions cannot be scored")
    cells = np.ravel_multi_index((truth, predicted), (classes, classes))
    return np.bincount(cells, minlength=classes**2).reshape(classes, classes).astype(float)


def recalls(counts: Floats, total: Floats | None = None) -> Floats:
    """Return the share of each class's utterances that are right, (S, C); NaN for a class without any."""
    right = np.ascontiguousarray(np.diagonal(counts, axis1=-2, axis2=-1))
    total = counts.sum(-1) if total is None else total
    return _ratio(right, total)


def wa(counts: Floats, total: Floats | None = None) -> Floats:
    """Return the weighted accuracy, (S,): the share of utterances that are right."""
    right = np.trace(counts, axis1=-2, axis2=-1)
    every = (counts if total is None else total).sum((-2, -1) if total is None else -1)
    return _ratio(right, every)


def ua(counts: Floats, total: Floats | None = None) -> Floats:
    """Return the unweighted average recall, (S,): the mean of the recalls of the classes that occur."""
    return mean(recalls(counts, total))


def macro_f1(counts: Floats, total: Floats | None = None) -> Floats:
    """Return the mean over the classes that occur of their F1, (S,)."""
    return mean(_f1(counts, counts.sum(-1) if total is None else total))


def weighted_f1(counts: Floats, total: Floats | None = None) -> Floats:
    """Return the mean of the classes' F1, each weighted by its utterances, (S,)."""
    total = counts.sum(-1) if total is None else total
    return _ratio((np.nan_to_num(_f1(counts, total)) * total).sum(-1), total.sum(-1))


def mean(values: Floats) -> Floats:
    """Return the mean over the last axis of the values that are not NaN; NaN where all are."""
    known = ~np.isnan(values)
    return _ratio(np.where(known, values, 0.0).sum(-1), known.sum(-1))


def _f1(counts: Floats, total: Floats) -> Floats:
    """Return F1 = 2 · right / (true + predicted) of each class, (S, C); NaN for a class that does not occur."""
    right = np.diagonal(counts, axis1=-2, axis2=-1)
    return _ratio(2 * right, np.where(total > 0, total + counts.sum(-2), 0))


def _ratio(part: Floats, whole: NDArray[np.float64 | np.int64]) -> Floats:
    """Return ``part / whole``; NaN where ``whole`` is 0."""
    out: Floats = np.full(np.shape(part), math.nan)
    return np.asarray(np.divide(part, whole, out=out, where=whole > 0))


@dataclass(frozen=True)
class Metric:
    """A metric's title for captions and its function of ``counts`` and ``total``.

    linear: the value of one system's counts less another's is the difference of the two values, so that comparisons
    can work on differences. F1 is not linear: its denominator depends on the predictions. scale: on which an interval
    is symmetric (``ser.evaluation.intervals.SCALES``). widest: no difference of two values is further from 0. unit:
    what a difference of 1 is in the tables; 100 are percentage points. lower: whether a lower value is better.
    """

    title: str
    of: Callable[[Floats, Floats | None], Floats]
    linear: bool
    scale: str = "the logit"
    widest: float = 1.0
    unit: float = 100.0
    lower: bool = False


METRICS = Choices(
    {
        "WA": Metric("weighted accuracy", wa, linear=True),
        "UA": Metric("unweighted average recall", ua, linear=True),
        "macro F1": Metric("mean F1 of the classes", macro_f1, linear=False),
        "weighted F1": Metric("mean F1 of the classes by their utterances", weighted_f1, linear=False),
    }
)
