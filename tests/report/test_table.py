"""One definition of a table: the same values in CSV, Markdown, LaTeX and HTML."""

import io
import math
import re
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest
from jinja2 import Environment, FileSystemLoader
from markupsafe import Markup

from ser.report import formats, table
from ser.report.table import Column, Table


@dataclass(frozen=True)
class Score:
    system: str
    protocol: str
    ua: float
    low: float | None
    note: str = ""


COLUMNS = (
    Column("protocol", "Protocol", lambda row: row.protocol, page=False),
    Column("system", "System", lambda row: row.system, html=lambda row: Markup("<code>{}</code>").format(row.system)),
    Column("UA", "UA", lambda row: row.ua, formats.PERCENT, "mean recall, percent"),
    Column("UA_low", "lower", lambda row: row.low, formats.PERCENT, "of the 95 % interval", small="from "),
    Column("note", "", lambda row: row.note),
)
ROWS = (Score("a_b", "p", 0.5, 0.25), Score("c|<d>", "p", math.nan, None, "careful"))
MADE = Table(
    "Scores", COLUMNS, ROWS, "On demo.", ("scores.parquet", "runs"), "a warning", group=lambda row: row.protocol
)


def html(made: Table) -> str:
    folder = Path(table.__file__).parent / "templates"
    macro = Environment(loader=FileSystemLoader(folder), autoescape=True, trim_blocks=True, lstrip_blocks=True)
    return macro.from_string('{% from "table.html" import table %}{{ table(made, "scores") }}').render(made=made)


def test_csv_has_numbers_and_its_own_names() -> None:
    read = pd.read_csv(io.StringIO(table.csv(table.frame([MADE]))))
    assert list(read.columns) == ["protocol", "system", "UA", "UA_low", "note"]
    assert read["UA"].tolist() == pytest.approx([50, math.nan], nan_ok=True)
    assert read["UA_low"].tolist() == pytest.approx([25, math.nan], nan_ok=True)


def test_an_empty_table_has_a_csv_with_names_and_no_environment() -> None:
    empty = Table("Scores", COLUMNS, ())
    assert list(table.frame([empty]).columns) == ["protocol", "system", "UA", "UA_low", "note"]
    assert "Nothing to show" in table.markdown([empty], "Trial")
    assert "begin" not in table.latex([empty])


def test_markdown_has_a_cell_per_heading_and_the_legend_of_its_columns() -> None:
    text = table.markdown([MADE], "Trial")
    rows = [re.split(r"(?<!\\)\|", line)[1:-1] for line in text.splitlines() if line.startswith("|")]
    assert {len(row) for row in rows} == {4}
    assert [cell.strip() for cell in rows[3]] == ["p", r"c\|&lt;d&gt;", "–", "–"]
    assert (
        "Scores. On demo. UA: mean recall, percent; lower: of the 95 % interval. From scores.parquet and runs." in text
    )
    assert "**Warning:** a warning" in text


def test_latex_is_escaped_and_split_into_pages() -> None:
    text = table.latex([Table("Many", COLUMNS, ROWS * 30)])
    assert text.count(r"\begin{table}") == text.count(r"\bottomrule") == 2
    assert "Part 2 of 2" in text
    assert r"a\_b & 50.00 & 25.00 \\" in text
    assert text.isascii()


def test_the_page_groups_rows_and_puts_small_columns_below() -> None:
    text = html(MADE)
    assert text.count('<tr class="group">') == 1
    assert "<code>c|&lt;d&gt;</code>" in text
    assert text.count('<th scope="col"') == 2
    assert re.search(r'title="mean recall, percent">UA<', text)
    assert re.search(
        r'<td data-title="UA" class="num" data-sort="0.5">50.00<small title="[^"]+">from 25.00</small></td>', text
    )
    assert 'href="tables/scores.tex"' in text
