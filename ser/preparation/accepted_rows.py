"""The rows of a corpus that its settings accept, and the facts that follow from them."""

from pathlib import Path

from ser.config.schema import Corpus
from ser.corpus import BrokenRowsError, Facts, Fault, Utterance, composed, facts_of
from ser.emotions import NAMES


def accepted_rows(settings: Corpus, root: Path | None) -> tuple[list[Utterance], list[Fault]]:
    """Return the rows that can be used, and what is wrong with those that ``allow`` and ``exclude`` leave out.

    BrokenRowsError with the rows that neither of them names.
    """
    try:
        return list(settings.load().utterances(root, **settings.options)), []
    except BrokenRowsError as broken:
        return broken.rows, _left_out(broken, settings)


def accepted_facts(settings: Corpus, root: Path | None) -> Facts:
    """Return the corpus's facts, without the rows that ``allow`` and ``exclude`` leave out because they are broken."""
    adapter, options = settings.load(), settings.options
    try:
        facts: Facts = adapter.facts(root, allow_subset="subset" in settings.allow, **options)
        return facts
    except BrokenRowsError as broken:
        _left_out(broken, settings)
        return facts_of(broken.rows, known_emotions(settings))


def known_emotions(settings: Corpus) -> tuple[str, ...]:
    """Return the emotions of the project, of the corpus's card, and those that its option ``emotions`` declares."""
    return tuple(dict.fromkeys((*NAMES, *settings.load().CARD.emotions, *settings.options.get("emotions", ()))))


def unwanted_names(settings: Corpus) -> set[str]:
    """Return the names of the key ``exclude`` as they are written, and with composed letters."""
    return {*settings.exclude, *map(composed, settings.exclude)}


def _left_out(broken: BrokenRowsError, settings: Corpus) -> list[Fault]:
    unwanted = unwanted_names(settings)
    others = [
        fault for fault in broken.faults if fault.kind not in settings.allow and unwanted.isdisjoint(fault.names())
    ]
    if others:
        raise BrokenRowsError(others, broken.rows)
    return broken.faults
