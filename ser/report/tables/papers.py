"""The papers' own tables: our number, the printed one and the difference."""

from collections.abc import Iterator
from functools import lru_cache, partial

import pandas as pd
from markupsafe import Markup

from ser.papers.paper_tables import PaperRow, PaperTable, paper_tables
from ser.report.data.experiment import ReportData
from ser.report.formats import Format
from ser.report.table import Column, Table
from ser.report.tables._columns import code

TITLE = "The papers' tables"
LEAD = (
    "Rows and columns as printed. Each cell has our number, below it the printed one and the difference. A printed "
    "number is at best from another draw of test utterances: the remark states how far the two are comparable."
)
CELL = Format(lambda cell: cell.text, str)


@lru_cache(maxsize=1)
def _found(data: ReportData) -> list[PaperTable]:
    return paper_tables(result.own for result in data.results)


def tables(data: ReportData) -> list[Table]:
    """Return one table per table of a paper, a row per printed system and protocol of ours."""
    return [_table(one, data.warning) for one in _found(data)] or [Table("", (), ())]


def csv(data: ReportData) -> pd.DataFrame:
    """Return one row per printed number and result of ours."""
    columns = ["paper", "table", "paper_system", "transcript", "corpus", "protocol", "system", "column"]
    return pd.DataFrame(_rows(data), columns=[*columns, "ours", "printed", "difference", "remark"])


def _rows(data: ReportData) -> Iterator[tuple[object, ...]]:
    for one in _found(data):
        for line in one.rows:
            transcript = "recognised" if line.side.number.recognised else "given"
            for column, cell in line.cells.items():
                numbers = [
                    None if value is None else round(value, 4) for value in (cell.ours, cell.printed, cell.difference)
                ]
                yield (one.paper, one.table, line.side.system, transcript, *line.where, column, *numbers, line.remark)


def _table(one: PaperTable, warning: str) -> Table:
    columns = [
        Column("", "Paper's system", "side.name"),
        Column("", "Corpus", lambda line: line.where[0], page=False),
        Column("", "Protocol", lambda line: line.where[1], page=False),
        Column("", "System", lambda line: line.where[2], page=False),
        Column("", "Run", lambda line: " · ".join(line.where), html=_run, small="", text=False),
        *(Column("", name, f"cells.{name}", CELL, html=partial(_markup, name)) for name in one.columns),
        Column("", "Remark", "remark"),
    ]
    caption = "Ours, in brackets the printed number and the difference. "
    caption += "Percent except for sizes and times; minutes are of one run."
    source = ("scores.parquet", "run.json", "published_results.csv")
    return Table(f"{one.paper}, {one.table}", columns, one.rows, caption, source, warning, one.notes, paper=True)


def _run(line: PaperRow) -> str:
    corpus, protocol, system = line.where
    return code(system) + f" {protocol} · {corpus}" if line.result else ""


def _markup(column: str, line: PaperRow) -> str:
    """Return our number, with the printed one and the difference below it."""
    cell = line.cells[column]
    ours = "–" if cell.ours is None else Markup("<b>{}</b>").format(f"{cell.ours:.2f}")
    below = [] if cell.printed is None else [f"printed {cell.printed:.2f}"]
    below += [] if cell.difference is None else [f"{cell.difference:+.2f}".replace("-", "−")]
    return Markup("{}{}").format(ours, Markup("").join(Markup("<small>{}</small>").format(text) for text in below))
