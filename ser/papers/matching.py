"""Which results of ours belong to a printed number or a claim, and what makes them incomparable with it."""

from collections.abc import Iterable, Sequence

from ser.config.schema import Recipe
from ser.papers import published
from ser.papers.claims import FILTER_STUDY, Claim
from ser.papers.published import Published
from ser.papers.results import OwnResult, paper_corpus

SEEDS = {"cao2019": 3, "xie2019": 3, "peng2021": 3, "li2018": 1}  # of the shipped experiments, under their protocols
SHAPE = ("options.height", "options.width")  # what the systems of a filter study differ in
SELECTED = "best point of test curve"  # in the protocol of numbers that were selected on the test part
Setting = tuple[OwnResult, ...]  # a result for each side of a claim; for a filter study every result of its only side


def numbers_of(recipe: Recipe, adapter: str) -> tuple[Published, ...]:
    """Return the WA and UA that papers print for a recipe: on the adapter's corpus if there are such, otherwise all.

    Each number is there once; those on another kind of transcript are left out.
    """
    named = ((paper, name) for paper, names in recipe.published.items() for name in names)
    once: dict[tuple[str, str, float], Published] = {}
    for entry in (entry for paper, name in named for entry in published.published(paper, name)):
        if not entry.label and entry.recognised == reads_recognised(recipe):
            once.setdefault((entry.protocol, entry.metric, entry.percent), entry)
    corpus = paper_corpus(adapter)
    same = tuple(entry for entry in once.values() if corpus and entry.corpus == corpus)
    return same or tuple(once.values())


def reads_recognised(recipe: Recipe) -> bool:
    """Return whether a system reads recognised transcripts."""
    return recipe.inputs.words is not None and recipe.inputs.words.transcript != "given"


def applicable(results: Iterable[OwnResult]) -> dict[str, list[OwnResult]]:
    """Return, per paper, the results that its numbers and claims are compared with, without papers that have none.

    These are the paper's systems on a corpus of the paper; the synthetic corpus stands in for IEMOCAP.
    """
    every = list(results)
    found = {}
    for paper in published.papers():
        corpora = {number.corpus for number in published.printed(paper)} - {""}
        found[paper] = [one for one in every if one.published.get(paper) and one.counterpart in corpora]
    return {paper: some for paper, some in found.items() if some}


def belongs(result: OwnResult, number: Published) -> bool:
    """Return whether a result is one of the number's system, on its kind of transcript and corpus."""
    return (
        number.system in result.published.get(number.paper, ())
        and result.recognised == number.recognised
        and result.counterpart != ""
        and number.corpus in ("", result.counterpart)
    )


def remark(result: OwnResult, numbers: Sequence[Published]) -> str:
    """Return whether the ``numbers`` of a paper are comparable with a result, and if not, why; "" if there are none."""
    if not numbers:
        return ""
    reasons = obstacles(result, numbers)
    if reasons:
        return f"not comparable: {'; '.join(reasons)}"
    return "same corpus, the paper's protocol as far as it is stated"


def obstacles(result: OwnResult, numbers: Sequence[Published], varied: Sequence[str] = ()) -> list[str]:
    """Return what makes a result incomparable with ``numbers`` of a paper, and what it changes of the shipped system.

    Of its corpus, protocol, weights, folds and seeds the first obstacle is named. varied: keys of the recipe that may
    differ from the shipped system.
    """
    corpora, reasons = {number.corpus for number in numbers} - {""}, []
    changes = {key: text for key, text in result.changes.items() if key not in varied}
    if result.synthetic or not result.counterpart or (corpora and result.counterpart not in corpora):
        reasons.append("other corpus")
    elif not corpora:
        reasons.append("the cited paper's own protocol")
    elif result.paper != numbers[0].paper:
        reasons.append("other protocol")
    elif result.weights:
        reasons += result.weights
    elif not result.complete:
        reasons.append("not all folds were run")
    elif result.seeds < (wanted := SEEDS[numbers[0].paper]):
        changes["seeds"] = f"{wanted} → {result.seeds}"
    if changes:
        reasons.append(f"not as shipped: {', '.join(f'{key} {text}' for key, text in changes.items())}")
    return reasons


def candidates(claim: Claim, results: Sequence[OwnResult]) -> list[list[OwnResult]]:
    """Return the results that belong to each side of a claim."""
    return [[one for one in results if belongs(one, side)] for side in claim.sides]


def settings(claim: Claim, found: Sequence[Sequence[OwnResult]]) -> list[Setting]:
    """Return the results of all sides for each corpus and protocol that has them; of variants the least changed."""
    complete: list[Setting] = []
    for setting in dict.fromkeys(result.setting for result in found[0]):
        here = [[result for result in side if result.setting == setting] for side in found]
        if claim.kind in FILTER_STUDY:
            complete.append(tuple(here[0]))
        elif all(here):
            complete.append(tuple(min(side, key=_preference) for side in here))
    return complete


def claim_obstacles(claim: Claim, chosen: Setting) -> list[str]:
    """Return what makes results incomparable with a claim, each reason once."""
    study = claim.kind in FILTER_STUDY
    own = next((side for side in claim.sides if not side.quoted), claim.sides[0])
    reasons: list[str] = []
    for side, result in zip(claim.sides * len(chosen) if study else claim.sides, chosen, strict=True):
        number = own if claim.kind == "ordering" and side.quoted else side
        reasons += obstacles(result, [number], SHAPE if study else ())
        selected = SELECTED in number.protocol and claim.kind in ("value", "difference", "no difference", "ordering")
        if selected and (claim.metric == "recall" or (claim.metric == "UA" and result.curve_ua is None)):
            reasons.append("printed is the best point of the test curve, ours the kept epoch")
    if claim.metric == "minutes":
        devices = sorted({result.devices for result in chosen})
        reasons += ["the paper's machine is another one"] * (claim.kind == "value")
        reasons += [f"run on {', '.join(devices)}"] * (len(devices) > 1)
    return list(dict.fromkeys(reasons))


def _preference(result: OwnResult) -> tuple[bool, int, str]:
    return bool(result.changes), len(result.system), result.system
