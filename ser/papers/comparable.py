"""Which printed numbers stand beside a result of ours, and whether they may be held against it."""

from collections.abc import Iterable, Mapping, Sequence

from ser.config.schema import Protocol, Recipe
from ser.papers.published import Published

PAPER_CORPORA = {"iemocap": "IEMOCAP", "enterface": "eNTERFACE"}  # adapter begins with: the published protocol does too
Beside = Mapping[tuple[str, str], Sequence[Published]]  # (paper, its name of the system): published numbers


def printed(recipe: Recipe, beside: Beside) -> list[Published]:
    """Return what the papers print for a recipe, on the kind of transcript that it reads."""
    named = ((paper, name) for paper, names in recipe.published.items() for name in names)
    spoken = recognised(recipe)
    return [entry for key in named for entry in beside.get(key, ()) if entry.recognised == spoken]


def recognised(recipe: Recipe) -> bool:
    """Return whether a system reads what a recogniser heard."""
    return recipe.inputs.words is not None and recipe.inputs.words.transcript != "given"


def relevant(entries: Sequence[Published], adapter: str) -> tuple[Published, ...]:
    """Return the published WA and UA on this corpus where the paper has such, otherwise all; each number once."""
    overall: dict[tuple[str, str, float], Published] = {}
    for entry in entries:
        if not entry.label:
            overall.setdefault((entry.protocol, entry.metric, entry.percent), entry)
    once = tuple(overall.values())
    corpus = _paper_corpus(adapter)
    same = tuple(entry for entry in once if corpus is not None and corpus in entry.protocol)
    return same or once


def on_this_corpus(adapter: str, entries: Iterable[Published]) -> bool:
    """Return whether ``entries`` speak of the adapter's corpus, or of none, or the corpus is of no paper."""
    corpus, named = _paper_corpus(adapter), _corpora(entries)
    return corpus is None or not named or corpus in named


def comparable(
    adapter: str, protocol: Protocol, paper: str | None, entries: Sequence[Published], *, heard: bool, whole: bool
) -> str:
    """Return whether ``entries``, published by ``paper``, may be held against a result; "" if there are none.

    heard: a feature was learned from the voices of test speakers; whole: all folds of the protocol were run.
    """
    if not entries:
        return ""
    corpus, named = _paper_corpus(adapter), _corpora(entries)
    if corpus is None or (named and corpus not in named):
        return "not comparable: other corpus"
    if not named:
        return "not comparable: the cited paper's own protocol"
    if protocol.paper is None or protocol.paper != paper:
        return "not comparable: other protocol"
    if heard:
        return "not comparable: the embedding was trained on this corpus's speakers"
    if not whole:
        return "not comparable: not all folds were run"
    return "same corpus, the paper's protocol as far as it is stated"


def _corpora(entries: Iterable[Published]) -> set[str]:
    return {name for entry in entries for name in PAPER_CORPORA.values() if name in entry.protocol}


def _paper_corpus(adapter: str) -> str | None:
    return next((name for begin, name in PAPER_CORPORA.items() if adapter.lower().startswith(begin)), None)
