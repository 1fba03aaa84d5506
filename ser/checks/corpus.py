"""The contract of a corpus adapter: a consistent card, and utterances whose recordings and labels are known.

The stage ``prepare`` checks the recordings themselves.
"""

from collections.abc import Iterable
from pathlib import Path

from ser.config.schema import Corpus
from ser.corpus import Card, Facts, Utterance
from ser.errors import offenders, require
from ser.preparation.accepted_rows import known_emotions


def _rows(entry: Corpus) -> list[Utterance]:
    return list(entry.load().utterances(entry.folder, **entry.options))


def card_adds_up(entry: Corpus) -> None:
    """CARD is a Card whose emotions are known and whose counts add up."""
    card = entry.load().CARD
    require(isinstance(card, Card), f"it is a {type(card).__name__}")
    _known_emotions(entry, card.labels)
    counted = sum(card.labels.values())
    require(
        not card.labels or counted == card.utterances, f"labels add up to {counted}, utterances is {card.utterances}"
    )


def facts_are_known_before_the_release(entry: Corpus) -> None:
    """facts() gives sorted speakers and sessions and known emotions."""
    facts = entry.load().facts(entry.folder, **entry.options)
    require(isinstance(facts, Facts), f"it returns a {type(facts).__name__}")
    for name in ("speakers", "sessions"):
        values = list(getattr(facts, name))
        require(values == sorted(set(values)), f"{name} are not sorted and unique")
    _known_emotions(entry, facts.emotions)


def _known_emotions(entry: Corpus, emotions: Iterable[str]) -> None:
    known = known_emotions(entry)
    strange = sorted(set(emotions) - set(known))
    require(not strange, f"unknown emotions {offenders(strange)}; known: {', '.join(known)}")


def utterances_are_consistent(entry: Corpus) -> None:
    """utterances() gives unique names, known emotions and genders, paths relative to the root, and rising times."""
    if entry.folder is None:
        return
    rows = _rows(entry)
    require(rows and all(isinstance(row, Utterance) for row in rows), "it returns no Utterance")
    names = [row.utterance for row in rows]
    require(len(set(names)) == len(names), f"{offenders(sorted({n for n in names if names.count(n) > 1}))} occur twice")
    wrong = {
        "an unknown emotion": [row for row in rows if row.emotion not in (None, *known_emotions(entry))],
        "an unknown gender": [row for row in rows if row.gender not in (None, "female", "male")],
        "an absolute path": [row for row in rows if Path(row.audio).is_absolute() or ".." in Path(row.audio).parts],
        "no 'where' for error messages": [row for row in rows if not row.where],
        "an end before its start": [row for row in rows if row.end is not None and row.end <= (row.start or 0.0)],
    }
    for what, which in wrong.items():
        require(not which, f"{offenders(row.utterance for row in which)} have {what}")
    require(_rows(entry) == rows, "a second call gives other utterances")


def facts_match_the_utterances(entry: Corpus) -> None:
    """facts() counts the utterances and names their speakers and sessions, and sources() lists their files."""
    if entry.folder is None:
        return
    facts, rows = entry.load().facts(entry.folder, allow_subset=True, **entry.options), _rows(entry)
    require(facts.utterances >= len(rows), f"it counts {facts.utterances}, there are {len(rows)}")
    for name in ("speaker", "session"):
        strange = sorted({getattr(row, name) for row in rows} - {None, *getattr(facts, f"{name}s")})
        require(not strange, f"it does not name {name} {offenders(strange)}")
    listed = {Path(path).resolve() for path in entry.load().sources(entry.folder, **entry.options)}
    there = {(entry.folder / row.audio).resolve() for row in rows if (entry.folder / row.audio).is_file()}
    require(there <= listed, f"sources() lacks {offenders(sorted(there - listed))}")


def verify_returns_sentences(entry: Corpus) -> None:
    """verify() returns the differences from the card, a sentence each."""
    rows = [] if entry.folder is None else _rows(entry)
    found = entry.load().verify(rows, **entry.options)
    require(isinstance(found, list) and all(isinstance(one, str) for one in found), f"it returns {found!r}")


CHECKS = (
    card_adds_up,
    facts_are_known_before_the_release,
    utterances_are_consistent,
    facts_match_the_utterances,
    verify_returns_sentences,
)
