"""Metrics of dimensions such as valence: each is one definition, from sums over utterances to a value.

``experiment.metrics`` names entries of ``MEASURES`` where the protocols' target is dimensions. Each is computed per
dimension, ``CCC valence``, and as their mean, ``CCC``, of all dimensions of the protocol. Letters: S any leading axes,
D dimensions. Sums are (S, D, 7), in the order of ``SUMS``, so that those of speakers can be added and left out. Target
and prediction are centred first: no measure changes if the same number is taken from both, and the sums of squares
lose no digits. A value is NaN where it is not defined: Pearson's correlation with a constant, and CCC where target and
prediction are one constant.
"""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ser.choices import Choices
from ser.errors import unknown
from ser.metrics import METRICS, Floats, Metric

SUMS = ("1", "x", "y", "x²", "y²", "xy", "|x − y|")  # x: target, y: prediction, both less one constant per dimension
CONSTANT = 1e-10  # a variance below this share of the mean square is that of a constant: the rest is rounding


def sums(target: Floats, predicted: Floats, centre: Floats) -> Floats:
    """Return the sums of single utterances, (utterances, D, 7), of arrays (utterances, D); centre: (D,)."""
    x, y = target - centre, predicted - centre
    return np.stack([np.ones_like(x), x, y, x * x, y * y, x * y, np.abs(x - y)], axis=-1)


def ccc(sums: Floats) -> Floats:
    """Return the concordance correlation coefficient, (S, D), −1…1.

    2 cov(x, y) / (var(x) + var(y) + (mean(x) − mean(y))²), with variances over n (Lin 1989, Biometrics 45). It is 0 for
    any constant prediction.
    """
    mean_x, mean_y, var_x, var_y, covariance = _moments(sums)
    return _ratio(2 * covariance, var_x + var_y + (mean_x - mean_y) ** 2)


def mean_ccc(target: Floats, predicted: Floats) -> float:
    """Return the mean of the dimensions' CCC of arrays (utterances, D); one that is not defined counts as 0.

    Trainings select by it: a change of what it reaches repeats those of dimensions.
    """
    return float(np.nan_to_num(ccc(sums(target, predicted, target.mean(0)).sum(0))).mean())


def pearson(sums: Floats) -> Floats:
    """Return Pearson's correlation, (S, D), −1…1; NaN where target or prediction is constant."""
    _, _, var_x, var_y, covariance = _moments(sums)
    return np.clip(_ratio(covariance, np.sqrt(var_x * var_y)), -1, 1)


def mae(sums: Floats) -> Floats:
    """Return the mean absolute error, (S, D), in points of the rating scale, 0 or more."""
    return _ratio(sums[..., 6], sums[..., 0])


def _moments(sums: Floats) -> tuple[Floats, ...]:
    """Return both means, both variances and the covariance, each (S, D); a variance that is rounding alone is 0."""
    x, y, xx, yy, xy = np.moveaxis(_ratio(sums[..., 1:6], sums[..., :1]), -1, 0)
    spread = xx - x * x, yy - y * y
    var_x, var_y = (np.where(var <= CONSTANT * square, 0.0, var) for var, square in zip(spread, (xx, yy), strict=True))
    return x, y, var_x, var_y, np.where((var_x == 0) | (var_y == 0), 0.0, xy - x * y)


def _ratio(part: Floats, whole: NDArray[np.float64]) -> Floats:
    """Return ``part / whole``; NaN where ``whole`` is not above 0."""
    return np.asarray(np.divide(part, whole, out=np.full(part.shape, math.nan), where=whole > 0))


MEASURES = Choices(
    {
        "CCC": Metric("concordance correlation", lambda sums, _: ccc(sums), False, "Fisher's z", 2.0, 1.0),
        "Pearson": Metric("Pearson's correlation", lambda sums, _: pearson(sums), False, "Fisher's z", 2.0, 1.0),
        "MAE": Metric(
            "mean absolute error", lambda sums, _: mae(sums), False, "the logarithm", math.inf, 1.0, lower=True
        ),
    }
)


def names(chosen: Sequence[str], dimensions: Sequence[str]) -> tuple[str, ...]:
    """Return the metrics of a protocol's tables: the ``chosen``, then each of every dimension where it has several.

    Those of classes, which have no ``dimensions``, are the chosen ones themselves.
    """
    each = (f"{name} {dimension}" for name in chosen for dimension in dimensions) if len(dimensions) > 1 else ()
    return (*chosen, *each)


def find(name: str, dimensions: Sequence[str] = ()) -> Metric:
    """Return the metric of a name in the tables, of classes or of dimensions; SerError names those that are known.

    dimensions: in the order of the sums; without them the metric has all but a function. Its ``of`` is (S, D, 7) to
    (S,): of one dimension, or the mean over all, NaN where that of any is.
    """
    if name in METRICS and not dimensions:
        return METRICS[name]
    measure, _, dimension = name.partition(" ")
    if measure not in MEASURES:
        raise unknown("metric", name, MEASURES if dimensions else (*METRICS, *MEASURES))
    if dimensions and dimension and dimension not in dimensions:
        raise unknown(f"dimension of {measure}", dimension, dimensions)
    of = MEASURES[measure]

    def value(sums: Floats, total: Floats | None = None) -> Floats:
        values = of.of(sums, total)
        return np.asarray(values[..., dimensions.index(dimension)] if dimension else values.mean(-1))

    about = f" of {dimension}" if dimension else ""
    return Metric(of.title + about, value, False, of.scale, of.widest, of.unit, of.lower)


def ranking(chosen: Sequence[str]) -> str:
    """Return the metric by which systems are ranked: UA or CCC where it is chosen, else the first."""
    return next((name for name in ("UA", "CCC") if name in chosen), chosen[0])
