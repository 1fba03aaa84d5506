"""Our number for what a claim measures and the printed one, both with their uncertainty; rates in percent."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ser.evaluation.word_errors import TranscriptErrors
from ser.papers.claims import Claim
from ser.papers.matching import SELECTED
from ser.papers.published import Published
from ser.papers.results import OwnResult
from ser.papers.uncertainty import Uncertain, exact, printed_rate, sampled

MARGIN = 3.0  # points by which two rates may differ and still be the same for practical purposes
Limits = tuple[float, float]  # of a 95 % interval; NaN where there is none


@dataclass(frozen=True)
class Evidence:
    """What is known besides the results, and by how much rates may differ.

    intervals: of WA and UA in 0…1 by (corpus, protocol, system, metric), clustered by speaker. differences: paired, in
    points, by (corpus, protocol, system, other system, metric), the first less the second. transcripts: errors of the
    recognised transcripts. margin: points.
    """

    intervals: Mapping[tuple[str, str, str, str], Limits] = field(default_factory=dict)
    differences: Mapping[tuple[str, str, str, str, str], Limits] = field(default_factory=dict)
    transcripts: Sequence[TranscriptErrors] = ()
    margin: float = MARGIN


def measured(claim: Claim, side: Published, result: OwnResult, evidence: Evidence) -> Uncertain | None:
    """Return our number for what a claim measures, in percent, millions or minutes; None where there is none."""
    sizes = result.sizes
    if claim.metric in ("parameters", "minutes"):
        return exact(result.parameters / 1e6 if claim.metric == "parameters" else result.minutes)
    if claim.metric == "recall":
        value = result.recalls.get(claim.label, math.nan)
        return None if math.isnan(value) else _sampled(value, [value], [sizes[claim.label]])
    if claim.metric == "confusion":
        true, predicted = claim.label.split(" as ")
        if not sizes.get(true) or predicted not in result.confusion.columns:
            return None
        counts = dict(result.confusion.loc[true])
        value = counts[predicted] / sum(counts.values())
        return _sampled(value, [value], [sizes[true]])
    point = _curve_point(claim, side, result)
    if point is not None:
        return _sampled(point, [point] * len(sizes), list(sizes.values()))
    if claim.metric not in result.rates:
        return None
    value = result.rates[claim.metric]
    low, high = evidence.intervals.get((*result.setting, result.system, claim.metric), (math.nan, math.nan))
    if not math.isnan(low) and not math.isnan(high):
        return Uncertain(100 * value, 100 * low, 100 * high)
    if claim.metric == "UA":
        binomial = _sampled(value, [result.recalls[name] for name in sizes], list(sizes.values()))
    else:
        binomial = _sampled(value, [value], [sum(sizes.values())])
    return binomial.noisy(100 * result.seed_sd[claim.metric] / math.sqrt(result.seeds))


def printed(side: Published, result: OwnResult) -> Uncertain:
    """Return the printed number of a side; a test part of unknown size is taken to be as large as ours.

    A printed WA or UA of one run also has the noise between runs, estimated from our seeds. A quoted number or one that
    is no rate has no interval.
    """
    rate = None if side.quoted else printed_rate(side, result.sizes)
    if rate is None:
        return exact(side.percent)
    runs = 3 if "3 runs averaged" in side.protocol else 1
    return rate.noisy(100 * result.seed_sd.get(side.metric, 0.0) / math.sqrt(runs))


def lead(claim: Claim, other: int, results: Sequence[OwnResult], evidence: Evidence) -> tuple[Uncertain, str] | None:
    """Return the points by which the first result of a claim is ahead of another, and "paired" or "unpaired".

    None where one of them is not measured.
    """
    one, rival = results[0], results[other]
    first = measured(claim, claim.sides[0], one, evidence)
    second = measured(claim, claim.sides[other], rival, evidence)
    if first is None or second is None:
        return None
    if _curve_point(claim, claim.sides[0], one) is None:
        for sign, names in ((1, (one.system, rival.system)), (-1, (rival.system, one.system))):
            limits = evidence.differences.get((*one.setting, *names, claim.metric), (math.nan, math.nan))
            if not any(map(math.isnan, limits)):
                low, high = sorted(sign * limit for limit in limits)
                return Uncertain(first.value - second.value, low, high), "paired"
    return first - second, "unpaired"


def _curve_point(claim: Claim, side: Published, result: OwnResult) -> float | None:
    """Return the UA at the point of the test curve that the paper prints; None where it prints none or we have none."""
    if claim.metric == "converged UA":
        return result.converged_ua
    return result.curve_ua if claim.metric == "UA" and SELECTED in side.protocol else None


def _sampled(value: float, rates: Sequence[float], sizes: Sequence[float]) -> Uncertain:
    """Return ``value`` (0…1) in percent with the interval of the mean of ``rates``."""
    return (sampled(rates, sizes) * 100).around(100 * value)
