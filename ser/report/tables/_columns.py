"""Columns and headings that several tables share. ``of`` returns the result that a row is about."""

from collections.abc import Callable, Iterable, Sequence
from operator import attrgetter
from typing import Any

from markupsafe import Markup, escape

from ser.report.data.audits import Leak
from ser.report.data.experiment import ReportData
from ser.report.data.results import EXPLANATIONS, LEAKING, PAPER, Result
from ser.report.table import Column, Row, Table

Of = Callable[[Row], Result]
INTERVAL_MEANING = "95 % interval for other test speakers"


def code(text: str) -> Markup:
    """Return ``text`` in a fixed-width font."""
    return Markup("<code>{}</code>").format(text)


def badge(text: str, style: str = "") -> Markup:
    """Return ``text`` as a badge."""
    return Markup('<span class="badge {}">{}</span>').format(style, text)


def coded(name: str, title: str, value: Callable[[Row], str], **options: Any) -> Column:
    """Return a column of names in a fixed-width font."""
    return Column(name, title, value, html=lambda row: code(value(row)), **options)


def systems(of: Of = attrgetter("result"), protocol_on_page: bool = False) -> list[Column]:
    """Return corpus, protocol and system of a row; on the page the protocol is usually the heading of its rows."""
    return [
        Column("corpus", "", lambda row: of(row).corpus),
        coded("protocol", "Protocol", lambda row: of(row).protocol, page=protocol_on_page),
        coded("system", "System", lambda row: of(row).system),
    ]


def note(of: Of = attrgetter("result")) -> Column:
    """Return the warning of a row's corpus, for the CSV file."""
    return Column("note", "", lambda row: of(row).first.warning)


def leak_badges(leaks: Iterable[Leak]) -> Markup:
    """Return the leaks as badges."""
    return Markup(" ").join(
        badge(leak.text, "hot" if leak.name in LEAKING and leak.status != "not found" else "") for leak in leaks
    )


def leak_text(leaks: Iterable[Leak]) -> str:
    """Return the leaks as text: ``speaker; audio (declared, not found)``."""
    return "; ".join(leak.text for leak in leaks)


def protocol_heading(data: ReportData, result: Result) -> Markup:
    """Return protocol, title and leaks of a row, as the heading of its rows on the page."""
    leaks = [leak for leak in data.leaks(result) if leak.name in result.first.protocol.leaks]
    heading = code(result.protocol) + " " + escape(result.first.protocol.title)
    if leaks:
        heading += Markup(' <span class="leaks">leaks: {}</span>').format(leak_badges(leaks))
    return heading + (
        Markup(' <span class="leaks">not all folds were run: not ranked</span>') if result.partial else ""
    )


def tables_by_kind(
    data: ReportData,
    columns: Sequence[Column],
    rows: Callable[[tuple[Result, ...]], Sequence[Row]],
    caption: str,
    source: Sequence[str],
    of: Of = attrgetter("result"),
    **options: Any,
) -> list[Table]:
    """Return one table per group of results and kind of row; ``rows`` makes the table's rows from the results."""
    made = [
        Table(
            f"{group.corpus}, {kind}",
            columns,
            rows(results),
            f"{group.classes}. {EXPLANATIONS[kind]} {caption}",
            source,
            group.warning,
            group=lambda row: protocol_heading(data, of(row)),
            paper=kind == PAPER,
            **options,
        )
        for group, kind, results in data.by_kind()
    ]
    return [table for table in made if table.rows] or [Table("", columns, ())]


def by_name(results: Iterable[Result]) -> list[Result]:
    """Return results sorted by protocol, then by name of the system."""
    return sorted(results, key=lambda row: (row.protocol, bool(row.partial), row.system.lower()))
