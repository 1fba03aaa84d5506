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
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from ser.papers.claims import Claim
from ser.papers.matching import Setting
from ser.papers.measures import Evidence, lead, measured, printed
from ser.papers.results import OwnResult
from ser.papers.uncertainty import Uncertain, exact

Outcome = Literal["reproduced", "not reproduced", "within noise", "not comparable", "not run"]
RATIO = 1.25  # factor by which two ratios may differ
SIZE = 1.05  # factor by which two counts of parameters may differ
UNITS = {"parameters": "M", "minutes": "min", "height": "bins", "width": "frames"}


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
        match self.claim.kind:
            case "ratio":
                return ""
            case "value" | "convergence level":
                return UNITS.get(self.claim.metric, "%")
            case "rise to a level" | "peak":
                return UNITS[self.claim.axis]
            case "faster convergence":
                return "steps"
        return "points"

    @property
    def where(self) -> tuple[str, str]:
        """Corpus and protocol of ours; "–" where there is none."""
        return self.results[0].setting if self.results else ("–", "–")

    @property
    def systems(self) -> tuple[str, ...]:
        """Our systems, in the order of the claim's."""
        return tuple(result.system for result in self.results)


def equivalent(apart: Uncertain, margin: float, count: int = 1) -> Outcome:
    """Return whether a difference is none, which means that its interval lies within ``margin``.

    It is refuted if it is beyond the margin and its interval beyond 0. count: how many shall be none together.
    """
    if -margin <= apart.low and apart.high <= margin:
        return "reproduced"
    wide = apart.one_of(count)
    return "not reproduced" if abs(apart.value) > margin and (wide.low > 0 or wide.high < 0) else "within noise"


def ahead(lead: Uncertain, count: int = 1) -> Outcome:
    """Return whether a lead is above 0; count: how many leads shall be so together."""
    return "reproduced" if lead.low > 0 else "not reproduced" if lead.one_of(count).high < 0 else "within noise"


def no_higher(lead: Uncertain, margin: float, count: int = 1) -> Outcome:
    """Return whether a lead is at most ``margin``, or is above 0."""
    return "reproduced" if lead.high <= margin else "not reproduced" if lead.one_of(count).low > 0 else "within noise"


def together(outcomes: Sequence[Outcome]) -> Outcome:
    """Return the outcome of a claim with several parts: every part must hold, and one that does not refutes it."""
    for outcome in ("not reproduced", "within noise"):
        if outcome in outcomes:
            return outcome
    return "reproduced"


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
    outcome = equivalent(apart, evidence.margin)
    points, same = f"{evidence.margin:g} points", apart.low <= 0 <= apart.high
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
        return Verdict(claim, equivalent(ours, evidence.margin), f"ours {signed(ours)}, {how}", ours, theirs)
    sign = ahead(exact(0) - ours if theirs.value < 0 else ours)
    apart = ours - theirs
    other_size = abs(apart.value) > evidence.margin and not apart.low <= 0 <= apart.high
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
