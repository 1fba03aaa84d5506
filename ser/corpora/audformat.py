"""Databases in audformat, such as those that audb publishes: labels of whole files or of segments, in tables.

Wierstorf et al. (2023): audb, sharing and versioning of audio and annotation data in Python. A database is a header
``db.yaml`` with a file per table, ``db.<table>.csv`` or ``.parquet``. Labels are words of the database: those that
many databases have, such as anger, are known, others are translated by ``labels``. A table belongs to a part of the
database's official split if its header says so, or its name has the part, as ``emotion.categories.test`` does.
"""

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from ser.audio.formats import SUFFIXES
from ser.corpora._audformat_fields import fields_of, rated_on, spoken
from ser.corpora._audformat_tables import HEADER, Database, Segment
from ser.corpus import Card, Facts, Utterance, facts_of
from ser.emotions import NAMES
from ser.errors import SerError, offenders, unknown
from ser.files.listing import recordings
from ser.user_table.cells import clean
from ser.user_table.emotion_names import emotion_names

CARD = Card(
    title="A database in audformat",
    licence="its own, in its header db.yaml",
    homepage="https://audeering.github.io/audformat/",
    language=None,
    utterances=None,
)
NOUNS = {
    "anger": "angry",
    "boredom": "bored",
    "calmness": "calm",
    "disgust": "disgusted",
    "excitement": "excited",
    "fear": "fearful",
    "frustration": "frustrated",
    "happiness": "happy",
    "joy": "happy",
    "no_agreement": "undecided",
    "sadness": "sad",
    "surprise": "surprised",
}
PARTS = {"train": "train", "dev": "dev", "devel": "dev", "development": "dev", "validation": "dev", "test": "test"}
Tables = str | Sequence[str] | None


def facts(root: Path | None, *, emotions: Sequence[str] = (), allow_subset: bool = False, **options: Any) -> Facts:
    """Return the facts of the tables, none without a root; ``allow_subset`` changes nothing: no count is published."""
    del allow_subset
    rows = [] if root is None else utterances(root, emotions=emotions, **options)
    return facts_of(rows, (*NAMES, *emotions))


def sources(
    root: Path,
    *,
    table: Tables = None,
    column: str = "emotion",
    speaker: str = "speaker",
    labels: Mapping[str, str] | None = None,
    emotions: Sequence[str] = (),
) -> list[Path]:
    """Return the header, the files of all tables, and the recordings that the chosen tables name and that exist.

    table: the table with the labels, or several; default: the only one that has the column. column: which holds the
    emotion. speaker: the column that holds the speaker, in the same table or another. labels: their label: our emotion.
    emotions: names of emotions besides those of the project.
    """
    del speaker, labels, emotions
    database = Database(root)
    tables = [database.file(name) for name in (*database.db.misc_tables, *database.columns())]
    return [root / HEADER, *tables, *(root / audio for audio in _present(root, _named(database, table, column)))]


def audio_files(root: Path, *, table: Tables = None, column: str = "emotion", **_: object) -> list[str]:
    """Return the recordings that the chosen tables name and that exist, relative to ``root``, sorted."""
    return _present(root, _named(Database(root), table, column))


def left_out(root: Path, *, table: Tables = None, column: str = "emotion", **_: object) -> dict[str, str]:
    """Return the other recordings below ``root``, and that no chosen table names them."""
    database = Database(root)
    named = set(_named(database, table, column))
    reason = f"is not named by {' or '.join(_chosen(database, table, column))} of the database"
    return {audio: reason for audio in recordings(root, SUFFIXES, links=True) if audio not in named}


def utterances(
    root: Path,
    *,
    table: Tables = None,
    column: str = "emotion",
    speaker: str = "speaker",
    labels: Mapping[str, str] | None = None,
    emotions: Sequence[str] = (),
) -> list[Utterance]:
    """Return one row per file or segment of the chosen tables, in their order; options as in ``sources``.

    SerError for a table or column that does not exist, labels that are not known, and a segment with two labels.
    """
    database = Database(root)
    chosen = _chosen(database, table, column)
    stated = _emotions(database, chosen, column, labels or {}, emotions)
    fields = fields_of(database, chosen, speaker)
    language = spoken(database)
    whole = {file for file, start, end in stated if start is None and end is None}
    if both := sorted({file for file, start, _ in stated if start is not None and file in whole}):
        raise SerError(f"{root}: {offenders(both)} are labelled as a whole and in segments; choose one with 'table'.")
    names = [_name(segment) for segment in stated]
    if len(set(names)) < len(names):
        twice = sorted({name for name in names if names.count(name) > 1})
        raise SerError(f"{root}: {offenders(twice)} are several segments that begin at the same time.")
    return [
        Utterance(
            utterance=name,
            audio=segment[0],
            where=f"{database.root / HEADER}: {name}",
            emotion=emotion,
            start=segment[1],
            end=segment[2],
            **{"language": language, **{name: of[segment] for name, of in fields.items() if segment in of}},
        )
        for name, (segment, emotion) in zip(names, stated.items(), strict=True)
    ]


def scale(
    root: Path | None, *, table: Tables = None, column: str = "emotion", **_: object
) -> tuple[float, float] | None:
    """Return the scale of the ratings, by the schemes of their columns; None where they state none, or several."""
    if root is None:
        return None
    database = Database(root)
    return rated_on(database, _chosen(database, table, column))


def verify(rows: Sequence[Utterance], **_: object) -> list[str]:  # noqa: ARG001
    """Return no differences: the database is its own record."""
    return []


def _chosen(database: Database, table: Tables, column: str) -> list[str]:
    """Return the tables with the labels; SerError for one that does not exist or lacks the column, or for a doubt."""
    known = database.columns()
    where = database.root / HEADER
    if table is None:
        having = [name for name, columns in known.items() if column in columns]
        if len(having) == 1:
            return having
        found = "no table has" if not having else f"the tables {', '.join(sorted(having))} have"
        columns = sorted({name for names in known.values() for name in names})
        raise SerError(
            f"{where}: {found} a column '{column}'; name the tables with the option 'table' and their column with "
            f"'column'. Tables: {', '.join(known) or 'none'}. Columns: {', '.join(columns) or 'none'}."
        )
    names = [table] if isinstance(table, str) else list(table)
    for name in names:
        if name not in known:
            raise SerError(f"{where}: {unknown('table', name, known)}")
        if column not in known[name]:
            raise SerError(f"{where}, table '{name}': {unknown('column', column, known[name])}")
    return names


def _named(database: Database, table: Tables, column: str) -> list[str]:
    chosen = _chosen(database, table, column)
    return sorted({segment[0] for name in chosen for segment, _ in database.values(name, column)})


def _present(root: Path, audio: Sequence[str]) -> list[str]:
    return [path for path in audio if os.path.isfile(root / path)]


def _emotions(
    database: Database, tables: Sequence[str], column: str, labels: Mapping[str, str], emotions: Sequence[str]
) -> dict[Segment, str | None]:
    """Return the emotion of every segment of the tables; SerError for unknown labels and for two of one segment."""
    given = {name.casefold() for name in labels}
    names = emotion_names({**{noun: name for noun, name in NOUNS.items() if noun not in given}, **labels}, emotions)
    stated: dict[Segment, str | None] = {}
    for table in tables:
        values = list(database.values(table, column))
        cells = {value: clean(str(value)) for _, value in values if value is not None}
        if strange := sorted({cell for cell in cells.values() if not names.knows(cell)}):
            raise SerError(
                f"{database.root / HEADER}, table '{table}', column '{column}': {offenders(strange)} are no emotions; "
                f"the option 'labels: {{{strange[0]}: …}}' translates them, 'emotions' declares new ones. "
                f"Known: {', '.join((*NAMES, *emotions))}."
            )
        for segment, value in values:
            emotion = None if value is None else names.of(cells[value])
            if stated.setdefault(segment, emotion) != emotion:
                both = f"{stated[segment]} and, in table '{table}', {emotion}"
                raise SerError(f"{database.root / HEADER}: {_name(segment)} is {both}.")
    return stated


def _name(segment: Segment) -> str:
    stem = PurePosixPath(segment[0]).with_suffix("").as_posix()
    return stem if segment[1] is None else f"{stem}@{segment[1]:.3f}"


def official_files(root: Path, **_: object) -> list[Path]:
    """Return the header and the files of all tables."""
    database = Database(root)
    return [root / HEADER, *(database.file(name) for name in (*database.db.misc_tables, *database.columns()))]


def official(root: Path, *, table: Tables = None, column: str = "emotion", **_: object) -> Iterator[tuple[str, str]]:
    """Yield utterance and part of the official split; SerError naming chosen tables that have no part."""
    database = Database(root)
    chosen = _chosen(database, table, column)
    parts = {name: _part(database, name) for name in chosen}
    if without := sorted(name for name, part in parts.items() if part is None):
        raise SerError(
            f"{root / HEADER}: the tables {offenders(without)} are in no part of an official split; name those of each "
            f"part with the option 'table'. Tables: {', '.join(database.columns())}."
        )
    for name, part in parts.items():
        for segment, _value in database.values(name, column):
            yield _name(segment), str(part)


def _part(database: Database, table: str) -> str | None:
    split = database.db.splits.get(database.db[table].split_id)
    if split is not None:
        return PARTS.get(str(split.type))
    named = [PARTS[word] for word in re.split(r"[^a-z]", table.lower()) if word in PARTS]
    return named[0] if len(named) == 1 else None
