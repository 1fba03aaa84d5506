"""Which results of ours speak to a claim of a paper, and what keeps them from doing so."""

from collections.abc import Sequence

from ser.papers.claims import FILTER_STUDY, Claim, Side
from ser.papers.comparable import comparable, on_this_corpus, recognised
from ser.papers.judging import SELECTED
from ser.papers.ours import OwnResult

Setting = tuple[OwnResult, ...]  # a result for each side of a claim; for a filter study every result of its only side


def candidates(claim: Claim, results: Sequence[OwnResult]) -> list[list[OwnResult]]:
    """Return, for each side of a claim, the results of its system on its corpus or on one of no paper."""
    return [[result for result in results if _plays(result, side, claim)] for side in claim.sides]


def settings(claim: Claim, found: Sequence[Sequence[OwnResult]]) -> list[Setting]:
    """Return, for each corpus and protocol that has all sides, their results; of variants the shortest name."""
    places = dict.fromkeys((result.corpus, result.protocol) for result in found[0])
    complete = []
    for place in places:
        here = [[result for result in side if (result.corpus, result.protocol) == place] for side in found]
        if claim.kind in FILTER_STUDY:
            complete.append(tuple(here[0]))
        elif all(here):
            complete.append(tuple(min(side, key=lambda one: (len(one.system), one.system)) for side in here))
    return complete


def obstacle(claim: Claim, chosen: Setting) -> str:
    """Return why ours may not be held against the claim; "" if it may."""
    reasons: dict[str, None] = {}
    own = next((side for side in claim.sides if not side.quoted), claim.sides[0])
    sides = claim.sides * len(chosen) if claim.kind in FILTER_STUDY else claim.sides
    for side, result in zip(sides, chosen, strict=True):
        number = own.number if claim.kind == "ordering" and side.quoted else side.number
        first = result.first
        remark = comparable(
            first.adapter, first.protocol, claim.paper, [number], heard=result.heard, whole=not result.partial
        )
        if remark.startswith("not"):
            reasons[remark.removeprefix("not comparable: ")] = None
        selected = SELECTED in number.protocol and claim.kind in ("value", "difference", "no difference", "ordering")
        if selected and (claim.metric == "recall" or (claim.metric == "UA" and result.curve_ua is None)):
            reasons["printed is the best point of the test curve, ours the kept epoch"] = None
    if claim.metric == "minutes":
        devices = {result.devices for result in chosen}
        reasons |= {"the paper's machine is another one": None} if claim.kind == "value" else {}
        reasons |= {f"run on {', '.join(sorted(devices))}": None} if len(devices) > 1 else {}
    return "; ".join(reasons)


def _plays(result: OwnResult, side: Side, claim: Claim) -> bool:
    """Whether a result is one of the system on this side of the claim."""
    named = side.system in result.recipe.published.get(claim.paper, ())
    return (
        named and recognised(result.recipe) == side.recognised and on_this_corpus(result.first.adapter, [side.number])
    )
