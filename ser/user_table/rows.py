"""From the cells of a user's table to utterances, with everything that is wrong or worth mentioning at once."""

import posixpath
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from ser.corpus import DIMENSIONS, LISTED, Fault, Utterance
from ser.errors import offenders, unknown
from ser.user_table.cells import CellError, clean, has_comma, has_point, is_missing, seconds
from ser.user_table.columns import COLUMNS, NAMES, RATER, TIMES, unused
from ser.user_table.emotion_names import EmotionNames
from ser.user_table.file import TableFile
from ser.user_table.paths import below_root
from ser.user_table.ratings import labels, number
from ser.user_table.spellings import alike

GENDERS = {
    **dict.fromkeys(("female", "f", "w", "woman", "fem", "feminine", "weiblich", "frau"), "female"),
    **dict.fromkeys(("male", "m", "man", "masc", "masculine", "männlich", "mann"), "male"),
}
LINE_END = re.compile("\r\n?")  # those in a text follow the table's, and mean the same
Spellings = Literal["one", "apart"]
Cells = dict[str, str]  # by column; "" where the column is absent or the cell is a word for "missing"


@dataclass(frozen=True)
class Reading:
    """What a table says. rows: the sound ones. faults: why the others are not; warnings: what a user may not expect."""

    rows: list[Utterance]
    faults: list[Fault]
    warnings: list[Fault]


@dataclass(frozen=True)
class Meaning:
    """How cells are understood. missing: casefolded words for "missing". tops: absolute names of the root."""

    emotions: EmotionNames
    missing: Collection[str]
    tops: Sequence[str]
    spellings: Spellings | None


def read(table: TableFile, meant: list[str | None], meaning: Meaning) -> Reading:
    """Return what the rows of ``table`` say; ``meant``: the column of each of its columns."""
    cells = [(where, _by_column(row, meant)) for where, row in table.rows]
    warnings = unused(table, meant) + _blank_missing([row for _, row in cells], meaning, str(table.path))
    points = any(has_point(row[name]) for _, row in cells for name in TIMES)
    shared = Counter(audio for _, row in cells if (audio := _audio(row, meaning.tops)))
    found = [_row(where, row, meaning, shared, points) for where, row in cells]
    faults = table.faults + [one for one in found if isinstance(one, Fault)]
    rows = [one for one in found if isinstance(one, Utterance)]
    rows, differing = _spelled(rows, meaning.spellings, str(table.path))
    rows, repeated = _without_repetitions(rows)
    rows, twice = _named_once(rows)
    names = {row.utterance for row in rows}
    faults = sorted((_with_own_name(fault, names) for fault in faults + twice), key=_line)
    return Reading(rows, faults + differing, warnings + repeated)


def _with_own_name(fault: Fault, names: Collection[str]) -> Fault:
    """Return the fault of a row by file and line where a sound row has its name."""
    return replace(fault, utterance=posixpath.basename(fault.where)) if fault.utterance in names else fault


def _line(fault: Fault) -> int:
    return int(fault.where.rpartition(":")[2])


def _by_column(row: Sequence[str], meant: Sequence[str | None]) -> Cells:
    given = {name: cell for cell, name in zip(row, meant, strict=True) if name}
    return {name: clean(cell) if name != "text" else LINE_END.sub("\n", cell).strip() for name, cell in given.items()}


def _blank_missing(rows: Sequence[Cells], meaning: Meaning, where: str) -> list[Fault]:
    """Add absent columns to ``rows``, empty the cells that say "missing", and return a warning per column that does."""
    warnings = []
    for name in (*COLUMNS, *(rows[0].keys() - {*COLUMNS} if rows else ())):
        words: Counter[str] = Counter()
        for row in rows:
            cell = row.setdefault(name, "")
            if cell and is_missing(cell, meaning.missing) and not (_is_label(name) and meaning.emotions.knows(cell)):
                words[cell] += 1
                row[name] = ""
        if words and name not in TIMES:  # NaT, as audformat writes it for the end of a file, surprises no user
            named = offenders((f"'{word}' ({count})" for word, count in words.most_common()), LISTED)
            reason = f"column '{name}': {sum(words.values())} cells are read as empty: {named}"
            warnings.append(Fault("missing-word", reason, where))
    return warnings


def _is_label(column: str) -> bool:
    return column == "emotion" or bool(RATER.fullmatch(column))


def _audio(cells: Cells, tops: Sequence[str]) -> str | None:
    try:
        return below_root(cells["path"], tops)
    except CellError:
        return None


def _row(where: str, cells: Cells, meaning: Meaning, shared: Mapping[str, int], points: bool) -> Utterance | Fault:
    """Return the utterance of a row, or everything that is wrong with it. shared: rows by path; points: see _time."""
    broken = [name for name, cell in cells.items() if ("\n" in cell or "\r" in cell) and name != "text"]
    wrong = [f"column '{name}' has a line break; is a quote missing?" for name in broken]
    hints: list[str] = []

    def understood(read: Callable[..., Any], *arguments: object) -> Any:
        try:
            return read(*arguments)
        except CellError as error:
            wrong.append(str(error))
            hints.extend(filter(None, [error.hint]))
            return None

    audio = understood(below_root, cells["path"], meaning.tops)
    start, end = (understood(_time, name, cells[name], points) for name in TIMES)
    if end is not None and end <= (start or 0.0):
        wrong.append(f"end {end:g} s is not after start {start or 0:g} s")
    emotion = understood(meaning.emotions.of, cells["emotion"])
    gender = understood(_gender, cells["gender"])
    ratings = {name: understood(number, name, cells[name]) for name in DIMENSIONS}
    judged = {name: understood(labels, cell, meaning.emotions) for name, cell in cells.items() if RATER.fullmatch(name)}
    name = cells["utterance"] or _name(audio, start, shared)
    if wrong:
        known = name if name.isprintable() and name else posixpath.basename(where)
        return Fault("broken-row", "; ".join(wrong), where, known, audio or "", tuple(hints))
    texts: dict[str, Any] = {column: cells[column] or None for column in (*NAMES, "text")}
    texts["raters"] = tuple((rater.removeprefix("rater_"), given) for rater, given in judged.items() if given)
    about = {"start": start, "end": end, "gender": gender} | ratings | texts
    return Utterance(utterance=name, audio=str(audio), where=where, emotion=emotion, **about)


def _name(audio: str | None, start: float | None, shared: Mapping[str, int]) -> str:
    """Return the name of an utterance that the table does not name: its path, with the start where rows share it."""
    if audio is None:
        return ""
    stem = posixpath.splitext(audio)[0]
    return stem if shared[audio] == 1 or start is None else f"{stem}@{start:.3f}"


def _time(column: str, cell: str, points: bool) -> float | None:
    """Return seconds, None for an empty cell; CellError for a comma where other cells have a decimal point."""
    if not cell:
        return None
    if points and has_comma(cell):
        raise CellError(f"{column} '{cell}': other times have a decimal point; does the comma separate thousands?")
    try:
        return seconds(cell)
    except CellError as error:
        raise CellError(f"{column} {error}", error.hint) from error


def _gender(cell: str) -> str | None:
    if cell and cell.casefold() not in GENDERS:
        what, _, known = str(unknown("gender", cell, GENDERS)).partition(" Known: ")
        hint = (
            f"known genders: {known} An empty cell leaves it open, 'options: {{columns: {{gender: null}}}}' all of them"
        )
        raise CellError(what.rstrip("."), hint)
    return GENDERS.get(cell.casefold())


def _without_repetitions(rows: Sequence[Utterance]) -> tuple[list[Utterance], list[Fault]]:
    """Return the rows without those that say the same as an earlier one, and a warning that counts them."""
    times = Counter(row.utterance for row in rows)
    first: dict[Utterance, Utterance] = {}
    repeated = [
        row for row in rows if times[row.utterance] > 1 and first.setdefault(replace(row, where=""), row) is not row
    ]
    if not repeated:
        return list(rows), []
    gone = {row.where for row in repeated}
    places = offenders((posixpath.basename(row.where) for row in repeated), LISTED)
    reason = f"{len(repeated)} rows say the same as an earlier one and count once: {places}"
    return [row for row in rows if row.where not in gone], [Fault("repeated-row", reason, repeated[0].where)]


def _named_once(rows: Sequence[Utterance]) -> tuple[list[Utterance], list[Fault]]:
    """Return the rows whose utterance has a name of its own, and a fault for each of the others."""
    named: dict[str, list[Utterance]] = defaultdict(list)
    for row in rows:
        named[row.utterance].append(row)
    faults = []
    for name, those in named.items():
        for row in those if len(those) > 1 else ():
            elsewhere = offenders((other.where for other in those if other is not row), LISTED)
            reason = (
                f"utterance '{name}' is also at {elsewhere}; give the rows different names in a column 'utterance', or "
                "different starts if they share a file"
            )
            faults.append(Fault("contradiction", reason, row.where, name, row.audio))
    return [row for row in rows if len(named[row.utterance]) == 1], faults


def _spelled(rows: Sequence[Utterance], spellings: Spellings | None, where: str) -> tuple[list[Utterance], list[Fault]]:
    """Return the rows with one spelling per name if ``spellings`` says so, and a fault per column if it says nothing.

    One spelling: the most frequent one; of equally frequent ones the shortest, then the first in order.
    """
    if spellings == "apart":
        return list(rows), []
    faults = []
    for column in NAMES:
        groups = alike(name for row in rows if (name := getattr(row, column)) is not None)
        if spellings == "one":
            first = {name: next(iter(group)) for group in groups for name in group}
            rows = [replace(row, **{column: first.get(name := getattr(row, column), name)}) for row in rows]
        elif groups:
            listed = (" and ".join(f"'{name}' ({count} rows)" for name, count in group.items()) for group in groups)
            pairs = "; ".join([*listed][:LISTED])
            reason = f"names of column '{column}' in several spellings, {len(groups)}: {pairs}"
            more = f"; and {len(groups) - LISTED} more" if len(groups) > LISTED else ""
            faults.append(Fault("spelling", reason + more, where))
    return list(rows), faults
