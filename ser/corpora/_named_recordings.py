"""Shared by adapters: corpora whose file names are the labels."""

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ser.corpus import Card, Facts, Utterance, differences, facts_of
from ser.errors import SerError, offenders
from ser.files.listing import recordings

SUFFIXES = (".wav", ".flac")
FRENCH = {  # initials of the emotions' French names
    "C": "angry",
    "D": "disgusted",
    "J": "happy",
    "N": "neutral",
    "P": "fearful",
    "S": "surprised",
    "T": "sad",
}
Groups = Mapping[str, str]


@dataclass(frozen=True)
class NamedRecordings:
    """A corpus of which the path of a recording says everything; its methods are the functions of an adapter.

    card: with the counts that ``verify`` compares; pattern: of the end of the path without its suffix, with the groups
    ``emotion``, a key of ``emotions``, and those that ``speaker``, ``sentence`` and ``utterance`` name, each "" where
    names do not tell it; example: a path, for messages; describe: further fields of the utterance, such as its gender
    or text, from the groups. The audit of fold lists (``ser.fold_lists``) reads speaker and sentence by the same
    pattern.
    """

    card: Card
    pattern: str
    example: str
    emotions: Groups
    speaker: str = "{speaker}"
    sentence: str = ""
    utterance: str = "{stem}"
    describe: Callable[[Groups], Mapping[str, Any]] = field(default=lambda _: {})

    def facts(self, root: Path | None, *, allow_subset: bool = False) -> Facts:
        """Return the card's figures; with ``allow_subset`` those of the files below ``root``, if there are any yet."""
        if allow_subset and root is not None and root.is_dir():
            return facts_of(self.utterances(root), self.card.labels)
        return Facts(sum(self.card.labels.values()), self.card.speakers, (), tuple(self.card.labels))

    def sources(self, root: Path) -> list[Path]:
        """Return every file that the adapter reads: the recordings."""
        return [root / audio for audio in self.audio_files(root)]

    def audio_files(self, root: Path) -> list[str]:
        """Return all recordings below ``root``, relative to it, sorted."""
        return recordings(root, SUFFIXES, links=True)

    def utterances(self, root: Path) -> list[Utterance]:
        """Return one row per recording; SerError names those that are not of the scheme, or are there twice."""
        rows = rows_of(self.audio_files(root), self._row, root, self.card.title, "below it", self.example)
        times = Counter(row.utterance for row in rows)
        if twice := [row.audio for row in rows if times[row.utterance] > 1]:
            raise SerError(f"{root}: recordings of {self.card.title} that are there twice: {offenders(twice)}.")
        return rows

    def verify(self, rows: Sequence[Utterance]) -> list[str]:
        """Return the differences between ``rows`` and the card: utterances, labels, speakers; none for all of it."""
        found = []
        if len(rows) != self.card.utterances:
            found.append(f"{self.card.utterances} recordings expected, found {len(rows)}")
        if missing := sorted(set(self.card.speakers) - {str(row.speaker) for row in rows}):
            found.append(f"without a recording: speaker {offenders(missing)}")
        return found + differences(self.card.labels, (str(row.emotion) for row in rows))

    def _row(self, audio: str) -> Utterance | None:
        """Return the row of a recording; None where its path is not of the scheme."""
        match = re.fullmatch(rf"(?:.*/)?{self.pattern}", audio.rpartition(".")[0])
        groups = {name: value or "" for name, value in match.groupdict().items()} if match else {}
        if groups.get("emotion") not in self.emotions:
            return None
        groups["stem"] = audio.rpartition("/")[2].rpartition(".")[0]
        return Utterance(
            **{
                "utterance": self.utterance.format_map(groups),
                "audio": audio,
                "where": audio,
                "emotion": self.emotions[groups["emotion"]],
                "speaker": self.speaker.format_map(groups) or None,
                "language": self.card.language,
                **self.describe(groups),
            }
        )


def rows_of(
    found: Sequence[str], row: Callable[[str], Utterance | None], root: Path, corpus: str, folders: str, scheme: str
) -> list[Utterance]:
    """Return the ``row`` of each recording; SerError if there are none, or naming those without a row."""
    if not found:
        raise SerError(f"{root}: no recordings in folders {folders}; is this {corpus}?")
    rows = [row(audio) for audio in found]
    if wrong := [audio for audio, made in zip(found, rows, strict=True) if made is None]:
        raise SerError(f"{root}: {len(wrong)} recordings of {corpus} are not named {scheme}: {offenders(wrong)}.")
    return [made for made in rows if made is not None]
