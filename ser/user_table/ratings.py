"""What raters say in a user's table: numbers of dimensions, labels per rater, and a table with a row per label."""

import posixpath
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from ser.corpus import LISTED, Fault, Utterance
from ser.errors import SerError, offenders
from ser.user_table.cells import CellError, clean, is_missing
from ser.user_table.emotion_names import EmotionNames
from ser.user_table.file import TableFile

NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:[.,][0-9]*)?|[.,][0-9]+)(?:[eE][+-]?[0-9]{1,2})?")
SEPARATOR = re.compile(r"[;,|/]")  # between several labels of one rater
NAMED_BY = ("utterance", "path", "file")  # columns of a table of labels, one of which it has
NO_MAJORITY = "undecided"
Raters = tuple[tuple[str, tuple[str, ...]], ...]  # as in an Utterance


@dataclass(frozen=True)
class Labels:
    """What a table with a row per label says. raters: by what names the utterance; places: where that is first."""

    raters: Mapping[str, Raters]
    places: Mapping[str, str]
    faults: list[Fault]


def number(column: str, cell: str) -> float | None:
    """Return a rating, None for an empty cell; a decimal comma is understood. CellError for anything else."""
    if not cell:
        return None
    if not NUMBER.fullmatch(cell):
        raise CellError(f"{column} '{cell}' is no number", f"'options: {{columns: {{{column}: null}}}}' leaves it out")
    return float(cell.replace(",", "."))


def labels(cell: str, emotions: EmotionNames) -> tuple[str, ...]:
    """Return the labels that one rater gave, separated by ``;``, ``,``, ``|`` or ``/``; CellError: one is unknown."""
    parts = [cell] if emotions.knows(cell) else [clean(part) for part in SEPARATOR.split(cell)]
    found = (emotions.of(part) for part in parts)
    return tuple(dict.fromkeys(emotion for emotion in found if emotion is not None))


def majority(raters: Raters) -> str | None:
    """Return the label that more raters gave than any other; NO_MAJORITY where there is none, None without labels."""
    counts = Counter(emotion for _, given in raters for emotion in given).most_common(2)
    if not counts:
        return None
    return NO_MAJORITY if len(counts) > 1 and counts[0][1] == counts[1][1] else counts[0][0]


def checked_scale(scale: Sequence[float]) -> tuple[float, float]:
    """Return the lowest and the highest rating of a scale; SerError unless they are two that rise."""
    if len(scale) != 2 or not scale[0] < scale[1]:
        raise SerError(f"a scale is its lowest and its highest rating, such as [1, 5]; this is {list(scale)}.")
    return float(scale[0]), float(scale[1])


def read(table: TableFile, emotions: EmotionNames, missing: Collection[str]) -> Labels:
    """Return the labels of a table whose rows name an utterance, an emotion and, if the header does, a rater.

    Without a column ``rater`` every row is another rater of its utterance. SerError for a header without the columns.
    """
    header = [name.casefold() for name in table.header]
    named_by = next((name for name in NAMED_BY if name in header), None)
    if named_by is None or "emotion" not in header:
        raise SerError(
            f"{table.path}:1: a table of ratings has the columns utterance (or path) and emotion, and rater where that "
            f"is known; found: {offenders(filter(None, header), LISTED)}."
        )
    given: dict[str, dict[str, tuple[str, ...]]] = defaultdict(dict)
    places: dict[str, str] = {}
    faults = list(table.faults)
    for where, row in table.rows:
        cells = dict(zip(header, map(clean, row), strict=True))
        name, cell = cells[named_by], cells["emotion"]
        if not name:
            faults.append(_broken(where, f"has no {named_by}"))
            continue
        places.setdefault(name, where)
        rater = cells.get("rater") or str(len(given[name]) + 1)
        if is_missing(cell, missing) and not emotions.knows(cell):
            continue
        try:
            given[name][rater] = tuple(dict.fromkeys((*given[name].get(rater, ()), *labels(cell, emotions))))
        except CellError as error:
            faults.append(_broken(where, str(error), error.hint))
    return Labels({name: tuple(raters.items()) for name, raters in given.items()}, places, faults)


def _broken(where: str, reason: str, hint: str = "") -> Fault:
    return Fault("broken-row", reason, where, posixpath.basename(where), hints=(hint,) if hint else ())


def joined(
    rows: Sequence[Utterance], found: Labels, audio: Callable[[str], str | None]
) -> tuple[list[Utterance], list[Fault]]:
    """Return ``rows`` with the labels of their raters, and a warning that counts the labels of no row.

    A label belongs to the utterance of that name, else to that of the path, else to the only one whose recording has
    that name without folders and suffix. audio: a cell as path below the root, None where it is none.
    """
    names = {row.utterance: row for row in rows}
    paths = _only(rows, lambda row: row.audio)
    stems = _only(rows, lambda row: _stem(row.audio))
    raters: dict[str, Raters] = {}
    unused = []
    for name, labelled in found.raters.items():
        row = names.get(name) or paths.get(audio(name) or "") or stems.get(_stem(name))
        if row is None:
            unused.append(name)
        else:
            raters[row.utterance] = (*raters.get(row.utterance, ()), *labelled)
    warnings = []
    if unused:
        reason = f"{len(unused)} utterances with ratings are not in the table: {offenders(unused, LISTED)}"
        warnings.append(Fault("unused-rating", reason, found.places[unused[0]]))
    return [replace(row, raters=(*row.raters, *raters.get(row.utterance, ()))) for row in rows], warnings


def _only(rows: Sequence[Utterance], key: Callable[[Utterance], str]) -> dict[str, Utterance]:
    """Return the rows whose ``key`` no other row has."""
    counts = Counter(map(key, rows))
    return {key(row): row for row in rows if counts[key(row)] == 1}


def _stem(path: str) -> str:
    return posixpath.splitext(posixpath.basename(path.replace("\\", "/")))[0]
