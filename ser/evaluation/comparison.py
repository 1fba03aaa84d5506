"""Paired comparison of two systems that were tested on the same utterances.

The test swaps the two systems' answers for whole speakers: if neither is better, every speaker might as well have had
the answers the other way round. For WA and UA a swap turns the sign of the speaker's share in the difference, since
both systems are tested on the same utterances, so the test is a sign-flip permutation. It asks whether the difference
would hold for other speakers with the systems as they were trained; a difference that is small against the seeds' own
spread may still vanish with other seeds. The systems need not have equally many seeds: each one's value is the mean
over its own.

False alarms at p ≤ .05 without a difference in UA, simulated as in tests/evaluation/test_comparison.py (4000 pairs, so
± 0.7; 2000 with 91 speakers): 3.2 % with 6 speakers, 4.5 % with 10, 4.6 % with 24, 4.5 % with 91. With few sign
patterns p is coarse: below 6 clusters it cannot reach .05.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from statsmodels.stats.multitest import multipletests

from ser.errors import SerError, offenders
from ser.evaluation.intervals import Floats, Metric, Tally, detectable, estimate, pieces

EXACT = 30  # clusters of which all sign patterns are counted
DRAWS = (9_999, 99_999)  # Monte Carlo draws beyond it: at first, and where fewer than ENOUGH were as extreme
ENOUGH = 10


@dataclass(frozen=True)
class Comparison:
    """One system against another in one metric. difference (one - other), low, high, detectable: points, 0…100.

    p: two-sided, not corrected. detectable: the smallest difference that the test finds with 80 % power at p ≤ .05; NaN
    where it could find none.
    """

    metric: Metric
    difference: float
    low: float
    high: float
    p: float
    clusters: int
    detectable: float
    method: str


def compare(one: Tally, other: Tally, metric: Metric, method: str = "jackknife", *, seed: int = 0) -> Comparison:
    """Return ``one`` against ``other``; SerError unless both were tested on the same utterances.

    method: of the interval, one of ``intervals.METHODS``; seed: of whatever is drawn.
    """
    pair = difference(one, other)
    found = estimate(pair, metric, method, seed=seed)
    clusters = len(pair.clusters)
    p, how = sign_flip(shares(pair, metric), seed=seed)
    return Comparison(
        metric=metric,
        difference=100 * found.value,
        low=100 * found.low,
        high=100 * found.high,
        p=p,
        clusters=clusters,
        detectable=100 * detectable(found.error, clusters),
        method=f"{found.method}; {how}",
    )


def difference(one: Tally, other: Tally) -> Tally:
    """Return the counts of ``one`` less those of ``other``; SerError naming what was not tested alike."""
    if one.tested is None or other.tested is None:
        name = one.name if one.tested is None else other.name
        raise SerError(f"{name} cannot be compared: its seeds were tested on different utterances.")
    if not one.tested.equals(other.tested):
        odd = _differing(one.tested, other.tested)
        raise SerError(f"{one.name} and {other.name} were tested on different utterances: {odd}.")
    if one.clusters != other.clusters or not np.array_equal(one.total, other.total):
        raise SerError(f"{one.name} and {other.name} do not name the same speakers of the same utterances.")
    return replace(one, name=f"{one.name} - {other.name}", right=one.right - other.right, paired=True)


def shares(pair: Tally, metric: Metric) -> Floats:
    """Return what each cluster contributes to the difference, (clusters,): the difference is their sum."""
    right, total = pair.right[:, 0], pair.total[:, 0].sum(0)
    if metric == "WA":
        return np.asarray(right.sum(1) / total.sum())
    there = total > 0
    each: Floats = (right[:, there] / total[there]).mean(1)
    return each


def sign_flip(shares: Floats, *, seed: int = 0) -> tuple[float, str]:
    """Return the two-sided p value of the sum of ``shares`` under random signs, and how it was found.

    Exact with up to ``EXACT`` clusters. Else signs are drawn, and the observed ones count as one of the draws (p = (1 +
    as extreme) / (1 + draws)), which keeps the test valid; where hardly a draw is as extreme there are new and more of
    them, so that a correction over many pairs does not end at the coarseness of p.
    """
    count = len(shares)
    reached = abs(float(shares.sum())) - 1e-10 * float(np.abs(shares).sum())  # sums that differ by rounding are equal
    if count <= EXACT:
        return _exact(shares, reached), f"all 2^{count} swaps of {count} clusters"
    sizes, times = np.unique(np.abs(shares), return_counts=True)
    random = np.random.default_rng(seed)
    extreme = draws = 0
    for draws in DRAWS:
        turned = (random.binomial(times, 0.5, (size, len(times))) for size in pieces(draws, len(times)))
        extreme = sum(int(np.sum(np.abs((times - 2 * part) @ sizes) >= reached)) for part in turned)
        if extreme >= ENOUGH:
            break
    return (1 + extreme) / (1 + draws), f"{draws} random swaps of {count} clusters"


def _exact(shares: Floats, reached: float) -> float:
    """Return the share of all sign patterns whose sum is ``reached`` or more on either side.

    A sum is one of the first half of the clusters and one of the second, so that two lists of 2^(clusters / 2) do.
    """
    if reached <= 0:
        return 1.0
    first, second = (_sums(half) for half in np.array_split(shares, 2))
    above = len(second) - np.searchsorted(np.sort(second), reached - first)
    return float(2 * above.sum() / (len(first) * len(second)))


def _sums(shares: Floats) -> Floats:
    """Return the sum of ``shares`` under every pattern of signs, (2^clusters,)."""
    sums = np.zeros(1)
    for share in shares:
        sums = np.concatenate([sums - share, sums + share])
    return sums


def holm(p: Sequence[float]) -> NDArray[np.float64]:
    """Return Holm's (1979) adjusted p values of a family of tests, in the same order."""
    adjusted: NDArray[np.float64] = multipletests(p, method="holm")[1] if len(p) else np.empty(0)
    return adjusted


def _differing(one: pd.DataFrame, other: pd.DataFrame) -> str:
    """Return the utterances that stand in one table only, or with another label or in another fold."""
    both = pd.merge(one, other, how="outer", indicator="side")
    odd = both.loc[both["side"] != "both"].drop_duplicates("utterance")
    return offenders(f"{row.utterance} (fold {row.fold}, {row.label})" for row in odd.itertuples())
