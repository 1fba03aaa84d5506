"""Columns and headings that several tables share."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import replace
from functools import partial
from math import nan
from typing import Any

from markupsafe import Markup, escape

from ser.report.data.audits import Leak
from ser.report.data.experiment import ReportData
from ser.report.data.results import EXPLANATIONS, LEAKING, PAPER, Result, ResultGroup
from ser.report.formats import INTERVAL, PERCENT, TEXT, Format
from ser.report.table import Column, Row, Table, Value

INTERVAL_MEANING = "95 % interval for other test speakers"


def code(text: str) -> Markup:
    """Return ``text`` in a fixed-width font."""
    return Markup("<code>{}</code>").format(text)


def badge(text: str, style: str = "") -> Markup:
    """Return ``text`` as a badge."""
    return Markup('<span class="badge {}">{}</span>').format(style, text)


def coded(name: str, title: str, value: Value = "", **options: Any) -> Column:
    """Return a column of names in a fixed-width font."""
    column = Column(name, title, value, **options)
    return replace(column, html=lambda row: code(column.read(row)))


def columns(kind: Format = TEXT, /, **titles: str) -> list[Column]:
    """Return columns of what a name names in a row, by name; a title of "" is for the CSV file alone."""
    return [Column(name, title, "", kind) for name, title in titles.items()]


def page_only(titles: Iterable[str], kind: Format, cell: Callable[..., str]) -> list[Column]:
    """Return columns for the page alone, such as those of a matrix; cell: of a row and ``title``."""
    return [Column("", one, lambda _: None, kind, html=partial(cell, title=one), text=False) for one in titles]


def csv_only(*names: str, **values: Value) -> list[Column]:
    """Return columns for the CSV file alone: what ``names`` name in a row, then ``values`` by name."""
    return [Column(name, "", value) for name, value in {**dict.fromkeys(names, ""), **values}.items()]


def interval(
    metric: str, title: str, of: Value, kind: Format = PERCENT, both_as: Format = INTERVAL, **options: Any
) -> list[Column]:
    """Return the 95 % interval of a metric: its limits for the CSV file, and both for readers under ``title``.

    kind, both_as: how one limit, and how both are written. of: what has ``low`` and ``high`` in a row, as the value of
    a column; None where there is none.
    """

    estimate = Column("", "", of)

    def both(row: Row) -> tuple[float, float]:
        return (nan, nan) if (found := estimate.read(row)) is None else (found.low, found.high)

    return [
        Column(f"{metric}_low", "", lambda row: both(row)[0], kind),
        Column(f"{metric}_high", "", lambda row: both(row)[1], kind),
        Column("", f"{title} 95 %", both, both_as, INTERVAL_MEANING, **options),
    ]


def result_of(row: Row) -> Result:
    """Return the result that a row is, or that it has under ``result``."""
    found: Result = row if isinstance(row, Result) else row["result"]
    return found


def systems() -> list[Column]:
    """Return corpus, protocol and system of a row's result; on the page the protocol is the heading of its rows."""
    return [
        *csv_only(corpus=lambda row: result_of(row).corpus),
        coded("protocol", "Protocol", lambda row: result_of(row).protocol, page=False),
        Column("system", "System", lambda row: result_of(row).system, html=_system),
    ]


def _system(row: Row) -> Markup:
    """Return the name of a row's system, with a badge where runs of it are not trained."""
    result = result_of(row)
    return code(result.system) + (Markup(" ") + badge(result.untrained, "hot") if result.untrained else "")


def leak_badges(leaks: Iterable[Leak]) -> Markup:
    """Return the leaks as badges."""
    hot = {True: "hot", False: ""}
    return Markup(" ").join(badge(one.text, hot[one.name in LEAKING and one.status != "not found"]) for one in leaks)


def declared_leaks(data: ReportData, result: Result) -> list[Leak]:
    """Return the leaks of a row's protocol, as the audit found them."""
    return [leak for leak in data.leaks(result) if leak.name in result.first.protocol.leaks]


def leak_text(leaks: Iterable[Leak]) -> str:
    """Return the leaks as text: ``speaker; audio (declared, not found)``."""
    return "; ".join(leak.text for leak in leaks)


def protocol_heading(data: ReportData, result: Result) -> Markup:
    """Return protocol, title and leaks of a row, as the heading of its rows on the page."""
    heading = code(result.protocol) + " " + escape(result.first.protocol.title)
    if leaks := declared_leaks(data, result):
        heading += Markup(' <span class="leaks">leaks: {}</span>').format(leak_badges(leaks))
    if result.partial:
        heading += Markup(' <span class="leaks">not all folds were run: not ranked</span>')
    elif result.untrained:
        heading += Markup(' <span class="leaks">not trained: not ranked</span>')
    return heading


def table_of_kind(data: ReportData, group: ResultGroup, kind: str, caption: str, **options: Any) -> Table:
    """Return the table of one group and kind of results, under the headings of their protocols on the page.

    caption: what follows the classes and the kind; options: other fields of the table.
    """
    options |= {"group": lambda row: protocol_heading(data, result_of(row)), "paper": kind == PAPER}
    caption = f"{group.classes}. {EXPLANATIONS[kind]} {caption}"
    return Table(f"{group.corpus}, {kind}", caption=caption, warning=group.warning, **options)


def tables_by_kind(data: ReportData, rows: Collection[Row], caption: str, **options: Any) -> list[Table]:
    """Return one table per group and kind of results; caption, options: of ``table_of_kind``.

    rows: each is or has a result, in the order of ``data.by_name``.
    """
    made = [
        table_of_kind(data, group, kind, caption, rows=mine, **options)
        for group, kind, results in data.by_kind()
        if (mine := [row for row in rows if result_of(row) in results])
    ]
    return made or [Table("", options["columns"], ())]
