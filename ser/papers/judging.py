"""Verdicts on the claims that apply to a set of results: which results each claim is judged by."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import get_args

from ser.papers import curve_claims, matching
from ser.papers import verdicts as on_numbers
from ser.papers.claims import FILTER_STUDY, Claim, claims
from ser.papers.matching import OwnResult
from ser.papers.uncertainty import Uncertain, exact
from ser.papers.verdicts import Evidence, Outcome, Verdict

JUDGES = {
    "value": on_numbers.value,
    "convergence level": on_numbers.value,
    "difference": on_numbers.difference,
    "no difference": on_numbers.difference,
    "ordering": on_numbers.ordering,
    "ratio": on_numbers.ratio,
    "faster convergence": curve_claims.test_curves,
    "steadier curve": curve_claims.test_curves,
    **dict.fromkeys(FILTER_STUDY, curve_claims.filters),
}


def verdicts(results: Iterable[OwnResult], evidence: Evidence | None = None) -> list[Verdict]:
    """Return a verdict on every claim that applies to ``results``, in the order of the papers.

    A claim applies if one of its paper's systems was run on the claim's corpus. On the synthetic corpus, claims on what
    was not run are left out: its numbers mean nothing about a paper.
    """
    found = []
    for paper, own in matching.applicable(results).items():
        corpora = {one.counterpart for one in own if not one.synthetic}
        for claim in (claim for claim in claims() if claim.paper == paper):
            verdict = judge(claim, own, evidence or Evidence())
            if verdict.verdict != "not run" or claim.corpus in corpora or (corpora and not claim.corpus):
                found.append(verdict)
    return found


def judge(claim: Claim, results: Sequence[OwnResult], evidence: Evidence) -> Verdict:
    """Return the verdict on a claim: by comparable results if there are such, then those with the most runs."""
    printed = None if claim.printed is None else exact(claim.printed)
    if claim.metric == "WER":
        return _recogniser(claim, printed, evidence)
    settings = matching.settings(claim, results)
    if not settings:
        absent = [side.name for side in claim.sides if not any(matching.belongs(one, side) for one in results)]
        reason = f"no results of {', '.join(absent)}" if absent else "not run under one protocol on one corpus"
        return Verdict(claim, "not run", reason, None, printed)

    def order(setting: matching.Setting) -> tuple[bool, bool, int, tuple[str, str]]:
        runs, first = sum(len(result.curves) for result in setting), setting[0]
        return bool(matching.claim_obstacles(claim, setting)), first.paper != claim.paper, -runs, first.setting

    chosen = min(settings, key=order)
    found = JUDGES[claim.kind](claim, chosen, evidence)
    found = replace(found, printed=found.printed or printed, results=chosen)
    obstacles = matching.claim_obstacles(claim, chosen)
    if obstacles and found.verdict != "not run":
        return replace(found, verdict="not comparable", reason="; ".join(obstacles))
    return found


def tally(found: Iterable[Verdict]) -> dict[str, int]:
    """Return how many claims have which verdict; all five are named."""
    counts = Counter(one.verdict for one in found)
    return {name: counts[name] for name in get_args(Outcome)}


def _recogniser(claim: Claim, printed: Uncertain | None, evidence: Evidence) -> Verdict:
    """Return the verdict on a word error rate: our recognisers are others."""
    if not evidence.transcripts:
        return Verdict(claim, "not run", "no recogniser was run", None, printed)
    (corpus, transcript), errors = min(evidence.transcripts.items(), key=lambda one: one[1].wer)
    reason = f"another recogniser: {transcript} on {corpus}, {errors.per_utterance:.2f} wrong words each"
    return Verdict(claim, "not comparable", reason, exact(100 * errors.wer), printed)
