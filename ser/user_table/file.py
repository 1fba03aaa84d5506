"""The file of a user's table: from bytes to rows of cells, whichever program wrote it.

Encodings: UTF-8, UTF-16, UTF-32 with its mark, or the one that the user names. Separators: comma, semicolon, tab,
bar or space; a line ``sep=;`` before the header decides. Empty lines, empty cells behind the last column, numbers of
rows without a column, and the header where it is repeated because tables were joined, are left out.
"""

import codecs
import csv
import io
import posixpath
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from ser.corpus import Fault
from ser.errors import SerError
from ser.user_table.cells import clean

SEPARATORS = (",", ";", "\t", "|", " ")  # of equally good ones the first
MARKS = {  # the longer mark first: that of UTF-32 begins with that of UTF-16
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
OTHER_FORMATS = {
    b"PK\x03\x04": "a spreadsheet (.xlsx, .ods) or another zip archive",
    b"\xd0\xcf\x11\xe0": "a spreadsheet (.xls)",
    b"PAR1": "a Parquet file",
    b"\x1f\x8b": "a gzip archive",
    b"SQLite format": "a database",
    b"%PDF": "a PDF",
    b"RIFF": "a recording",
    b"{": "JSON",
    b"[": "JSON",
    b"<": "HTML or XML",
}
EMPTY = "is empty; a header with the columns path, emotion is needed."
DECLARED = re.compile(r'\s*"?sep=(\\t|.)"?[;,\t|"]*', re.IGNORECASE)


@dataclass(frozen=True)
class TableFile:
    """header: names of columns, cleaned. rows: "file:line" and as many cells as the header has. faults: broken rows."""

    path: Path
    header: list[str]
    rows: list[tuple[str, list[str]]]
    faults: list[Fault]


def read(path: Path, content: bytes, known: Collection[str], encoding: str | None = None) -> TableFile:
    """Return the table in ``path``; ``known``: casefolded names of columns, by which the separator is found.

    SerError if it is not text of its encoding, is empty, or has a quote that is never closed.
    """
    text = _text(path, content, encoding)
    separator, quote, declared = _dialect(path, text, known)
    records: list[tuple[str, list[str]]] = []
    faults: list[Fault] = []
    for first, last, cells in _records(path, text, separator, quote):
        where = f"{path}:{first}"
        if isinstance(cells, str):
            lines = f"lines {first} to {last} are" if last > first else "is"
            faults.append(_broken(where, f"{lines} not a row of a CSV table ({cells})"))
        elif any(map(clean, cells)):
            records.append((where, cells))
    records = records[1:] if declared else records  # without the line 'sep=;'
    if not records:
        raise SerError(f"{faults[0].where}: {faults[0].reason}." if faults else f"{path}: {EMPTY}")
    header = [clean(cell) for cell in records[0][1]]
    rows = []
    for where, cells in _without_row_names(records[1:], header):
        if (fitted := _fitted(cells, header)) is None:
            faults.append(_broken(where, f"has {len(cells)} cells, the header {len(header)}; is a quote missing?"))
        elif any(clean(cell) != name for cell, name in zip(fitted, header, strict=True)):
            rows.append((where, fitted))
    return TableFile(path, header, rows, faults)


def _without_row_names(records: list[tuple[str, list[str]]], header: list[str]) -> list[tuple[str, list[str]]]:
    """Return the rows without their numbers if each begins with one and the header has no cell for it, as R writes."""
    numbers = {clean(cells[0]) for _, cells in records if len(cells) == len(header) + 1}
    if len(numbers) < len(records) or not all(number.isdecimal() for number in numbers):
        return records
    return [(where, cells[1:]) for where, cells in records]


def _broken(where: str, reason: str) -> Fault:
    return Fault("broken-row", reason, where, posixpath.basename(where))


def _fitted(cells: list[str], header: list[str]) -> list[str] | None:
    """Return as many cells as the header has; None if cells with content or of a named column are too many or few."""
    more, fewer = cells[len(header) :], header[len(cells) :]
    if any(map(clean, more)) or any(fewer):
        return None
    return [*cells[: len(header)], *[""] * len(fewer)]


def _text(path: Path, content: bytes, encoding: str | None) -> str:
    for start, name in OTHER_FORMATS.items():
        if content.startswith(start):
            raise SerError(f"{path}: is {name}, no CSV table; open it and save it as 'CSV UTF-8'.")
    chosen = encoding or _encoding(content)
    try:
        text = content.decode(chosen)
        text.encode("utf-8")  # an encoding such as unicode_escape can make letters that are none
    except LookupError as error:
        raise SerError(f"option 'encoding: {encoding}' is no encoding of text; examples: utf-8, cp1252.") from error
    except UnicodeError as error:
        before = content[: getattr(error, "start", 0)]
        raise SerError(
            f"{path}:{before.count(bytes([10])) + 1}: is not {chosen.removesuffix('-sig').upper()} text ({error}); "
            "save the table as 'CSV UTF-8', or name its encoding, such as 'options: {encoding: cp1252}' for Excel's in "
            "Western Europe."
        ) from error
    if "\0" in text:
        line = text[: text.index("\0")].count("\n") + 1
        raise SerError(f"{path}:{line}: has a zero byte, which no text has; save the table as 'CSV UTF-8'.")
    return text.removeprefix("\ufeff")


def _encoding(content: bytes) -> str:
    """Return the encoding by the mark at the beginning, or by the zero bytes of UTF-16's Latin letters."""
    for mark, name in MARKS.items():
        if content.startswith(mark):
            return name
    if content[1:2] == b"\0":
        return "utf-16-le"
    return "utf-16-be" if content[:1] == b"\0" else "utf-8-sig"


def _dialect(path: Path, text: str, known: Collection[str]) -> tuple[str, str, bool]:
    """Return what separates the cells, what quotes them, and whether the first line names the separator.

    Without such a line it is what finds most ``known`` columns in the header: commas in texts would mislead a guess
    over all rows.
    """
    first = next((line for line in io.StringIO(text, newline=None) if line.strip()), "").rstrip("\n")
    if match := DECLARED.fullmatch(first):
        return ("\t" if match[1] == "\\t" else match[1]), '"', True
    if not first:
        raise SerError(f"{path}: {EMPTY}")
    if len(first) > csv.field_size_limit():
        raise SerError(f"{path}:1: a header of {len(first)} letters is none; is this a CSV table?")
    quote = "'" if first.startswith("'") else '"'
    headers = {one: next(csv.reader([first], delimiter=one, quotechar=quote)) for one in SEPARATORS}
    found = {one: len({clean(cell).casefold() for cell in header} & {*known}) for one, header in headers.items()}
    return max(found, key=lambda one: found[one]), quote, False


def _records(path: Path, text: str, separator: str, quote: str) -> Iterator[tuple[int, int, list[str] | str]]:
    """Yield first line, last line and cells of every record, or what is wrong with it; a quoted cell may have lines."""
    try:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, quotechar=quote, strict=True)
    except (TypeError, ValueError) as error:
        raise SerError(f"{path}:1: 'sep={separator}' cannot separate cells ({error}).") from error
    line = 1
    while True:
        found: list[str] | str
        try:
            found = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            if "end of data" in str(error):
                raise SerError(f"{path}:{line}: a quote is opened in this row and never closed.") from error
            found = str(error)
        yield line, reader.line_num, found
        line = reader.line_num + 1
