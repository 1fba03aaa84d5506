"""Each claim of the four papers beside our results, with a verdict that fills itself.

A verdict is one of five:

- *not run*: the systems of the claim have no results under one protocol, or the results lack what is asked for.
- *not comparable*: there is a number of ours, but the corpus, the protocol or the kind of number is another one
  (``matching.obstacle``), so that it can speak neither for nor against the paper. Numbers that a paper quotes were got
  under protocols of their own: a difference to one is not comparable, while an ordering, which says of systems and not
  of numbers that one is better, is judged on ours alone.
- *reproduced*, *not reproduced*, *within noise*: the claim was tested, and holds, does not, or cannot be told.

A value (WA, UA, recall, a converged level) is reproduced if the 95 % interval of ours less the printed one lies within
``margin`` points: that both do not differ significantly would be no evidence of agreement, since two small tests hardly
ever do. It is not reproduced if that interval leaves out 0 and the difference is above the margin. A difference in
points is reproduced if ours is beyond 0 on the printed side and not of another size, which means beyond the margin and
the noise apart from the printed one; it is not reproduced if it is beyond 0 on the other side or of another size. An
ordering, or a claim about a curve, is one about several differences: it is reproduced if all are beyond 0, each by its
own 95 % interval (an intersection-union test needs no correction), and not reproduced if one is beyond 0 the other way
round by an interval that is corrected for their number. Sizes may differ by 5 %, ratios by a factor of 1.25.

Ours is uncertain by the interval that is given, which should be clustered by speaker, otherwise by the binomial one of
its test utterances and the noise between seeds; the printed number by the binomial one of its test utterances, as many
as ours where the paper does not say, and by the noise between runs as ours show it. Without a paired interval both
sides of a difference count as independent, which is careful: on the same utterances they are not. Nothing is corrected
for the number of claims: of a hundred true ones a few will not look so.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import get_args

from ser.evaluation.word_errors import TranscriptErrors
from ser.papers import curve_claims, judging, matching, published
from ser.papers.claims import FILTER_STUDY, Claim, claims
from ser.papers.judging import MARGIN, Evidence, Judgement, Outcome
from ser.papers.matching import Setting
from ser.papers.ours import Interval, OwnResult
from ser.papers.uncertainty import Uncertain, exact

JUDGES = {
    "difference": judging.difference,
    "no difference": judging.difference,
    "ordering": judging.ordering,
    "ratio": judging.ratio,
    "faster convergence": curve_claims.test_curves,
    "steadier curve": curve_claims.test_curves,
}
UNITS = {"parameters": "M", "minutes": "min"}


@dataclass(frozen=True)
class Verdict:
    """A claim and what became of it; ``ours`` and ``printed`` are in ``unit``; results: what it was judged by."""

    claim: Claim
    verdict: Outcome
    reason: str
    ours: Uncertain | None
    printed: Uncertain | None
    results: Setting

    @property
    def unit(self) -> str:
        """Of both numbers: %, points, steps, bins, …; "" for a ratio."""
        match self.claim.kind:
            case "ratio":
                return ""
            case "value" | "convergence level":
                return UNITS.get(self.claim.metric, "%")
            case "rise to a level" | "peak":
                return {"height": "bins", "width": "frames"}[self.claim.axis]
            case "faster convergence":
                return "steps"
        return "points"

    @property
    def where(self) -> tuple[str, str]:
        """Corpus and protocol of ours; "–" where there is none."""
        return (self.results[0].corpus, self.results[0].protocol) if self.results else ("–", "–")

    @property
    def systems(self) -> tuple[str, ...]:
        """Our systems, in the order of the claim's."""
        return tuple(result.system for result in self.results)


def verdicts(
    results: Sequence[OwnResult],
    intervals: Mapping[tuple[str, str, str, str], Interval] | None = None,
    *,
    differences: Mapping[tuple[str, str, str, str, str], Interval] | None = None,
    transcripts: Sequence[TranscriptErrors] = (),
    margin: float = MARGIN,
) -> list[Verdict]:
    """Return a verdict on every claim of the four papers, in their order; the rules stand above.

    intervals: with ``low`` and ``high`` in 0…1, by (corpus, protocol, system, WA or UA). differences: paired ones, with
    ``low`` and ``high`` in points, by (corpus, protocol, system, other system, WA or UA), the first less the second.
    transcripts: what recognisers made of the corpora. margin: points that do not matter.
    """
    evidence = Evidence(intervals or {}, differences or {}, transcripts, margin)
    return [_verdict(claim, results, evidence) for claim in claims()]


def _verdict(claim: Claim, results: Sequence[OwnResult], evidence: Evidence) -> Verdict:
    if claim.metric == "WER":
        return _recogniser(claim, evidence)
    candidates = matching.candidates(claim, results)
    settings = matching.settings(claim, candidates)
    if not settings:
        absent = [side.name for side, found in zip(claim.sides, candidates, strict=True) if not found]
        reason = f"no results of {', '.join(absent)}" if absent else "not run under one protocol on one corpus"
        return Verdict(claim, "not run", reason, None, _printed(claim), ())
    chosen, obstacle = min(
        ((setting, matching.obstacle(claim, setting)) for setting in settings),
        key=lambda one: (
            one[1] != "",
            one[0][0].first.protocol.paper != claim.paper,
            -sum(len(result.records) for result in one[0]),
            one[0][0].corpus,
            one[0][0].protocol,
        ),
    )
    found = _finding(claim, chosen, evidence)
    printed = found.printed or _printed(claim)
    if obstacle and found.outcome != "not run":
        reason = f"{obstacle} ({found.reason})"
        return Verdict(claim, "not comparable", reason, found.ours, printed, chosen)
    return Verdict(claim, found.outcome, found.reason, found.ours, printed, chosen)


def _finding(claim: Claim, chosen: Setting, evidence: Evidence) -> Judgement:
    if claim.kind in FILTER_STUDY:
        return curve_claims.filters(claim, chosen, evidence)
    if claim.kind in JUDGES:
        return JUDGES[claim.kind](claim, chosen, evidence)
    return judging.number(claim, chosen[0], evidence)


def _recogniser(claim: Claim, evidence: Evidence) -> Verdict:
    """Return the verdict on a word error rate: our recognisers are others."""
    printed = _printed(claim)
    if not evidence.transcripts:
        return Verdict(claim, "not run", "no recogniser was run", None, printed, ())
    heard = min(evidence.transcripts, key=lambda one: one.errors.wer)
    reason = (
        f"another recogniser: {heard.transcript} on {heard.corpus}, {heard.errors.per_utterance:.2f} wrong words each"
    )
    return Verdict(claim, "not comparable", reason, exact(100 * heard.errors.wer), printed, ())


def _printed(claim: Claim) -> Uncertain | None:
    return None if claim.printed is None else exact(claim.printed)


def tally(found: Iterable[Verdict]) -> dict[str, dict[str, int]]:
    """Return, for each paper, how many claims have which verdict; all five are named."""
    counted = Counter((one.claim.paper, one.verdict) for one in found)
    return {paper: {name: counted[paper, name] for name in get_args(Outcome)} for paper in published.papers()}


def shown(found: Sequence[Verdict]) -> dict[str, list[Verdict]]:
    """Return the verdicts by paper, without papers of which nothing was run."""
    by_paper = {paper: [one for one in found if one.claim.paper == paper] for paper in published.papers()}
    return {paper: some for paper, some in by_paper.items() if any(one.verdict != "not run" for one in some)}
