"""A corpus that joins others: names of its utterances and speakers, its emotions, facts and rows.

Names of utterances, speakers, sessions and dialogs begin with that of their member, so that no two members share one.
An emotion is the member's own, but for those that the label map of the member renames.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ser.config.schema import Corpus
from ser.corpus import Facts, Utterance, within
from ser.emotions import NAMES
from ser.errors import SerError, unknown
from ser.preparation.accepted_rows import accepted_facts, accepted_rows, known_emotions
from ser.preparation.fold_counts import remaining

PREFIXED = ("utterance", "audio", "speaker", "session", "dialog")  # columns of the manifest, and fields of Utterance
Corpora = Mapping[str, Corpus]
Folder = Callable[[str], Path | None]  # of the release of a corpus


def corpus_facts(corpora: Corpora, name: str, folder: Folder) -> Facts:
    """Return the facts of a corpus, those of all its members where it joins others; SerError for a wrong label map."""
    joins = corpora[name].joins
    if not joins:
        return accepted_facts(corpora[name], folder(name))
    facts = {member: accepted_facts(corpora[member], folder(member)) for member in joins}
    known = dict.fromkeys((*NAMES, *(emotion for member in joins for emotion in known_emotions(corpora[member]))))
    for member, labels in joins.items():
        check_map(labels, facts[member].emotions, known, f"corpora.{name}.joins.{member}")
    present = {joins[member].get(emotion, emotion) for member in joins for emotion in facts[member].emotions}
    return Facts(
        sum(of_member.utterances for of_member in facts.values()),
        tuple(sorted(within(member, speaker) for member in joins for speaker in facts[member].speakers)),
        tuple(sorted(within(member, session) for member in joins for session in facts[member].sessions)),
        tuple(emotion for emotion in known if emotion in present),
    )


def corpus_rows(corpora: Corpora, name: str, folder: Folder) -> list[Utterance] | None:
    """Return the rows that the settings of a corpus leave; None where its facts are all that is known.

    The rows of a corpus that joins others are known where each member is in a folder of the user's.
    """
    joins = corpora[name].joins
    if not joins:
        return remaining(corpora[name], folder(name))
    found = []
    for member, labels in joins.items():
        root, settings = folder(member), corpora[member]
        if root is None or settings.root is None:
            return None
        rows = remaining(settings, root)
        found += [joined(row, member, labels) for row in (accepted_rows(settings, root)[0] if rows is None else rows)]
    return found


def joined(row: Utterance, member: str, labels: Mapping[str, str]) -> Utterance:
    """Return a row of ``member`` as the joined corpus has it; labels: its label map."""
    cells = renamed({name: getattr(row, name) for name in (*PREFIXED, "emotion")}, member, labels)
    raters = tuple((within(member, rater), tuple(labels.get(one, one) for one in named)) for rater, named in row.raters)
    return replace(row, **cells, raters=raters)


def renamed(row: Mapping[str, Any], member: str, labels: Mapping[str, str]) -> dict[str, Any]:
    """Return the cells of ``row``, by column, as the joined corpus has them. labels: the label map of ``member``."""
    cells = {name: within(member, value) if name in PREFIXED and value else value for name, value in row.items()}
    if "emotion" in cells:
        cells["emotion"] = labels.get(cells["emotion"], cells["emotion"])
    return cells


def check_map(labels: Mapping[str, str], emotions: Sequence[str], known: Collection[str], where: str) -> None:
    """Raise SerError for a label map of an emotion that the member does not have, or to one that does not exist.

    emotions: of the member, empty where they are not known; known: those of the project and of all members.
    """
    for emotion, here in labels.items():
        if emotions and emotion not in emotions:
            raise SerError(f"{where}: {unknown('emotion of this corpus', emotion, emotions)}")
        if here not in known:
            raise SerError(f"{where}.{emotion}: {unknown('emotion', here, known)}")
