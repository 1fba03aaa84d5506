"""Intervals of WA, UA and of their differences that treat a speaker, not an utterance, as the unit that was sampled.

Utterances of one speaker are alike, so the corpus knows less than its number of utterances says. A cluster is
therefore all utterances of a speaker over all folds, and only clusters are resampled or left out, the same ones for
every seed; the value is the mean over seeds. What is covered is the choice of speakers for the systems as they were
trained: neither other seeds nor other training speakers. The seeds' own spread stands apart (``spread``).

Two methods: ``bootstrap``, the percentile interval over 2000 draws of speakers with replacement, and ``jackknife``, the
default: the standard error of leaving out one speaker at a time with Student's t of clusters - 1 degrees of freedom
(MacKinnon, Nielsen and Webb 2023, Journal of Applied Econometrics 38), on the logit scale for WA and UA, plain for a
difference. With few speakers the bootstrap is too narrow. Coverage of nominal 95 % intervals of UA, simulated as in
tests/evaluation/test_intervals.py (intraclass correlation 0.05, 2000 to 4000 corpora, so ± 0.8 at most):

    speakers × utterances    6 × 300   10 × 300   24 × 60   91 × 30
    jackknife                 94.8       94.5      94.8      95.3
    bootstrap                 86.7       89.9      93.3      94.4

Of the alternatives (1500 corpora each) BCa covers no better than the percentiles (87.9 with 6 speakers, 88.1 with 10);
bootstrap-t covers as well as the jackknife, but is a quarter wider with 6 speakers and five times wider with 4. Where
speakers have very different numbers of utterances (coefficient of variation 0.9, 10 speakers) the jackknife too is
short: 91.9, against 86.9 of the percentiles.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit, logit
from scipy.stats import t as student

from ser.errors import SerError, offenders, unknown

Floats = NDArray[np.float64]
Metric = Literal["WA", "UA"]
METRICS: tuple[Metric, ...] = ("WA", "UA")
METHODS = ("jackknife", "bootstrap")
RESAMPLES = 2000
CELLS = 10_000_000  # of the largest array of random weights or signs


@dataclass(frozen=True, eq=False)
class Tally:
    """Right answers and utterances per cluster: diagonal and row sums of the clusters' confusion matrices.

    right, total: (clusters, seeds, classes). Where all seeds test the same utterances, right is their mean and there is
    one seed. kind: speaker or utterance; clusters: their names. tested: the utterances, sorted; None where the seeds
    test different ones. paired: right is a difference of two systems.
    """

    name: str
    right: Floats
    total: Floats
    kind: str
    clusters: tuple[str, ...]
    tested: pd.DataFrame | None
    paired: bool = False


@dataclass(frozen=True)
class Estimate:
    """A value with its 95 % interval and clustered standard error, in 0…1, or −1…1 for a difference.

    low, high and error are NaN where the clusters do not differ at all or there is only one: nothing can be said.
    """

    value: float
    low: float
    high: float
    error: float
    method: str


@dataclass(frozen=True)
class Spread:
    """Sample standard deviation of the pooled value between seeds, and between folds of the mean over seeds.

    NaN for a single one.
    """

    seeds: int
    seed_sd: float
    fold_sd: float


def tally(rows: pd.DataFrame, classes: Sequence[str], name: str = "") -> Tally:
    """Return the counts of one system's predictions (seed, fold, utterance, speaker, label, predicted).

    Clusters are the speakers, or the utterances where a speaker is unknown or there are fewer than two.
    """
    known = rows["speaker"].notna().all() and rows["speaker"].nunique() > 1
    kind = "speaker" if known else "utterance"
    cluster, clusters = pd.factorize(rows[kind], sort=True)
    right, total = _counts(rows, cluster, classes)
    tested = _tested(rows)
    if tested is not None:
        right, total = right.mean(axis=1, keepdims=True), total[:, :1]
    return Tally(name, right, total, kind, tuple(clusters), tested)


def values(right: Floats, total: Floats, metric: Metric) -> Floats:
    """Return WA or UA of counts (…, classes) as (…): classes without utterances are left out; NaN without any."""
    right, total = (right.sum(-1, keepdims=True), total.sum(-1, keepdims=True)) if metric == "WA" else (right, total)
    return _mean(np.divide(right, total, out=np.zeros_like(right), where=total > 0), total > 0)


def score(right: Floats, total: Floats, metric: Metric) -> Floats:
    """Return WA or UA of counts (…, seeds, classes), averaged over the seeds that have utterances, as (…)."""
    each = values(right, total, metric)
    return _mean(np.nan_to_num(each), ~np.isnan(each))


def estimate(
    tally: Tally, metric: Metric, method: str = "jackknife", *, level: float = 0.95, seed: int = 0
) -> Estimate:
    """Return ``metric`` of ``tally`` with its interval by one of ``METHODS``; ``seed`` is the bootstrap's."""
    if method not in METHODS:
        raise unknown("interval method", method, METHODS)
    right, total, times = _distinct(tally)
    value = float(score(tally.right.sum(0), tally.total.sum(0), metric))
    error = _jackknife_error(right, total, times, metric)
    count = len(tally.clusters)
    if method == "bootstrap":
        drawn = _bootstrap(right, total, times, metric, seed)
        low, high = np.nanquantile(drawn, [(1 - level) / 2, (1 + level) / 2])
        how = f"percentile bootstrap of {tally.kind}s, {RESAMPLES} draws"
    else:
        low, high = _student(value, error, count, level, logistic=not tally.paired)
        how = f"jackknife of {tally.kind}s, t({count - 1}){'' if tally.paired else ' of the logit'}"
    low, high = (float(low), float(high)) if error > 0 else (math.nan, math.nan)
    return Estimate(value, low, high, error, how)


def detectable(error: float, clusters: int, *, alpha: float = 0.05, power: float = 0.8) -> float:
    """Return the smallest true difference that a two-sided test at ``alpha`` finds with ``power``.

    That is (t(1 - alpha/2) + t(power)) × standard error (Bloom 1995, Evaluation Review 19), t with clusters - 1 degrees
    of freedom. NaN where the error is unknown, and with so few clusters that no sign flip reaches ``alpha``.
    """
    if not error > 0 or 2.0 ** (1 - clusters) > alpha:
        return math.nan
    return float(error * student.ppf([1 - alpha / 2, power], clusters - 1).sum())


def spread(rows: pd.DataFrame, classes: Sequence[str], metric: Metric) -> Spread:
    """Return how far seeds, and folds, of one system's predictions are apart."""
    right, total = _counts(rows, pd.factorize(rows["fold"])[0], classes)
    by_seed = values(right.sum(0), total.sum(0), metric)
    return Spread(len(by_seed), _sd(by_seed), _sd(score(right, total, metric)))


def pieces(draws: int, width: int) -> list[int]:
    """Return how to part ``draws`` so that arrays of ``width`` columns stay below ``CELLS``."""
    return [len(part) for part in np.array_split(np.arange(draws), math.ceil(draws * width / CELLS))]


def _sd(values: Floats) -> float:
    return float(values.std(ddof=1)) if len(values) > 1 else math.nan


def _mean(numbers: Floats, there: NDArray[np.bool_]) -> Floats:
    """Return the mean over the last axis of what is ``there``; NaN where nothing is."""
    count = there.sum(-1)
    with np.errstate(invalid="ignore"):
        mean: Floats = np.where(count > 0, (numbers * there).sum(-1) / np.maximum(count, 1), math.nan)
    return mean


def _counts(rows: pd.DataFrame, cluster: NDArray[np.int64], classes: Sequence[str]) -> tuple[Floats, Floats]:
    """Return right answers and utterances as (clusters, seeds, classes)."""
    seed, seeds = pd.factorize(rows["seed"], sort=True)
    label = pd.Index(classes).get_indexer(pd.Index(rows["label"]))
    if (label < 0).any():
        raise SerError(f"labels that are not classes: {offenders(sorted(set(rows['label']) - set(classes)))}.")
    shape = (int(cluster.max()) + 1, len(seeds), len(classes))
    place = np.ravel_multi_index((cluster, seed, label), shape)
    hit = rows["label"].to_numpy() == rows["predicted"].to_numpy()
    right, total = (np.bincount(where, minlength=math.prod(shape)) for where in (place[hit], place))
    return right.reshape(shape).astype(float), total.reshape(shape).astype(float)


def _tested(rows: pd.DataFrame) -> pd.DataFrame | None:
    """Return fold, utterance and label of one seed, sorted; None where the seeds differ."""
    columns = ["fold", "utterance", "label"]
    ordered = [seed.sort_values(columns, ignore_index=True) for _, seed in rows.groupby("seed")[columns]]
    return ordered[0] if all(ordered[0].equals(other) for other in ordered[1:]) else None


def _distinct(tally: Tally) -> tuple[Floats, Floats, NDArray[np.int64]]:
    """Return right and total of clusters that differ, and how many clusters are like each: utterances are few kinds."""
    flat = np.concatenate([tally.right, tally.total], axis=1).reshape(len(tally.clusters), -1)
    kinds, times = np.unique(flat, axis=0, return_counts=True)
    right, total = np.split(kinds.reshape(len(kinds), -1, tally.right.shape[-1]), 2, axis=1)
    return right, total, times


def _jackknife_error(right: Floats, total: Floats, times: NDArray[np.int64], metric: Metric) -> float:
    """Return the standard error from leaving out each cluster once; NaN for one cluster."""
    count = int(times.sum())
    if count < 2:
        return math.nan
    left = score(np.tensordot(times, right, 1) - right, np.tensordot(times, total, 1) - total, metric)
    squares = (left - np.average(left, weights=times)) ** 2
    error = math.sqrt((count - 1) / count * float(times @ squares))
    return error if error > 1e-12 else 0.0


def _bootstrap(right: Floats, total: Floats, times: NDArray[np.int64], metric: Metric, seed: int) -> Floats:
    """Return the metric of ``RESAMPLES`` draws of as many clusters with replacement."""
    draw, count = np.random.default_rng(seed), int(times.sum())
    drawn = []
    for size in pieces(RESAMPLES, len(times)):
        weights = draw.multinomial(count, times / count, size).astype(float)
        drawn.append(score(np.tensordot(weights, right, 1), np.tensordot(weights, total, 1), metric))
    return np.concatenate(drawn)


def _student(value: float, error: float, count: int, level: float, *, logistic: bool) -> tuple[float, float]:
    """Return value ± t × error, computed on the logit scale, on which WA and UA cannot leave 0…1, or as it is."""
    if not error > 0 or (logistic and not 0 < value < 1):
        return math.nan, math.nan
    reach = float(student.ppf((1 + level) / 2, count - 1)) * error
    if not logistic:
        return max(-1.0, value - reach), min(1.0, value + reach)
    low, high = expit(logit(value) + np.array([-1, 1]) * reach / (value * (1 - value)))
    return float(low), float(high)
