"""What results of ours say to a claim of a paper: our number, the printed one, and what may be concluded.

``verdicts`` has the rules in words. Rates and their differences are in percent and points here.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from ser.evaluation.word_errors import TranscriptErrors
from ser.papers.claims import Claim, Side
from ser.papers.ours import Interval, OwnResult
from ser.papers.uncertainty import Uncertain, exact, printed_rate, sampled

Outcome = Literal["reproduced", "not reproduced", "within noise", "not comparable", "not run"]
MARGIN = 3.0  # points by which two rates may differ and still be the same for practical purposes
FACTOR = 1.25  # by which two ratios may differ
SIZE = 1.05  # by which two counts of parameters may differ
SELECTED = "best point of test curve"


@dataclass(frozen=True)
class Evidence:
    """What is known besides the results, and by how much rates may differ.

    intervals: of WA and UA in 0…1 by (corpus, protocol, system, metric). differences: paired, in points, by (corpus,
    protocol, system, other system, metric). transcripts: what recognisers made of the corpora. margin: points.
    """

    intervals: Mapping[tuple[str, str, str, str], Interval] = field(default_factory=dict)
    differences: Mapping[tuple[str, str, str, str, str], Interval] = field(default_factory=dict)
    transcripts: Sequence[TranscriptErrors] = ()
    margin: float = MARGIN


@dataclass(frozen=True)
class Judgement:
    """What results say to a claim; ours and printed: values, points, ratios or places on a curve, as the claim is."""

    outcome: Outcome
    reason: str
    ours: Uncertain | None = None
    printed: Uncertain | None = None


def equivalent(apart: Uncertain, margin: float, count: int = 1) -> Outcome:
    """Return whether a difference is nothing: it must lie within ``margin``; one beyond 0 and the margin is something.

    count: how many differences shall be nothing together.
    """
    if -margin <= apart.low and apart.high <= margin:
        return "reproduced"
    wide = apart.one_of(count)
    return "not reproduced" if abs(apart.value) > margin and (wide.low > 0 or wide.high < 0) else "within noise"


def ahead(lead: Uncertain, count: int = 1) -> Outcome:
    """Return whether a lead is above 0; count: how many leads shall be so together."""
    return "reproduced" if lead.low > 0 else "not reproduced" if lead.one_of(count).high < 0 else "within noise"


def no_higher(lead: Uncertain, margin: float, count: int = 1) -> Outcome:
    """Return whether a lead is at most ``margin``, or is one beyond doubt."""
    return "reproduced" if lead.high <= margin else "not reproduced" if lead.one_of(count).low > 0 else "within noise"


def together(outcomes: Sequence[Outcome]) -> Outcome:
    """Return the outcome of a claim with several parts: every part must hold, and one that does not refutes it."""
    for outcome in ("not reproduced", "within noise"):
        if outcome in outcomes:
            return outcome
    return "reproduced"


def number(claim: Claim, result: OwnResult, evidence: Evidence) -> Judgement:
    """Return what ``result`` says to a printed number."""
    side = claim.sides[0]
    ours, printed = measured(claim, side, result, evidence), of_paper(side, result)
    if ours is None:
        return _unmeasured(claim, result, printed)
    if claim.metric in ("parameters", "minutes"):
        close = 1 / SIZE <= ours.value / printed.value <= SIZE
        reason = f"{ours.value / printed.value:.2f} times the printed number; up to {SIZE:g} counts as the same"
        return Judgement("reproduced" if close else "not reproduced", reason, ours, printed)
    apart = ours - printed
    outcome = equivalent(apart, evidence.margin)
    said: Mapping[Outcome, str] = {
        "reproduced": f"within {evidence.margin:g} points",
        "not reproduced": f"more than sampling explains and than {evidence.margin:g} points",
        "within noise": f"neither shown to be within {evidence.margin:g} points nor to be different"
        if apart.low <= 0 <= apart.high
        else f"different, but not shown to be by more than {evidence.margin:g} points",
    }
    return Judgement(outcome, f"ours less the printed one {text(apart)}: {said[outcome]}", ours, printed)


def difference(claim: Claim, results: Sequence[OwnResult], evidence: Evidence) -> Judgement:
    """Return what two results say to a difference in points."""
    first, second = (of_paper(*pair) for pair in zip(claim.sides, results, strict=True))
    printed = (first - second).around(claim.printed if claim.printed is not None else math.nan)
    found = lead(claim, (0, 1), results, evidence)
    if found is None:
        return _unmeasured(claim, results[0], printed)
    ours, how = found
    if claim.kind == "no difference":
        return Judgement(equivalent(ours, evidence.margin), f"ours {text(ours)}, {how}", ours, printed)
    turned = math.copysign(1, printed.value)
    sign = ahead(ours if turned > 0 else exact(0) - ours)
    apart = ours - printed
    other_size = abs(apart.value) > evidence.margin and not apart.low <= 0 <= apart.high
    reason = f"ours {text(ours)}, {how}; less the printed one {text(apart)}"
    if sign == "not reproduced":
        return Judgement(sign, f"{reason}: the other way round", ours, printed)
    if other_size:
        remark = "the sign holds, the size does not" if sign == "reproduced" else "another size"
        return Judgement("not reproduced", f"{reason}: {remark}", ours, printed)
    return Judgement(sign, f"{reason}: {'beyond 0' if sign == 'reproduced' else 'not beyond 0'}", ours, printed)


def ordering(claim: Claim, results: Sequence[OwnResult], evidence: Evidence) -> Judgement:
    """Return what results say to the first system's being ahead of each of the others."""
    count = len(results) - 1
    found = [lead(claim, (0, place), results, evidence) for place in range(1, len(results))]
    leads = [one for one in found if one is not None]
    if len(leads) < count:
        return _unmeasured(claim, results[0], None)
    outcome = together([ahead(one, count) for one, _ in leads])
    place = min(range(count), key=lambda index: leads[index][0].value)
    (least, how), rival = leads[place], claim.sides[place + 1].name
    values = [side.number.percent for side in claim.sides]
    printed = None if any(map(math.isnan, values)) else exact(round(values[0] - max(values[1:]), 6))
    return Judgement(outcome, f"least ahead of {rival}: {text(least)}, {how}", least, printed)


def ratio(claim: Claim, results: Sequence[OwnResult], evidence: Evidence) -> Judgement:
    """Return what two results say to a ratio of sizes or times."""
    first, second = (measured(claim, *pair, evidence) for pair in zip(claim.sides, results, strict=True))
    printed = claim.printed
    if not first or not second or not second.value or printed is None:
        return Judgement("not run", "no times were taken")
    ours = first.value / second.value
    close, same = 1 / FACTOR <= ours / printed <= FACTOR, (ours > 1) == (printed > 1)
    timed = claim.metric == "minutes"
    outcome: Outcome = "reproduced" if close and same else "within noise" if close and timed else "not reproduced"
    side = "" if same else ", on the other side of 1"
    reason = f"{ours / printed:.2f} times the printed ratio{side}; a factor of {FACTOR:g} counts as the same"
    return Judgement(outcome, reason, exact(ours), exact(printed))


def lead(
    claim: Claim, places: tuple[int, int], results: Sequence[OwnResult], evidence: Evidence
) -> tuple[Uncertain, str] | None:
    """Return by how many points one result is ahead of another and how the interval was found; None: not measured."""
    (side, one), (rival, other) = ((claim.sides[place], results[place]) for place in places)
    first, second = measured(claim, side, one, evidence), measured(claim, rival, other, evidence)
    if first is None or second is None:
        return None
    value, paired = first.value - second.value, evidence.differences
    key = (one.corpus, one.protocol, one.system, other.system, claim.metric)
    turned = (*key[:2], other.system, one.system, claim.metric)
    limits = (math.nan, math.nan)
    if _point(claim, side, one) is None and key in paired:
        limits = (paired[key].low, paired[key].high)
    elif _point(claim, side, one) is None and turned in paired:
        limits = (-paired[turned].high, -paired[turned].low)
    if not any(map(math.isnan, limits)):
        return Uncertain(value, *limits), "paired"
    return first - second, "unpaired"


def measured(claim: Claim, side: Side, result: OwnResult, evidence: Evidence) -> Uncertain | None:
    """Return our number for what a claim measures, in percent, millions or minutes; None where there is none."""
    sizes, recalls = _sizes(result), result.recalls
    if claim.metric == "parameters":
        return exact(result.first.parameters / 1e6)
    if claim.metric == "minutes":
        return exact(result.seconds / 60 / len(result.records))
    if claim.metric == "recall":
        value = recalls.get(claim.label, math.nan)
        return None if math.isnan(value) else _percent(sampled([value], [sizes[claim.label]]), value)
    if claim.metric == "confusion":
        true, predicted = claim.label.split(" as ")
        if not sizes.get(true) or predicted not in result.confusion.columns:
            return None
        value = float(result.confusion.loc[true, predicted]) / float(result.confusion.loc[true].sum())  # type: ignore[arg-type]
        return _percent(sampled([value], [sizes[true]]), value)
    point = _point(claim, side, result)
    if point is not None:
        return _percent(sampled([point] * len(sizes), list(sizes.values())), point)
    spread = {"WA": result.wa, "UA": result.ua}.get(claim.metric)
    if spread is None:
        return None
    given = evidence.intervals.get((result.corpus, result.protocol, result.system, claim.metric))
    if given is not None and not math.isnan(given.low) and not math.isnan(given.high):
        return Uncertain(100 * spread.mean, 100 * given.low, 100 * given.high)
    rates, counts = ([spread.mean], [sum(sizes.values())])
    if claim.metric == "UA":
        rates, counts = [recalls[name] for name in sizes], list(sizes.values())
    return _percent(sampled(rates, counts), spread.mean).noisy(100 * (spread.sd or 0) / math.sqrt(len(result.seeds)))


def of_paper(side: Side, result: OwnResult) -> Uncertain:
    """Return the printed number of a side; where the size of its test part is not known it is taken to be ours.

    A printed WA or UA of one run also carries the noise between runs, as far as our seeds show it. A quoted number or
    one that is no rate has no interval.
    """
    number = side.number
    rate = None if side.quoted else printed_rate(side.system, number, _sizes(result))
    if rate is None:
        return exact(number.percent)
    spread = {"WA": result.wa, "UA": result.ua}.get(number.metric)
    runs = 3 if "3 runs averaged" in number.protocol else 1
    return rate if spread is None else rate.noisy(100 * (spread.sd or 0) / math.sqrt(runs))


def text(estimate: Uncertain) -> str:
    """Return ``+1.20 (−0.30 … +2.70)`` for a difference."""
    parts = (f"{value:+.2f}" for value in (estimate.value, estimate.low, estimate.high))
    return "{} ({} … {})".format(*parts).replace("-", "−")


def _point(claim: Claim, side: Side, result: OwnResult) -> float | None:
    """Return the UA at the point of the test curve that the paper prints; None where it prints none or we have none."""
    if claim.metric == "converged UA":
        return result.converged_ua
    return result.curve_ua if claim.metric == "UA" and SELECTED in side.number.protocol else None


def _sizes(result: OwnResult) -> dict[str, float]:
    """Return the test utterances of one seed by class, without classes that have none."""
    counts = result.confusion.sum(axis=1) / len(result.seeds)
    return {str(name): float(count) for name, count in counts.items() if count > 0}


def _percent(rate: Uncertain, value: float) -> Uncertain:
    return Uncertain(100 * rate.value, 100 * rate.low, 100 * rate.high).around(100 * value)


def _unmeasured(claim: Claim, result: OwnResult, printed: Uncertain | None) -> Judgement:
    what = "no test curve" if claim.metric == "converged UA" else f"no {claim.measure}"
    return Judgement("not run", f"{what} of {result.system} under {result.protocol}", None, printed)
