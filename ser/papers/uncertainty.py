"""Numbers with a 95 % interval, printed ones among them, and differences between them.

A rate on n test utterances has Wilson's interval. A mean of rates on different utterances, such as UA, and a difference
of two numbers have intervals that follow from those of their parts and need not be symmetric (MOVER: Zou and Donner,
"Construction of confidence limits about effect measures", Statistics in Medicine 27, 2008). Utterances count as
independent, which makes an interval too narrow for few speakers. So do the two sides of a difference, which makes its
interval too wide if both were tested on the same utterances. With predictions, ``ser.evaluation.intervals`` and
``comparison`` are better. A printed number has no predictions.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Final

import numpy as np
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from ser.papers.published import Published, printed_rows

LEVEL = 0.95
Z = NormalDist().inv_cdf((1 + LEVEL) / 2)


# Test utterances per class, all folds together: Cao's table 1; Peng's section 4.1; improvised speech of IEMOCAP without
# excited, which Li's text implies; 260 clips of six classes that Xie's section 3.1 prints, here in equal shares.
TESTED: Final[Mapping[tuple[str, str], Mapping[str, float]]] = {
    ("cao2019", "IEMOCAP"): {"angry": 104, "happy": 160, "neutral": 176, "sad": 90},
    ("peng2021", "IEMOCAP"): {"angry": 1103, "happy": 1636, "neutral": 1708, "sad": 1084},
    ("li2018", "IEMOCAP"): {"angry": 289, "happy": 284, "neutral": 1099, "sad": 608},
    ("xie2019", "eNTERFACE"): dict.fromkeys(("angry", "disgusted", "fearful", "happy", "sad", "surprised"), 260 / 6),
}


@dataclass(frozen=True)
class Uncertain:
    """A number with its 95 % interval; ``low`` and ``high`` are the value itself where nothing was sampled."""

    value: float
    low: float
    high: float

    @property
    def limits(self) -> tuple[float, float] | None:
        """Of the interval; None where nothing was sampled."""
        return (self.low, self.high) if self.low < self.high else None

    def __sub__(self, other: "Uncertain") -> "Uncertain":
        """Return the difference of two independent estimates."""
        below = math.hypot(self.value - self.low, other.high - other.value)
        above = math.hypot(self.high - self.value, other.value - other.low)
        return _around(self.value - other.value, below, above)

    def around(self, value: float) -> "Uncertain":
        """Return ``value`` with an interval as wide as this one."""
        return _around(value, self.value - self.low, self.high - self.value)

    def noisy(self, deviation: float) -> "Uncertain":
        """Return the estimate with one more independent source of error, of this standard deviation."""
        below, above = (math.hypot(side, Z * deviation) for side in (self.value - self.low, self.high - self.value))
        return _around(self.value, below, above)

    def one_of(self, count: int) -> "Uncertain":
        """Return the estimate with the wider interval of one of ``count`` that shall hold together (Bonferroni)."""
        wider = NormalDist().inv_cdf(1 - (1 - LEVEL) / 2 / count) / Z
        return _around(self.value, wider * (self.value - self.low), wider * (self.high - self.value))


def exact(value: float) -> Uncertain:
    """Return a number that carries no sampling error, such as a count of parameters."""
    return Uncertain(value, value, value)


def sampled(percent: float, rates: Sequence[float], sizes: Sequence[float]) -> Uncertain:
    """Return ``percent`` with the interval of the mean of ``rates``, 0…1: one for WA, the recalls of a row for UA.

    sizes: utterances of each rate.
    """
    limits = [proportion_confint(rate * size, size, method="wilson") for rate, size in zip(rates, sizes, strict=True)]
    below = math.hypot(*(rate - low for rate, (low, _) in zip(rates, limits, strict=True)))
    above = math.hypot(*(high - rate for rate, (_, high) in zip(rates, limits, strict=True)))
    mean = sum(rates) / len(rates)
    low, high = mean - below / len(rates), mean + above / len(rates)
    return _around(percent, 100 * mean - 100 * low, 100 * high - 100 * mean)


def paired(differences: Sequence[float]) -> Uncertain:
    """Return the mean of differences between paired runs with Student's interval, infinite for a single pair."""
    mean = float(np.mean(differences))
    if len(differences) < 2:
        return Uncertain(mean, -math.inf, math.inf)
    error = float(np.std(differences, ddof=1)) / math.sqrt(len(differences))
    half = float(stats.t.ppf((1 + LEVEL) / 2, len(differences) - 1)) * error
    return _around(mean, half, half)


def printed_rate(number: Published, sizes: Mapping[str, float] | None = None) -> Uncertain | None:
    """Return a printed rate in percent with the sampling error of its test utterances; None: not known.

    sizes: test utterances per class, for a paper that does not give them. UA takes the recalls of its row where they
    are printed, otherwise the same recall for all classes. None where the number is no rate.
    """
    tested = TESTED.get((number.paper, number.corpus), sizes)
    if not tested or math.isnan(number.percent):
        return None
    rates, tests = [number.percent], [sum(tested.values())]
    if number.metric in ("recall", "confusion") and (true := number.label.split()[0]) in tested:
        tests = [tested[true]]
    elif number.metric in ("UA", "converged UA"):
        row = printed_rows(number.paper).get((number.table, number.system, number.protocol), {})
        recalls = row if row.keys() - {"WA", "UA"} == tested.keys() else dict.fromkeys(tested, number.percent)
        rates, tests = [recalls[name] for name in tested], list(tested.values())
    elif number.metric != "WA":
        return None
    return sampled(number.percent, [rate / 100 for rate in rates], tests)


def _around(value: float, below: float, above: float) -> Uncertain:
    return Uncertain(value, value - below, value + above)
