"""Paired comparison of two systems that were tested on the same utterances.

The test swaps the two systems' predictions for whole speakers: if neither is better, every speaker might as well have
had the predictions of the other. For WA and UA a swap turns the sign of the speaker's share in the difference, since
both systems are tested on the same utterances, so the test is a sign-flip permutation. For a metric that is not linear
in the counts, such as F1 or CCC, the metric is computed anew for each swap, from the counts averaged over seeds.

The test asks whether the difference would hold for other speakers with the systems as they were trained; a difference
that is small compared with the spread between seeds may still vanish with other seeds. The systems need not have
equally many seeds: each one's value is the mean over its own.

False alarms at p ≤ .05 without a difference in UA, simulated as in tests/evaluation/test_comparison.py (4000 pairs, so
± 0.7; 2000 with 91 speakers): 3.2 % with 6 speakers, 4.5 % with 10, 4.6 % with 24, 4.5 % with 91. With few sign
patterns p is coarse: below 6 clusters it cannot reach .05.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from statsmodels.stats.multitest import multipletests

from ser.errors import SerError, offenders
from ser.evaluation.intervals import ALPHA, Tally, detectable, estimate, pieces, right_answers
from ser.metrics import Floats, Metric

EXACT = 30  # clusters of which all sign patterns are counted
EXACT_SWAPS = 14  # the same for a metric that is computed anew for each pattern
DRAWS = (9_999, 99_999)  # Monte Carlo draws beyond it: at first, and where fewer than ENOUGH were as extreme
ENOUGH = 10
ContrastVerdict = Literal["upheld", "refuted", "undecided"]
VERDICTS = get_args(ContrastVerdict)


@dataclass(frozen=True)
class Comparison:
    """One system against another in one metric.

    difference (one - other), low, high, detectable: in the metric's unit, which is percentage points for classes.
    p: two-sided, not corrected. detectable: the smallest difference that the test finds with 80 % power at p ≤ .05; NaN
    where it could find none.
    """

    metric: str
    difference: float
    low: float
    high: float
    p: float
    clusters: int
    detectable: float
    method: str


def compare(one: Tally, other: Tally, metric: str, method: str = "jackknife", *, seed: int = 0) -> Comparison:
    """Return ``one`` against ``other``; SerError unless both were tested on the same utterances.

    method: of the interval, one of ``intervals.METHODS``; seed: of whatever is drawn.
    """
    pair = difference(one, other)
    found = estimate(pair, metric, method, seed=seed)
    clusters, of = len(pair.clusters), pair.metric(metric)
    p, how = sign_flip(shares(pair, of), seed=seed) if of.linear else swaps(pair, of, seed=seed)
    return Comparison(
        metric=metric,
        difference=of.unit * found.value,
        low=of.unit * found.low,
        high=of.unit * found.high,
        p=p,
        clusters=clusters,
        detectable=of.unit * detectable(found.error, clusters),
        method=f"{found.method}; {how}",
    )


def difference(one: Tally, other: Tally) -> Tally:
    """Return the two systems as one tally; SerError naming what was not tested alike."""
    if one.tested is None or other.tested is None:
        name = one.name if one.tested is None else other.name
        raise SerError(f"{name} cannot be compared: its seeds were tested on different utterances.")
    if not one.tested.equals(other.tested):
        both = pd.merge(one.tested, other.tested, how="outer", indicator="side")
        odd = both.loc[both["side"] != "both"].drop_duplicates("utterance").itertuples(name=None)
        named = offenders(f"{row[2]} (fold {row[1]}, {_target(row[3:-1])})" for row in odd)
        raise SerError(f"{one.name} and {other.name} were tested on different utterances: {named}.")
    first, second = (
        tally.counts[:, 0, :, :2] if tally.dimensions else tally.counts[:, 0].sum(-1) for tally in (one, other)
    )
    if one.clusters != other.clusters or first.shape != second.shape or not np.allclose(first, second):
        raise SerError(f"{one.name} and {other.name} do not name the same speakers of the same utterances.")
    return replace(one, name=f"{one.name} - {other.name}", other=other.counts)


def _target(values: Sequence[object]) -> str:
    """Return a label, or the values of dimensions with a slash between."""
    return "/".join(f"{one:.4g}" if isinstance(one, float) else str(one) for one in values)


def shares(pair: Tally, metric: Metric) -> Floats:
    """Return what each cluster contributes to the difference in a linear metric, (clusters,), which is their sum."""
    right, total = right_answers(pair)
    return metric.of(right[:, 0, :, None] * np.eye(right.shape[-1]), total[:, 0].sum(0))


def sign_flip(shares: Floats, *, seed: int = 0) -> tuple[float, str]:
    """Return the two-sided p value of the sum of ``shares`` under random signs, and how it was found.

    Exact with up to ``EXACT`` clusters, otherwise drawn.
    """
    count = len(shares)
    reached = abs(float(shares.sum())) - 1e-10 * float(np.abs(shares).sum())  # sums that differ by rounding are equal
    if count > EXACT:
        sizes, times = np.unique(np.abs(shares), return_counts=True)
        return _drawn(times, lambda signs: signs @ sizes, reached, seed)
    # a sum over all clusters is one over the first half plus one over the second: 2^(count / 2) sums of each suffice
    first, second = (_sums(half) for half in np.array_split(shares, 2))
    above = len(second) - np.searchsorted(np.sort(second), reached - first)
    p = float(2 * above.sum() / (len(first) * len(second))) if reached > 0 else 1.0
    return p, f"all 2^{count} swaps of {count} clusters"


def swaps(pair: Tally, metric: Metric, *, seed: int = 0) -> tuple[float, str]:
    """Return the two-sided p value of the difference in any metric, computed for each swap, and how it was found.

    Exact with up to ``EXACT_SWAPS`` clusters, otherwise drawn. NaN where the difference is not defined.
    """
    assert pair.other is not None
    one, other = pair.counts.mean(axis=1), pair.other.mean(axis=1)
    half, turned = (one + other).sum(0) / 2, (one - other) / 2

    def difference(signs: NDArray[np.floating]) -> Floats:
        moved = np.tensordot(signs, kinds, 1)
        return metric.of(half + moved, None) - metric.of(half - moved, None)

    kinds, times = np.unique(turned, axis=0, return_counts=True)
    reached = abs(float(difference(times.astype(np.float64)))) - 1e-10
    count = len(turned)
    if math.isnan(reached):
        return math.nan, "no test: the metric is not defined"
    if count > EXACT_SWAPS:
        return _drawn(times, difference, reached, seed)
    kinds = turned
    signs = 1.0 - 2 * (np.arange(2**count)[:, None] >> np.arange(count) & 1)
    return float(np.mean(np.abs(difference(signs)) >= reached)), f"all 2^{count} swaps of {count} clusters"


def _drawn(
    times: NDArray[np.int64], difference: Callable[[Floats], Floats], reached: float, seed: int
) -> tuple[float, str]:
    """Return p from random signs, and how many were drawn; times: clusters that are alike.

    The observed signs count as one of the draws (p = (1 + as extreme) / (1 + draws)), which keeps the test valid. Where
    fewer than ``ENOUGH`` draws are as extreme there are new and more of them, so that a correction over many pairs does
    not end at the coarseness of p.
    """
    random = np.random.default_rng(seed)
    extreme = draws = 0
    for draws in DRAWS:
        turned = (random.binomial(times, 0.5, (size, len(times))) for size in pieces(draws, len(times)))
        extreme = sum(int(np.sum(np.abs(difference(times - 2.0 * part)) >= reached)) for part in turned)
        if extreme >= ENOUGH:
            break
    return (1 + extreme) / (1 + draws), f"{draws} random swaps of {times.sum()} clusters"


def _sums(shares: Floats) -> Floats:
    """Return the sum of ``shares`` under every pattern of signs, (2^clusters,)."""
    sums = np.zeros(1)
    for share in shares:
        sums = np.concatenate([sums - share, sums + share])
    return sums


def verdict(difference: float, p_holm: float, *, lower: bool = False) -> ContrastVerdict:
    """Return whether a system that is expected to be better is: by the sign of ``difference`` if p ≤ ``ALPHA``.

    lower: whether a lower value is better.
    """
    if not p_holm <= ALPHA:
        return "undecided"
    return "upheld" if (difference < 0 if lower else difference > 0) else "refuted"


def holm(p: Sequence[float]) -> NDArray[np.float64]:
    """Return Holm's (1979) adjusted p values of a family of tests, in the same order.

    A test that is not defined (NaN) stays so, and counts in its family with p = 1.
    """
    if not len(p):
        return np.empty(0)
    known = ~np.isnan(p)
    return np.where(known, multipletests(np.where(known, p, 1.0), method="holm")[1], math.nan)
