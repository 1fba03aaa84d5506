"""Shared by adapters: a table of labels that is part of a release."""

import csv
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from ser.errors import SerError, offenders

Row = Mapping[str, str]


def rows(path: Path, columns: Sequence[str], *, separator: str = ",") -> Iterator[tuple[str, Row]]:
    """Yield file and line, and the cells by column, of every row of a table in UTF-8.

    SerError where a column is missing, a row has another number of cells, or the file cannot be read.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, delimiter=separator)
            if missing := [column for column in columns if column not in (reader.fieldnames or ())]:
                present = ", ".join(reader.fieldnames or ()) or "none"
                raise SerError(f"{path}: lacks the columns {offenders(missing)}; it has {present}.")
            for row in reader:
                where = f"{path}:{reader.line_num}"
                if None in row or None in row.values():
                    raise SerError(f"{where}: has another number of cells than the header.")
                yield where, {str(column): str(cell).strip() for column, cell in row.items()}
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise SerError(f"{path}: cannot be read as a table of labels ({error}).") from error


def rating(cell: str, where: str) -> float | None:
    """Return a mean rating; None for an empty cell or ``nan``; SerError for what is no number."""
    try:
        value = float(cell or "nan")
    except ValueError as error:
        raise SerError(f"{where}: a rating must be a number, but this is '{cell}'.") from error
    return value if math.isfinite(value) else None
