"""The papers' own tables: our number, the printed one, their difference, and how far they compare."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from itertools import combinations
from typing import Any

import pandas as pd
from markupsafe import Markup

from ser.papers import matching, published
from ser.papers.matching import OwnResult
from ser.papers.published import Published
from ser.report.data.experiment import ReportData
from ser.report.data.results import KEYS
from ser.report.formats import Format
from ser.report.sections._columns import code
from ser.report.table import Column, Row, Table

TITLE = "The papers' tables"
TARGET = "classes"
LEAD = (
    "Rows and columns as printed. Each cell has our number, below it the printed one and the difference. A printed "
    "number is at best from another draw of test utterances: the remark states how far the two are comparable."
)
CAPTION = (
    "Ours, in brackets the printed number and the difference. "
    "Percent except for sizes and times; minutes are of one run."
)
SOURCE = ("scores.parquet", "run.json", "published_results.csv")
HEADINGS = {"parameters": "parameters, M", "minutes": "training, min", "converged UA": "UA, converged"}
NOT_RUN = "not run in this experiment"
CELL = Format(lambda cell: cell.text, str)


@dataclass(frozen=True)
class Cell:
    """A number of ours and the printed one, both in percent, millions or minutes; None where there is none."""

    ours: float | None
    printed: float | None

    @property
    def difference(self) -> float | None:
        """Ours minus the printed one."""
        return None if self.ours is None or self.printed is None else self.ours - self.printed

    @property
    def text(self) -> str:
        """``57.40 (64.34, −6.94)``: ours, the printed one and the difference."""
        ours = "–" if self.ours is None else f"{self.ours:.2f}"
        if self.printed is None:
            return ours
        difference = "" if self.difference is None else f", {self.difference:+.2f}"
        return f"{ours} ({self.printed:.2f}{difference})".replace("-", "−")


@lru_cache(maxsize=1)
def tables(data: ReportData) -> list[Table]:
    """Return one table per table of a paper that was run, a row per printed system and protocol of ours.

    Rows and columns are in the paper's order. On the synthetic corpus systems that were not run are left out.
    """
    found = []
    for paper, results in matching.applicable(result.own for result in data.results).items():
        for name in dict.fromkeys(number.table for number in published.printed(paper)):
            rows = _rows([number for number in published.printed(paper) if number.table == name], results)
            if any(row["result"] for row in rows):
                found.append(_table(f"{paper}, {name}", rows, data.warning))
    return found or [Table("", (), ())]


def csv(data: ReportData) -> pd.DataFrame:
    """Return one row per printed number and result of ours."""
    columns = ["paper", "table", "paper_system", "transcript", *KEYS, "column"]
    lines = []
    for row in (row for table in tables(data) for row in table.rows):
        of, where = row["printed"], [row[key] for key in KEYS]
        system = (of.paper, of.table, of.system, "recognised" if of.recognised else "given", *where)
        for column, cell in row["cells"].items():
            numbers = (
                None if value is None else round(value, 4) for value in (cell.ours, cell.printed, cell.difference)
            )
            lines.append((*system, column, *numbers, row["remark"]))
    return pd.DataFrame(lines, columns=[*columns, "ours", "printed", "difference", "remark"])


def _rows(printed: Sequence[Published], results: Sequence[OwnResult]) -> list[dict[str, Any]]:
    """Return the rows of one table of a paper: its systems, each with our results of it, None where it was not run.

    printed: the first number of the system; corpus, protocol, system: of ours, "–" where there is none; cells: by
    column.
    """
    measures = dict.fromkeys((number.metric, number.label) for number in printed)
    columns = {HEADINGS.get(measure[0], " ".join(measure).strip()): measure for measure in measures}
    absent = [] if all(one.synthetic for one in results) else [None]
    rows = []
    for name in dict.fromkeys(number.name for number in printed):
        numbers = [number for number in printed if number.name == name]
        values = {(number.metric, number.label): number.percent for number in numbers}
        ours = [one for one in results if any(matching.belongs(one, number) for number in numbers)]
        ours.sort(key=lambda one: (one.paper != numbers[0].paper, *one.setting))
        for result in ours or absent:
            cells = {title: Cell(_ours(result, *of), values.get(of)) for title, of in columns.items()}
            row = {"printed": numbers[0], "result": result, "cells": cells, "remark": _remark(numbers, result)}
            where = (*result.setting, result.system) if result else ("–", "–", "–")
            rows.append({**row, **dict(zip(KEYS, where, strict=True))})
    return rows


def _ours(result: OwnResult | None, metric: str, label: str) -> float | None:
    """Return our number for a column, in the paper's unit; None where we have none."""
    if result is None:
        return None
    if metric in ("parameters", "minutes"):
        return result.parameters / 1e6 if metric == "parameters" else result.minutes
    value = {**result.rates, "converged UA": result.converged_ua, "recall": result.recalls.get(label)}.get(metric)
    return None if value is None or value != value else 100 * value


def _remark(numbers: Sequence[Published], result: OwnResult | None) -> str:
    if result is None:
        return NOT_RUN
    parts = [matching.remark(result, numbers), published.known_remark(numbers[0].paper, numbers[0].system)]
    if result.curve_ua is not None:
        parts.append(f"best point of our test curve: UA {100 * result.curve_ua:.2f}, chosen on the test part")
    return "; ".join(part for part in dict.fromkeys((*parts, result.partial)) if part)


def _table(title: str, rows: Sequence[Row], warning: str) -> Table:
    columns = [
        Column("", "Paper's system", "printed.name"),
        *(Column("", key.capitalize(), key, page=False) for key in KEYS),
        Column("", "Run", "{corpus} · {protocol} · {system}".format_map, html=_run, small="", text=False),
        *(Column("", name, f"cells.{name}", CELL, html=partial(_markup, name)) for name in rows[0]["cells"]),
        Column("", "Remark", "remark"),
    ]
    return Table(title, columns, rows, CAPTION, SOURCE, warning, tuple(_ratios(rows)), paper=True)


def _run(row: Row) -> str:
    return code(row["system"]) + f" {row['protocol']} · {row['corpus']}" if row["result"] else ""


def _markup(column: str, row: Row) -> str:
    """Return our number, with the printed one and the difference below it."""
    cell = row["cells"][column]
    ours = "–" if cell.ours is None else Markup("<b>{}</b>").format(f"{cell.ours:.2f}")
    below = [] if cell.printed is None else [f"printed {cell.printed:.2f}"]
    below += [] if cell.difference is None else [f"{cell.difference:+.2f}".replace("-", "−")]
    return Markup("{}{}").format(ours, Markup("").join(Markup("<small>{}</small>").format(text) for text in below))


def _ratios(rows: Sequence[Row]) -> Iterator[str]:
    """Yield how many times larger and slower each system is than those below it, where a table prints both."""
    for one, other in combinations((row for row in rows if row["result"]), 2):
        a, b = one["result"], other["result"]
        if one["printed"] == other["printed"] or a.setting != b.setting:
            continue
        for metric in ("minutes", "parameters"):
            first, second = (row["cells"].get(HEADINGS[metric]) for row in (one, other))
            if first and second and first.ours and second.ours and first.printed and second.printed:
                yield (
                    f"{metric}, {a.system} : {b.system} = {first.ours / second.ours:.2f}, "
                    f"printed {first.printed / second.printed:.2f} ({a.protocol} on {a.corpus})"
                )
