"""Your own recordings: a folder of audio and a CSV file that describes it.

The table has one row per utterance and a header. Columns: path (or file) and emotion; optional utterance, speaker,
session, dialog, gender, language, text, start and end where several utterances share a file, valence, activation (or
arousal) and dominance, and a column ``rater_<name>`` with the labels of each rater. Other columns are not used. With
labels of raters, here or in the table of the option ``ratings``, and no column emotion, that is their majority. Paths
are relative to the corpus root, or absolute and below it. An empty emotion, or a word such as ``nan``, means not
labelled. An emotion is a name of ``ser.emotions``, one that the option ``emotions`` declares, or one that ``labels``
translates.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from ser.audio.formats import SUFFIXES
from ser.corpus import LISTED, BrokenRowsError, Card, Facts, Fault, Utterance, facts_of
from ser.emotions import NAMES
from ser.errors import SerError, offenders
from ser.files.listing import recordings
from ser.user_table import file as table_file
from ser.user_table.cells import MISSING, CellError, folded
from ser.user_table.columns import ALIASES, COLUMNS, meanings
from ser.user_table.emotion_names import emotion_names
from ser.user_table.paths import below_root, on_disk, tops
from ser.user_table.ratings import NAMED_BY, checked_scale, joined, majority
from ser.user_table.ratings import read as read_ratings
from ser.user_table.rows import Meaning, Reading, Spellings, read

CARD = Card(title="Recordings of your own", licence="their owner's", homepage="", language=None, utterances=None)


def facts(root: Path | None, *, emotions: Sequence[str] = (), allow_subset: bool = False, **options: Any) -> Facts:
    """Return the table's facts without a look at the recordings; ``allow_subset`` changes nothing."""
    del allow_subset
    return facts_of(_sound(_read(root, emotions=emotions, **options)), (*NAMES, *emotions))


def sources(
    root: Path,
    *,
    table: str,
    labels: Mapping[str, str] | None = None,
    emotions: Sequence[str] = (),
    columns: Mapping[str, str | None] | None = None,
    missing: Sequence[str] = MISSING,
    spellings: Spellings | None = None,
    encoding: str | None = None,
    scale: Sequence[float] | None = None,
    ratings: str | None = None,
) -> list[Path]:
    """Return the table, the recordings that it names and that exist, and the other recordings below ``root``.

    labels: their name: our emotion. emotions: names of emotions besides those of the project. columns: their column:
    ours, null for one that is not to be used. missing: words that mean an empty cell, in place of the usual ones.
    spellings: whether names such as 01 and 1 are ``one`` or ``apart``. encoding: of the table, where it is not UTF-8.
    scale: lowest and highest rating of valence, activation and dominance. ratings: another table, with a row per label
    of a rater: utterance (or path), rater, emotion.
    """
    del scale
    names: dict[str, Any] = {"labels": labels, "emotions": emotions, "columns": columns, "missing": missing}
    reading = _read(root, table=table, spellings=spellings, encoding=encoding, ratings=ratings, **names)
    named = {row.audio for row in reading.rows} | {fault.audio for fault in reading.faults if fault.audio}
    spelled = on_disk(root, named)
    present = audio_files(root)
    elsewhere = {spelled.get(audio, audio) for audio in named}.difference(present)  # of a suffix that is not listed
    files = sorted({*present, *(audio for audio in elsewhere if os.path.isfile(root / audio))})
    tables = [table] if ratings is None else [table, ratings]
    return [*(_find(root, name) for name in tables), *(root / audio for audio in files)]


def audio_files(root: Path, **_: object) -> list[str]:
    """Return every recording below ``root``, relative to it, sorted; nothing whose name begins with a dot."""
    return recordings(root, SUFFIXES, links=True)


def utterances(root: Path | None, **options: Any) -> list[Utterance]:
    """Return the table's rows; BrokenRowsError naming file and line of every row that cannot be used."""
    return _sound(_as_on_disk(root, _read(root, **options)))


def warnings(root: Path | None, **options: Any) -> list[Fault]:
    """Return what was understood in a way that a user may not expect: words for "missing", unused columns."""
    return list(_as_on_disk(root, _read(root, **options)).warnings)


def verify(rows: Sequence[Utterance], **_: object) -> list[str]:  # noqa: ARG001
    """Return no differences: there is no published card to compare with."""
    return []


def scale(root: Path | None, *, scale: Sequence[float] | None = None, **_: object) -> tuple[float, float] | None:  # noqa: ARG001
    """Return the scale of the ratings as the option states it; None where it does not."""
    return None if scale is None else checked_scale(scale)


def _sound(reading: Reading) -> list[Utterance]:
    if reading.faults:
        raise BrokenRowsError(reading.faults, reading.rows)
    return list(reading.rows)


def _read(
    root: Path | None, *, table: str, ratings: str | None = None, scale: Sequence[float] | None = None, **options: Any
) -> Reading:
    """Return what the table says; SerError where file, header or an option is wrong. Options: see ``sources``."""
    if scale is not None:
        checked_scale(scale)
    path = _find(root, table)
    rated = None if ratings is None else _find(root, ratings, "ratings")
    given = {name: _hashable(value) for name, value in options.items() if value is not None}
    given |= {"ratings": (rated, rated.read_bytes())} if rated is not None else {}
    return _understood(path, path.read_bytes(), tops(root), **given)


def _hashable(value: Any) -> Any:
    if isinstance(value, Mapping):
        return tuple(value.items())
    return value if isinstance(value, str) else tuple(value)


@lru_cache(maxsize=4)  # a plan asks for facts, rows and sources of the same table
def _understood(
    path: Path,
    content: bytes,
    tops: tuple[str, ...],
    *,
    labels: tuple[tuple[str, str], ...] = (),
    emotions: tuple[str, ...] = (),
    columns: tuple[tuple[str, str | None], ...] = (),
    missing: tuple[str, ...] = MISSING,
    spellings: Spellings | None = None,
    encoding: str | None = None,
    ratings: tuple[Path, bytes] | None = None,
) -> Reading:
    words = frozenset(map(folded, missing))
    meaning = Meaning(emotion_names(dict(labels), emotions), words, tops, spellings)
    known = {*COLUMNS, *ALIASES, *(theirs.casefold() for theirs, _ in columns)}
    file = table_file.read(path, content, known, encoding)
    meant = meanings(file, dict(columns), rated=ratings is not None)
    reading = read(file, meant, meaning)
    if not reading.rows and not reading.faults:
        raise SerError(f"{path}: has a header, but no rows.")
    if ratings is not None:
        reading = _with_ratings(reading, *ratings, meaning, encoding)
    if "emotion" not in meant:
        reading = replace(reading, rows=[replace(row, emotion=majority(row.raters)) for row in reading.rows])
    return reading


def _with_ratings(reading: Reading, path: Path, content: bytes, meaning: Meaning, encoding: str | None) -> Reading:
    """Return the reading with the labels of the raters in the table at ``path``."""
    file = table_file.read(path, content, {*NAMED_BY, "rater", "emotion"}, encoding)
    found = read_ratings(file, meaning.emotions, meaning.missing)

    def audio(cell: str) -> str | None:
        try:
            return below_root(cell, meaning.tops)
        except CellError:
            return None

    rows, unused = joined(reading.rows, found, audio)
    return Reading(rows, [*reading.faults, *found.faults], [*reading.warnings, *unused])


def _as_on_disk(root: Path | None, reading: Reading) -> Reading:
    """Return the reading with the paths of recordings as the disk spells them, and a warning that counts them."""
    if root is None:
        return reading
    named = [(row.audio, row.where) for row in reading.rows]
    named += [(fault.audio, fault.where) for fault in reading.faults if fault.audio]
    spelled = on_disk(root, (audio for audio, _ in named))
    if not spelled:
        return reading
    rows = [replace(row, audio=spelled.get(row.audio, row.audio)) for row in reading.rows]
    faults = [replace(fault, audio=spelled.get(fault.audio, fault.audio)) for fault in reading.faults]
    listed = offenders((f"{file!a} for {path!a}" for path, file in spelled.items()), LISTED)
    reason = f"{len(spelled)} recordings are spelled otherwise on the disk: {listed}"
    first = next(where for audio, where in named if audio in spelled)
    return Reading(rows, faults, [*reading.warnings, Fault("path-spelling", reason, first)])


def _find(root: Path | None, table: str, option: str = "table") -> Path:
    """Return the table's path: below ``root``, or else in the working directory."""
    paths = [Path(table)] if root is None else [root / table, Path(table)]
    for path in paths:
        if os.path.isfile(path):
            return path
        if spelled := on_disk(path.parent, [path.name]):  # with other letters for the same umlaut, or in another case
            return path.parent / spelled[path.name]
    tried = " and ".join(dict.fromkeys(map(str, paths)))
    raise SerError(
        f"the table of {'recordings' if option == 'table' else option}, option '{option}: {table}', does not exist; "
        f"tried {tried}. It is read before anything runs, so it cannot be inside an archive that is not unpacked yet."
    )
