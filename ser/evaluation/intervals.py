"""Intervals of metrics and of their differences that treat a speaker, not an utterance, as the sampled unit.

Utterances of one speaker are alike, so they hold less information than independent utterances. A cluster is
therefore all utterances of a speaker over all folds, and only clusters are resampled or left out, the same ones for
every seed; the value is the mean over seeds. What is covered is the choice of speakers for the systems as they were
trained: neither other seeds nor other training speakers. The spread between seeds is a separate number (``spread``).

Two methods: ``bootstrap``, the percentile interval over 2000 draws of speakers with replacement, and ``jackknife``, the
default: the standard error of leaving out one speaker at a time with Student's t of clusters - 1 degrees of freedom
(MacKinnon, Nielsen and Webb 2023, Journal of Applied Econometrics 38), on the metric's scale (``SCALES``) for a value,
plain for a difference. With few speakers the bootstrap is too narrow. Coverage of nominal 95 % intervals of UA,
simulated as in tests/evaluation/test_intervals.py (intraclass correlation 0.05, 2000 to 4000 corpora, so ± 0.8 at
most):

    speakers × utterances    6 × 300   10 × 300   24 × 60   91 × 30
    jackknife                 94.8       94.5      94.8      95.3
    bootstrap                 86.7       89.9      93.3      94.4

Of the alternatives (1500 corpora each) BCa covers no better than the percentiles (87.9 with 6 speakers, 88.1 with 10);
bootstrap-t covers as well as the jackknife, but is a quarter wider with 6 speakers and five times wider with 4. Where
speakers have very different numbers of utterances (coefficient of variation 0.9, 10 speakers) the jackknife too is
short: 91.9, against 86.9 of the percentiles.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit, logit
from scipy.stats import t as student

from ser import dimension_metrics
from ser.errors import SerError, offenders, unknown
from ser.metrics import Floats, Metric, mean

LEVEL = 0.95  # of an interval
ALPHA, POWER = 0.05, 0.8  # of the smallest difference that a test finds
METHODS = ("jackknife", "bootstrap")
RESAMPLES = 2000
CELLS = 10_000_000  # of the largest array of random weights or signs

# On which an interval of a value is symmetric, so that it cannot leave the metric's range: lowest and highest value,
# the scale, its inverse, and its slope at a value.
SCALES: Mapping[str, tuple[float, float, Callable[..., Any], Callable[..., Any], Callable[[float], float]]] = {
    "the logit": (0, 1, logit, expit, lambda value: 1 / (value * (1 - value))),
    "Fisher's z": (-1, 1, np.arctanh, np.tanh, lambda value: 1 / (1 - value**2)),
    "the logarithm": (0, math.inf, np.log, np.exp, lambda value: 1 / value),
}


@dataclass(frozen=True, eq=False)
class Tally:
    """The confusion counts of a system's predictions, or of two systems' on the same utterances, by cluster.

    counts: (clusters, seeds, classes, classes), or of dimensions their sums, (clusters, seeds, dimensions,
    ``dimension_metrics.SUMS``). kind: speaker or utterance; clusters: their names. tested: the utterances, sorted; None
    where the seeds test different ones. other: the counts of the system that is compared with, whose seeds may be
    another number; None for a single system. apart: ``other`` is of other utterances, as where two groups of them are
    compared; a cluster may then have utterances on one side only. dimensions: their names; none for classes.
    """

    name: str
    counts: Floats
    kind: str
    clusters: tuple[str, ...]
    tested: pd.DataFrame | None
    other: Floats | None = None
    apart: bool = False
    dimensions: tuple[str, ...] = ()

    @property
    def degrees(self) -> int:
        """Degrees of freedom of an interval: clusters - 1, of two groups those of the one with fewer clusters."""
        if self.other is None or not self.apart:
            return len(self.clusters) - 1
        return min(int((side.sum((1, 2, 3)) > 0).sum()) for side in (self.counts, self.other)) - 1

    def metric(self, name: str) -> Metric:
        """Return the metric of a name in the tables, a function of these counts."""
        return dimension_metrics.find(name, self.dimensions)


@dataclass(frozen=True)
class Estimate:
    """A value with its 95 % interval and clustered standard error, in the metric's range, or a difference of values.

    low, high and error are NaN where the clusters do not differ at all or there is only one.
    """

    value: float
    low: float
    high: float
    error: float
    method: str


def tally(rows: pd.DataFrame, classes: Sequence[str], name: str = "", dimensions: Sequence[str] = ()) -> Tally:
    """Return the counts of one system's predictions (seed, fold, utterance, speaker, label, predicted).

    Of ``dimensions`` the columns are target_<dimension> and predicted_<dimension> in place of label and predicted.
    Clusters are the speakers, or the utterances where a speaker is unknown or there are fewer than two.
    """
    known = rows["speaker"].notna().all() and rows["speaker"].nunique() > 1
    kind = "speaker" if known else "utterance"
    cluster, clusters = pd.factorize(rows[kind], sort=True)
    columns = ["fold", "utterance", *([f"target_{one}" for one in dimensions] or ["label"])]
    first, *others = (seed.sort_values(columns, ignore_index=True) for _, seed in rows.groupby("seed")[columns])
    tested = first if all(first.equals(other) for other in others) else None
    counts = _counts(rows, cluster, classes, dimensions)
    return Tally(name, counts, kind, tuple(clusters), tested, dimensions=tuple(dimensions))


def estimate(tally: Tally, metric: str, method: str = "jackknife", *, seed: int = 0) -> Estimate:
    """Return ``metric`` of ``tally``, or the difference of its two sides, with its interval by one of ``METHODS``.

    Values are means over seeds; ``seed`` is the bootstrap's.
    """
    if method not in METHODS:
        raise unknown("interval method", method, METHODS)
    of = tally.metric(metric)
    numbers, statistic = _summands(tally, of)
    distinct, times = np.unique(numbers, axis=0, return_counts=True)  # single utterances are of few kinds
    value = float(statistic(numbers.sum(0)))
    error = _jackknife_error(distinct, times, statistic)
    count, paired = len(tally.clusters), tally.other is not None
    low = high = math.nan
    if method == "bootstrap":
        if error > 0:
            draw, sizes = np.random.default_rng(seed), pieces(RESAMPLES, len(times))
            weights = (draw.multinomial(count, times / count, size).astype(float) for size in sizes)
            drawn = np.concatenate([statistic(part @ distinct) for part in weights])
            low, high = map(float, np.nanquantile(drawn, [(1 - LEVEL) / 2, (1 + LEVEL) / 2]))
        how = f"percentile bootstrap of {tally.kind}s, {RESAMPLES} draws"
    else:
        low, high = _student(value, error, tally.degrees, of, paired=paired)
        how = f"jackknife of {tally.kind}s, t({tally.degrees}){'' if paired else f' of {of.scale}'}"
    return Estimate(value, low, high, error, how)


def detectable(error: float, clusters: int) -> float:
    """Return the smallest true difference that a two-sided test at p ≤ ``ALPHA`` finds with ``POWER``.

    That is (t(1 - α/2) + t(power)) × standard error (Bloom 1995, Evaluation Review 19), t with clusters - 1 degrees of
    freedom. NaN where the error is unknown, and with so few clusters that no sign flip reaches α.
    """
    if not error > 0 or 2.0 ** (1 - clusters) > ALPHA:
        return math.nan
    return float(error * student.ppf([1 - ALPHA / 2, POWER], clusters - 1).sum())


def spread(rows: pd.DataFrame, classes: Sequence[str], metric: str, dimensions: Sequence[str] = ()) -> dict[str, float]:
    """Return seeds, seed_sd and fold_sd of one system's predictions.

    seeds: how many. seed_sd, fold_sd: sample standard deviations of the pooled value between seeds, and between folds
    of the mean over seeds; NaN for a single one.
    """
    counts = _counts(rows, pd.factorize(rows["fold"])[0], classes, dimensions)
    of = dimension_metrics.find(metric, dimensions).of
    by_seed = of(counts.sum(0), None)
    return {"seeds": len(by_seed), "seed_sd": _sd(by_seed), "fold_sd": _sd(mean(of(counts, None)))}


def centre(rows: pd.DataFrame, dimensions: Sequence[str]) -> Floats:
    """Return the mean target of each dimension, over utterances: the same for every system that is tested on them."""
    columns = [f"target_{one}" for one in dimensions]
    return rows.drop_duplicates("utterance").sort_values("utterance")[columns].to_numpy(float).mean(0)


def sides(rows: pd.DataFrame, dimensions: Sequence[str]) -> tuple[Floats, Floats]:
    """Return target and prediction, (rows, dimensions) each."""
    target, predicted = (
        rows[[f"{side}_{one}" for one in dimensions]].to_numpy(float) for side in ("target", "predicted")
    )
    return target, predicted


def pieces(draws: int, width: int) -> list[int]:
    """Return parts of ``draws`` such that arrays of ``width`` columns stay below ``CELLS``."""
    return [len(part) for part in np.array_split(np.arange(draws), math.ceil(draws * width / CELLS))]


def right_answers(tally: Tally) -> tuple[Floats, Floats]:
    """Return right answers, less those of the other system, and utterances, (clusters, seeds, classes) each.

    Where all seeds test the same utterances the right answers are their mean and there is one seed.
    """
    systems, total = [tally.counts] if tally.other is None else [tally.counts, tally.other], tally.counts.sum(-1)
    right = [np.diagonal(counts, axis1=-2, axis2=-1) for counts in systems]
    if tally.tested is not None:
        right, total = [each.mean(axis=1, keepdims=True) for each in right], total[:, :1]
    return right[0] if tally.other is None else right[0] - right[1], total


def _summands(tally: Tally, metric: Metric) -> tuple[Floats, Callable[[Floats], Floats]]:
    """Return each cluster's numbers, (clusters, numbers), and the function of sums of them, (…, numbers), to (…).

    For a linear metric the right answers are enough, where both sides have the same utterances.
    """
    linear = metric.linear and not tally.apart
    if linear:
        pairs = [right_answers(tally)]
    else:
        pairs = [(counts, counts.sum(-1)) for counts in (tally.counts, tally.other) if counts is not None]
    shapes = [array.shape[1:] for pair in pairs for array in pair]
    ends = np.cumsum([math.prod(shape) for shape in shapes])[:-1]

    def statistic(sums: Floats) -> Floats:
        arrays = [
            part.reshape(*part.shape[:-1], *shape)
            for part, shape in zip(np.split(sums, ends, axis=-1), shapes, strict=True)
        ]
        if linear:
            arrays[0] = arrays[0][..., None] * np.eye(shapes[0][-1])
        each = (metric.of(counts, total) for counts, total in zip(arrays[::2], arrays[1::2], strict=True))
        values = [seeds.mean(-1) if tally.dimensions else mean(seeds) for seeds in each]
        return values[0] if len(values) == 1 else values[0] - values[1]

    return np.concatenate([array.reshape(len(array), -1) for pair in pairs for array in pair], axis=1), statistic


def _sd(values: Floats) -> float:
    return float(values.std(ddof=1)) if len(values) > 1 else math.nan


def _counts(
    rows: pd.DataFrame, cluster: NDArray[np.int64], classes: Sequence[str], dimensions: Sequence[str]
) -> Floats:
    """Return counts of confusions, or sums of dimensions, as (clusters, seeds, …)."""
    seed, seeds = pd.factorize(rows["seed"], sort=True)
    if dimensions:
        each = dimension_metrics.sums(*sides(rows, dimensions), centre(rows, dimensions))
        added = np.zeros((int(cluster.max()) + 1, len(seeds), *each.shape[1:]))
        np.add.at(added, (cluster, seed), each)
        return added
    both = [pd.Index(classes).get_indexer(pd.Index(rows[column])) for column in ("label", "predicted")]
    for column, codes in zip(("label", "predicted"), both, strict=True):
        if (codes < 0).any():
            raise SerError(f"labels that are not classes: {offenders(sorted(set(rows[column]) - set(classes)))}.")
    shape = (int(cluster.max()) + 1, len(seeds), len(classes), len(classes))
    cells = np.ravel_multi_index((cluster, seed, *both), shape)
    return np.bincount(cells, minlength=math.prod(shape)).reshape(shape).astype(float)


def _jackknife_error(distinct: Floats, times: NDArray[np.int64], statistic: Callable[[Floats], Floats]) -> float:
    """Return the standard error from leaving out each cluster once; NaN for one cluster."""
    count = int(times.sum())
    if count < 2:
        return math.nan
    left = statistic(times @ distinct - distinct)
    squares = (left - np.average(left, weights=times)) ** 2
    error = math.sqrt((count - 1) / count * float(times @ squares))
    return error if error > 1e-12 else 0.0


def _student(value: float, error: float, degrees: int, of: Metric, *, paired: bool) -> tuple[float, float]:
    """Return value ± t × error, computed on the metric's scale, or as it is for a difference (paired)."""
    lowest, highest, scale, inverse, slope = SCALES[of.scale]
    if not error > 0 or degrees < 1 or not (paired or lowest < value < highest):
        return math.nan, math.nan
    reach = float(student.ppf((1 + LEVEL) / 2, degrees)) * error
    if paired:
        return max(-of.widest, value - reach), min(of.widest, value + reach)
    low, high = inverse(scale(value) + np.array([-1, 1]) * reach * slope(value))
    return float(low), float(high)
