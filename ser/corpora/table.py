"""Your own recordings: a folder of audio and a CSV file that describes it.

The table has one row per utterance and a header. Columns: path and emotion; optional utterance, speaker, session,
gender, language, text, and start and end in seconds where several utterances share a file. Paths are relative to the
corpus root. Cells are separated by commas, semicolons or tabs. An empty emotion means not labelled. An emotion is a
name of ``ser.emotions``, or one that the option ``labels`` translates.
"""

import csv
import io
import math
import os
import posixpath
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from ser.audio_formats import SUFFIXES
from ser.corpora._recordings import recordings
from ser.corpus import Card, Facts, Utterance, facts_of
from ser.emotions import NAMES
from ser.errors import SerError, unknown

REQUIRED = ("path", "emotion")
COLUMNS = (*REQUIRED, "utterance", "speaker", "session", "gender", "language", "text", "start", "end")
GENDERS = {"female": "female", "f": "female", "w": "female", "male": "male", "m": "male"}

CARD = Card(title="Recordings of your own", licence="their owner's", homepage="", language=None, utterances=None)

Row = tuple[str, dict[str, str]]  # "file:line", column: cell


def facts(root: Path | None, *, table: str, labels: Mapping[str, str] | None = None, **_: object) -> Facts:
    """Return the table's facts without reading a recording; ``allow_subset`` changes nothing."""
    return facts_of(utterances(root, table=table, labels=labels), NAMES)


def sources(root: Path, *, table: str, labels: Mapping[str, str] | None = None) -> list[Path]:
    """Return the table, the recordings that it names and that exist, and the other recordings below ``root``."""
    del labels
    path = _find(root, table)
    present = audio_files(root)
    elsewhere = {cells["path"] for _, cells in _rows(path)}.difference(present)  # of a suffix that is not listed
    return [path, *(root / audio for audio in sorted({*present, *(a for a in elsewhere if os.path.isfile(root / a))}))]


def audio_files(root: Path, **_: object) -> list[str]:
    """Return every recording below ``root``, relative to it, sorted; nothing whose name begins with a dot."""
    return recordings(root, SUFFIXES)


def utterances(root: Path | None, *, table: str, labels: Mapping[str, str] | None = None) -> list[Utterance]:
    """Return the table's rows; SerError naming file and line of a wrong row, or both of a double name."""
    given = labels or {}
    for theirs, ours in given.items():
        if ours not in NAMES:
            raise SerError(f"option 'labels', '{theirs}: {ours}': {unknown('emotion', ours, NAMES)}")
    names = {str(theirs).casefold(): ours for theirs, ours in given.items()}
    rows = [_utterance(where, cells, names) for where, cells in _rows(_find(root, table))]
    seen: dict[str, str] = {}
    for row in rows:
        if row.utterance in seen:
            raise SerError(
                f"{row.where}: utterance '{row.utterance}' is also at {seen[row.utterance]}; give the rows "
                "different names in a column 'utterance', or different starts if they share a file."
            )
        seen[row.utterance] = row.where
    return rows


def verify(rows: Sequence[Utterance], **_: object) -> list[str]:  # noqa: ARG001
    """Return no differences: there is no published card to compare with."""
    return []


def _find(root: Path | None, table: str) -> Path:
    """Return the table's path: below ``root``, or else in the working directory."""
    paths = [Path(table)] if root is None else [root / table, Path(table)]
    for path in paths:
        if os.path.isfile(path):
            return path
    tried = " and ".join(dict.fromkeys(map(str, paths)))
    raise SerError(
        f"the table of recordings, option 'table: {table}', does not exist; tried {tried}. It is read before "
        "anything runs, so it cannot be inside an archive that is not unpacked yet."
    )


def _rows(path: Path) -> list[Row]:
    """Return the rows with ``path`` made unique: cells by column name, '' where a column is absent, and where."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = path.read_bytes()[: error.start].count(b"\n") + 1
        raise SerError(f"{path}:{line}: is not UTF-8 text ({error.reason}); save the table as CSV UTF-8.") from error
    if not text.partition("\n")[0].strip():
        raise SerError(f"{path}: begins with an empty line; a header with the columns {', '.join(REQUIRED)} is needed.")
    rows = _cells(path, text)
    if not rows:
        raise SerError(f"{path}: has a header, but no rows.")
    shared = Counter(cells["path"] for _, cells in rows)
    for where, cells in rows:
        if not cells["utterance"]:
            stem = posixpath.splitext(cells["path"])[0]
            begin = _seconds(where, cells, "start")
            cells["utterance"] = stem if shared[cells["path"]] == 1 or begin is None else f"{stem}@{begin:.3f}"
    return rows


def _cells(path: Path, text: str) -> list[Row]:
    first = text.partition("\n")[0].partition("\r")[0]
    if len(first) > csv.field_size_limit():
        raise SerError(f"{path}:1: a header of {len(first)} letters is none; is this a CSV table?")
    columns = {one: {cell.strip().casefold() for cell in next(csv.reader([first], delimiter=one))} for one in ",;\t"}
    # the one that finds most known columns; commas in texts would mislead a guess over all rows
    separator = max(columns, key=lambda one: len(columns[one] & {*COLUMNS}))
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    rows = []
    try:
        header = _header(path, next(reader))
        line = reader.line_num + 1
        for cells in reader:
            where, line = f"{path}:{line}", reader.line_num + 1  # a quoted cell may go over several lines
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) != len(header):
                raise SerError(f"{where}: has {len(cells)} cells, the header {len(header)}; is a quote missing?")
            found = dict.fromkeys(COLUMNS, "") | dict(zip(header, (cell.strip() for cell in cells), strict=True))
            found["path"] = _audio(where, found["path"])
            rows.append((where, found))
    except csv.Error as error:
        raise SerError(f"{path}:{reader.line_num}: is not a row of a CSV table ({error}).") from error
    return rows


def _header(path: Path, cells: Sequence[str]) -> list[str]:
    header = [cell.strip().casefold() for cell in cells]
    for name in header:
        if name not in COLUMNS:
            raise SerError(f"{path}:1: {unknown('column', name, COLUMNS)} Rename the column or take it out.")
        if header.count(name) > 1:
            raise SerError(f"{path}:1: column '{name}' occurs twice.")
    for name in REQUIRED:
        if name not in header:
            raise SerError(f"{path}:1: there is no column '{name}'; found: {', '.join(header)}.")
    return header


def _utterance(where: str, cells: Mapping[str, str], labels: Mapping[str, str]) -> Utterance:
    start, end = _seconds(where, cells, "start"), _seconds(where, cells, "end")
    if end is not None and end <= (start or 0.0):
        raise SerError(f"{where}: end {end:g} s is not after start {start or 0:g} s.")
    cell = cells["emotion"]
    emotion = labels.get(cell.casefold(), cell.casefold())
    if cell and emotion not in NAMES:
        raise SerError(
            f"{where}: {unknown('emotion', cell, NAMES)} Or set the option 'labels: {{{cell}: <known name>}}'."
        )
    gender = cells["gender"].casefold()
    if gender and gender not in GENDERS:
        raise SerError(f"{where}: {unknown('gender', cells['gender'], GENDERS)}")
    return Utterance(
        utterance=cells["utterance"],
        audio=cells["path"],
        where=where,
        emotion=emotion or None,
        start=start,
        end=end,
        speaker=cells["speaker"] or None,
        session=cells["session"] or None,
        gender=GENDERS.get(gender),
        language=cells["language"] or None,
        text=cells["text"] or None,
    )


def _audio(where: str, path: str) -> str:
    """Return the recording's path below the root, with slashes, also where the table was written under Windows."""
    audio = posixpath.normpath(path.replace("\\", "/"))
    if not path:
        raise SerError(f"{where}: the path is empty.")
    if posixpath.isabs(audio) or audio[1:2] == ":":
        raise SerError(f"{where}: path '{path}' is absolute; write it relative to the corpus root.")
    if audio.split("/")[0] == "..":
        raise SerError(f"{where}: path '{path}' leads out of the corpus root; paths are relative to it.")
    return audio


def _seconds(where: str, cells: Mapping[str, str], column: str) -> float | None:
    """Return a time in seconds, None for an empty cell; a decimal comma is understood."""
    cell = cells[column]
    if not cell:
        return None
    try:
        value = float(cell.replace(",", "."))
    except ValueError:
        value = math.nan
    if not 0 <= value < math.inf:
        raise SerError(f"{where}: {column} '{cell}' is not a number of seconds from 0 on.")
    return value
