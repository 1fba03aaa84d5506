"""When a claim is reproduced: rules on differences with 95 % intervals, and the verdicts on claims about numbers.

A verdict is one of five:

- *not run*: the systems of the claim have no results under one protocol, or the results lack what is asked for.
- *not comparable*: there is a number of ours, but the corpus, the protocol, the kind of number or the recipe is another
  one (``matching.obstacles``). A changed recipe is never judged; its changes are listed. Numbers that a paper quotes
  come from protocols of their own: a difference to one is not comparable, while an ordering, which is about systems and
  not numbers, is judged on ours alone.
- *reproduced*, *not reproduced*, *within noise*: the claim was tested, and it holds, does not, or is undecided.

A value (WA, UA, recall, a converged level) is reproduced if the 95 % interval of ours less the printed one lies within
the margin: the absence of a significant difference is no evidence of agreement, since two small tests rarely differ
significantly. It is not reproduced if that interval excludes 0 and the difference is above the margin. A difference in
points is reproduced if ours is beyond 0 on the printed side and not of another size, which means beyond the margin and
the noise apart from the printed one; it is not reproduced if it is beyond 0 on the other side or of another size. An
ordering, or a claim about a curve, is one about several differences: it is reproduced if all are beyond 0, each by its
own 95 % interval (an intersection-union test needs no correction), and not reproduced if one is beyond 0 the other way
round by an interval that is corrected for their number. Sizes may differ by 5 %, ratios by a factor of 1.25.

Ours has the interval of the compare stage, clustered by speaker, otherwise the binomial one of its test utterances and
the noise between seeds. The printed number has the binomial one of its test utterances, as many as ours where the paper
does not give them, and the noise between runs, estimated from ours. Without a paired interval both sides of a
difference count as independent, which is conservative on the same utterances. Nothing is corrected for the number of
claims: of a hundred true ones a few will not be reproduced.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from ser.evaluation.word_errors import WordErrors
from ser.papers.claims import Claim
from ser.papers.matching import SELECTED, OwnResult, Setting
from ser.papers.published import Published
from ser.papers.uncertainty import Uncertain, exact, printed_rate, sampled

Outcome = Literal["reproduced", "not reproduced", "within noise", "not comparable", "not run"]
MARGIN = 3.0  # points by which two rates may differ and still be the same for practical purposes
RATIO = 1.25  # factor by which two ratios may differ
SIZE = 1.05  # factor by which two counts of parameters may differ
UNITS = {"parameters": "M", "minutes": "min", "height": "bins", "width": "frames"}
NO_LIMITS = (math.nan, math.nan)
Limits = tuple[float, float]  # of a 95 % interval; NaN where there is none


@dataclass(frozen=True)
class Evidence:
    """What is known besides the results.

    intervals: of WA and UA in 0…1 by (corpus, protocol, system, metric), clustered by speaker. differences: paired, in
    points, by (corpus, protocol, system, other system, metric), the first less the second. transcripts: by (corpus,
    transcript), of those that were recognised.
    """

    intervals: Mapping[tuple[str, str, str, str], Limits] = field(default_factory=dict)
    differences: Mapping[tuple[str, str, str, str, str], Limits] = field(default_factory=dict)
    transcripts: Mapping[tuple[str, str], WordErrors] = field(default_factory=dict)


@dataclass(frozen=True)
class Verdict:
    """A verdict on a claim; ``ours`` and ``printed`` are in ``unit``; results: those that it is based on."""

    claim: Claim
    verdict: Outcome
    reason: str
    ours: Uncertain | None = None
    printed: Uncertain | None = None
    results: Setting = ()

    @property
    def unit(self) -> str:
        """Of both numbers: %, points, steps, bins, …; "" for a ratio."""
        units = {"ratio": "", "faster convergence": "steps"}
        units |= dict.fromkeys(("value", "convergence level"), UNITS.get(self.claim.metric, "%"))
        units |= dict.fromkeys(("rise to a level", "peak"), UNITS.get(self.claim.axis, ""))
        return units.get(self.claim.kind, "points")

    @property
    def where(self) -> tuple[str, str]:
        """Corpus and protocol of ours; "–" where there is none."""
        return self.results[0].setting if self.results else ("–", "–")

    @property
    def systems(self) -> tuple[str, ...]:
        """Our systems, in the order of the claim's."""
        return tuple(result.system for result in self.results)


def measured(claim: Claim, side: Published, result: OwnResult, evidence: Evidence) -> Uncertain | None:
    """Return our number for what a claim measures, in percent, millions or minutes; None where there is none."""
    if claim.metric in ("parameters", "minutes"):
        return exact(result.parameters / 1e6 if claim.metric == "parameters" else result.minutes)
    sizes = result.sizes
    if claim.metric in ("recall", "confusion"):
        true, _, predicted = claim.label.partition(" as ")
        if true not in sizes or predicted not in ("", *result.confusion.columns):
            return None
        counts = dict(result.confusion.loc[true])
        share = counts[predicted] / sum(counts.values()) if predicted else result.recalls[true]
        return sampled(100 * share, [share], [sizes[true]])
    point = _curve_point(claim, side, result)
    if point is not None:
        return sampled(100 * point, [point] * len(sizes), list(sizes.values()))
    if claim.metric not in result.rates:
        return None
    value = result.rates[claim.metric]
    low, high = evidence.intervals.get((*result.setting, result.system, claim.metric), NO_LIMITS)
    if not math.isnan(low) and not math.isnan(high):
        return Uncertain(100 * value, 100 * low, 100 * high)
    rates, tests = [value], [sum(sizes.values())]
    if claim.metric == "UA":
        rates, tests = [result.recalls[name] for name in sizes], list(sizes.values())
    return sampled(100 * value, rates, tests).noisy(100 * result.seed_sd[claim.metric] / math.sqrt(result.seeds))


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
            limits = evidence.differences.get((*one.setting, *names, claim.metric), NO_LIMITS)
            if not any(map(math.isnan, limits)):
                low, high = sorted(sign * limit for limit in limits)
                return Uncertain(first.value - second.value, low, high), "paired"
    return first - second, "unpaired"


def equivalent(apart: Uncertain, count: int = 1) -> Outcome:
    """Return whether a difference is none, which means that its interval lies within ``MARGIN``.

    It is refuted if it is beyond the margin and its interval beyond 0. count: how many shall be none together.
    """
    if apart.low >= -MARGIN and apart.high <= MARGIN:
        return "reproduced"
    wide = apart.one_of(count)
    return "not reproduced" if abs(apart.value) > MARGIN and (wide.low > 0 or wide.high < 0) else "within noise"


def ahead(lead: Uncertain, count: int = 1) -> Outcome:
    """Return whether a lead is above 0; count: how many leads shall be so together."""
    return "reproduced" if lead.low > 0 else "not reproduced" if lead.one_of(count).high < 0 else "within noise"


def no_higher(lead: Uncertain, margin: float, count: int = 1) -> Outcome:
    """Return whether a lead is at most ``margin``, or is above 0."""
    return "reproduced" if lead.high <= margin else "not reproduced" if lead.one_of(count).low > 0 else "within noise"


def together(outcomes: Sequence[Outcome]) -> Outcome:
    """Return the outcome of a claim with several parts: every part must hold, and one that does not refutes it."""
    return min(outcomes, key=("not reproduced", "within noise", "reproduced").index)


def value(claim: Claim, results: Sequence[OwnResult], evidence: Evidence) -> Verdict:
    """Return the verdict on a printed number."""
    [side], [result] = claim.sides, results
    ours, theirs = measured(claim, side, result, evidence), printed(side, result)
    if ours is None:
        return _unmeasured(claim, result, theirs)
    if claim.metric in ("parameters", "minutes"):
        times = ours.value / theirs.value
        reason = f"{times:.2f} times the printed number; up to {SIZE:g} counts as the same"
        return Verdict(claim, "reproduced" if 1 / SIZE <= times <= SIZE else "not reproduced", reason, ours, theirs)
    apart = ours - theirs
    outcome = equivalent(apart)
    points, same = f"{MARGIN:g} points", apart.low <= 0 <= apart.high
    undecided = f"neither established to be within {points} nor to be different"
    why = {
        "reproduced": f"within {points}",
        "not reproduced": f"more than sampling explains and than {points}",
        "within noise": undecided if same else f"different, but not established to be by more than {points}",
    }[outcome]
    return Verdict(claim, outcome, f"ours less the printed one {signed(apart)}: {why}", ours, theirs)


def difference(claim: Claim, results: Sequence[OwnResult], evidence: Evidence) -> Verdict:
    """Return the verdict on a difference of two systems in points, or on the absence of one."""
    first, second = (printed(*pair) for pair in zip(claim.sides, results, strict=True))
    theirs = (first - second).around(claim.printed if claim.printed is not None else math.nan)
    found = lead(claim, 1, results, evidence)
    if found is None:
        return _unmeasured(claim, results[0], theirs)
    ours, how = found
    if claim.kind == "no difference":
        return Verdict(claim, equivalent(ours), f"ours {signed(ours)}, {how}", ours, theirs)
    sign = ahead(exact(0) - ours if theirs.value < 0 else ours)
    apart = ours - theirs
    other_size = abs(apart.value) > MARGIN and not apart.low <= 0 <= apart.high
    outcome = "not reproduced" if other_size else sign
    why = {
        "reproduced": "the sign holds, the size does not" if other_size else "beyond 0",
        "within noise": "another size" if other_size else "not beyond 0",
        "not reproduced": "the other way round",
    }[sign]
    reason = f"ours {signed(ours)}, {how}; less the printed one {signed(apart)}: {why}"
    return Verdict(claim, outcome, reason, ours, theirs)


def ordering(claim: Claim, results: Sequence[OwnResult], evidence: Evidence) -> Verdict:
    """Return the verdict on a system being ahead of each of the others."""
    others = range(1, len(results))
    leads = [found for other in others if (found := lead(claim, other, results, evidence)) is not None]
    if len(leads) < len(others):
        return _unmeasured(claim, results[0], None)
    outcome = together([ahead(one, len(leads)) for one, _ in leads])
    (least, how), rival = min(zip(leads, claim.sides[1:], strict=True), key=lambda pair: pair[0][0].value)
    values = [side.percent for side in claim.sides]
    theirs = None if any(map(math.isnan, values)) else exact(round(values[0] - max(values[1:]), 6))
    return Verdict(claim, outcome, f"least ahead of {rival.name}: {signed(least)}, {how}", least, theirs)


def ratio(claim: Claim, results: Sequence[OwnResult], evidence: Evidence) -> Verdict:
    """Return the verdict on a ratio of sizes or times."""
    first, second = (measured(claim, *pair, evidence) for pair in zip(claim.sides, results, strict=True))
    theirs = claim.printed
    if not first or not second or not second.value or theirs is None:
        return Verdict(claim, "not run", "no times were taken")
    ours = first.value / second.value
    close, same = 1 / RATIO <= ours / theirs <= RATIO, (ours > 1) == (theirs > 1)
    undecided = close and claim.metric == "minutes"
    side = "" if same else ", on the other side of 1"
    reason = f"{ours / theirs:.2f} times the printed ratio{side}; a factor of {RATIO:g} counts as the same"
    outcome: Outcome = "reproduced" if close and same else "within noise" if undecided else "not reproduced"
    return Verdict(claim, outcome, reason, exact(ours), exact(theirs))


def signed(estimate: Uncertain) -> str:
    """Return ``+1.20 (−0.30 … +2.70)`` for a difference."""
    parts = (f"{value:+.2f}" for value in (estimate.value, estimate.low, estimate.high))
    return "{} ({} … {})".format(*parts).replace("-", "−")


def _unmeasured(claim: Claim, result: OwnResult, printed: Uncertain | None) -> Verdict:
    """Return the verdict on a claim whose measure a result does not have."""
    what = "no test curve" if claim.metric == "converged UA" else f"no {claim.measure}"
    return Verdict(claim, "not run", f"{what} of {result.system} under {result.protocol}", None, printed)


def _curve_point(claim: Claim, side: Published, result: OwnResult) -> float | None:
    """Return the UA at the point of the test curve that the paper prints; None where it prints none or we have none."""
    if claim.metric == "converged UA":
        return result.converged_ua
    return result.curve_ua if claim.metric == "UA" and SELECTED in side.protocol else None
