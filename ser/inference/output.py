"""Answers as CSV, JSON lines, Parquet, or a table for a terminal."""

import csv
import json
import sys
from collections.abc import Iterable, Sequence
from contextlib import nullcontext
from dataclasses import replace
from math import isnan
from pathlib import Path
from typing import Any, Literal, TextIO

from ser.errors import SerError, printable
from ser.files.atomic import atomic_write
from ser.inference.none_rule import NONE
from ser.inference.recordings import Request
from ser.inference.utterance import Answer
from ser.tables import contracts
from ser.tables.answers import ANSWERS, ANSWERS_OR_NONE
from ser.terminal import aligned

Form = Literal["csv", "jsonl", "parquet", "html", "table"]  # html: by ser.prediction_page
SUFFIXES: dict[str, Form] = {
    ".csv": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
    ".html": "html",
}
Rows = Iterable[tuple[Request, Answer]]


def form_of(out: Path | None, wanted: str | None, *, terminal: bool) -> Form:
    """Return the form of the output: the one that is asked for, else by the suffix of ``out``, else for the reader."""
    if wanted is not None:
        found = {one: one for one in ("csv", "jsonl", "parquet", "html", "table")}.get(wanted)
        if found is None:
            raise SerError(f"--format {wanted}: known are csv, jsonl, parquet, html and table.")
    elif out is not None:
        found = SUFFIXES.get(out.suffix.lower())
        if found is None:
            raise SerError(f"{out}: the suffix names no format; known are {', '.join(SUFFIXES)}, or --format.")
    else:
        found = "table" if terminal else "csv"
    if found in ("parquet", "html") and out is None:
        raise SerError(f"--format {found} needs a file: --out FILE.{found}.")
    return found  # type: ignore[return-value]


def write(
    rows: Rows,
    classes: Sequence[str],
    form: Form,
    out: Path | None = None,
    *,
    recording: str | None = None,
    reasons: bool = False,
) -> int:
    """Write the answers to the file ``out``, or to standard output, as they come; return how many there are.

    recording: the name of the only one, whose rows are displayed one by one; a table of several waits for the last row,
    since its columns are as wide as their widest cell. reasons: an answer with a reason against it is ``none``, and the
    reason is in a column of its own.
    """
    if reasons:
        rows = ((request, replace(answer, label=NONE) if answer.reason else answer) for request, answer in rows)
    if recording is not None and out is None:
        rows = _flushed(rows)
        if form == "table":
            return _lines(rows, classes, recording, sys.stdout, reasons)
    if form == "parquet" and out is not None:
        return _parquet(rows, classes, out, reasons)
    writer = {"csv": _csv, "jsonl": _json_lines, "table": _table}[form]
    with nullcontext() if out is None else atomic_write(out) as partial:
        if partial is None:
            return writer(rows, classes, sys.stdout, reasons)
        with partial.open("w", encoding="utf-8", newline="") as file:
            return writer(rows, classes, file, reasons)


def _csv(rows: Rows, classes: Sequence[str], file: TextIO, reasons: bool) -> int:
    writer, count = csv.writer(file, lineterminator="\n"), 0
    writer.writerow(["recording", "start", "end", "predicted", *(["reason"] if reasons else []), *classes])
    for count, (request, answer) in enumerate(rows, start=1):  # noqa: B007
        times = ["" if time is None else f"{time:.3f}" for time in (answer.start, answer.end)]
        numbers = ["" if isnan(one) else f"{one:.7f}" for one in _values(answer, classes)]
        label = [answer.label, answer.reason or ""] if reasons else [answer.label]
        writer.writerow([printable(request.name), *times, *label, *numbers])
    return count


def _json_lines(rows: Rows, classes: Sequence[str], file: TextIO, reasons: bool) -> int:
    count = 0
    for count, (request, answer) in enumerate(rows, start=1):  # noqa: B007
        file.write(json.dumps(record(request, answer, classes, reasons), ensure_ascii=False) + "\n")
    return count


def record(request: Request, answer: Answer, classes: Sequence[str], reasons: bool = False) -> dict[str, Any]:
    """Return an answer as a line of JSON lines has it; start and end are in seconds, or None for the whole."""
    values = [None if isnan(one) else round(one, 7) for one in _values(answer, classes)]
    about = {"recording": printable(request.name), "start": answer.start, "end": answer.end}
    about |= {"predicted": answer.label} | ({"reason": answer.reason} if reasons else {})
    return about | {"probabilities": dict(zip(classes, values, strict=True))}


def _table(rows: Rows, classes: Sequence[str], file: TextIO, reasons: bool) -> int:
    """Write the three most probable classes of each recording in aligned columns."""
    cells = [["recording", "seconds", *([""] if reasons else []), "emotion", *("" for _ in classes[1:3])]]
    for request, answer in rows:
        span, cells_of = _cells(answer, classes, reasons)
        cells.append([printable(request.name), span, *cells_of])
    if all(not row[1] for row in cells[1:]):
        cells = [[row[0], *row[2:]] for row in cells]
    if len(cells) > 1:
        file.write(aligned(cells) + "\n")
    return len(cells) - 1


def _flushed(rows: Rows) -> Rows:
    for row in rows:
        yield row
        sys.stdout.flush()


def _lines(rows: Rows, classes: Sequence[str], recording: str, file: TextIO, reasons: bool) -> int:
    """Write the rows of one recording as they come, in columns as wide as any cell can be."""
    count, width = 0, max(map(len, classes)) + len(" 100 %")
    for count, (request, answer) in enumerate(rows, start=1):  # noqa: B007
        span, numbers = _cells(answer, classes, reasons)
        file.write("  ".join([recording, f"{span:>17}", *(f"{one:{width}}" for one in numbers)]).rstrip() + "\n")
    return count


def _cells(answer: Answer, classes: Sequence[str], reasons: bool) -> tuple[str, list[str]]:
    """Return start and end, and the three most probable classes with their probabilities; the reason before them."""
    ranked = sorted(classes, key=lambda name: -answer.probabilities[name])[:3]
    span = "" if answer.start is None or answer.end is None else f"{answer.start:.2f}–{answer.end:.2f}"
    values = [answer.probabilities[name] for name in ranked]
    numbers = ["" if isnan(one) else f"{name} {100 * one:.0f} %" for name, one in zip(ranked, values, strict=True)]
    none = [f"{NONE}: {answer.reason}" if answer.reason else ""] if reasons else []
    return span, [*none, *numbers]


def _values(answer: Answer, classes: Sequence[str]) -> list[float]:
    """Return the probabilities in the order of ``classes``; NaN where there are none."""
    return [answer.probabilities[name] for name in classes]


def _parquet(rows: Rows, classes: Sequence[str], out: Path, reasons: bool) -> int:
    table = [
        {
            "row": number,
            "recording": printable(request.name),
            "start": answer.start,
            "end": answer.end,
            "predicted": answer.label,
            **({"reason": answer.reason} if reasons else {}),
            "probabilities": _values(answer, classes),
        }
        for number, (request, answer) in enumerate(rows)
    ]
    contracts.write(ANSWERS_OR_NONE if reasons else ANSWERS, table, out, {"classes": json.dumps(list(classes))})
    return len(table)
