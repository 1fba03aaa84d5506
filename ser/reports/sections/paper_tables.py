"""The papers' own tables with our numbers, as tables of the report."""

from collections.abc import Sequence

import pandas as pd

from ser.papers.paper_tables import PaperLine, PaperTable
from ser.reports.gathered.tables import Table


def tables(found: Sequence[PaperTable], warning: str) -> list[Table]:
    """Return the tables as text, one row per system and protocol."""
    made = []
    for one in found:
        caption = f"{one.paper}, {one.table}: ours, in brackets the printed number and the difference. Percent but for "
        caption += "sizes and times; minutes are of one run. From scores.parquet and run.json."
        columns = ("Paper's system", "Corpus", "Protocol", "System", *one.columns, "Remark")
        rows = tuple((line.name, *_where(line), *(cell.text for cell in line.cells), line.remark) for line in one.lines)
        text = frozenset({"Paper's system", "Corpus", "Protocol", "System", "Remark"})
        made.append(Table(caption, warning, columns, rows, text, one.notes))
    return made


def frame(found: Sequence[PaperTable]) -> pd.DataFrame:
    """Return one row per printed number and result of ours: value, printed, difference, remark."""
    columns = ["paper", "table", "paper_system", "transcript", "corpus", "protocol", "system", "column"]
    rows = [
        (
            *(one.paper, one.table, line.system, "recognised" if line.recognised else "given", *_where(line), column),
            *(None if value is None else round(value, 4) for value in (cell.ours, cell.printed, cell.difference)),
            line.remark,
        )
        for one in found
        for line in one.lines
        for column, cell in zip(one.columns, line.cells, strict=True)
    ]
    return pd.DataFrame(rows, columns=[*columns, "ours", "printed", "difference", "remark"])


def _where(line: PaperLine) -> tuple[str, str, str]:
    result = line.result
    return ("–", "–", "–") if result is None else (result.corpus, result.protocol, result.system)
