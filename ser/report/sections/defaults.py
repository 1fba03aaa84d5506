"""The values of each system that its paper does not give, with the reason for our default."""

from collections.abc import Iterator

from markupsafe import Markup

from ser.report.data.experiment import ReportData
from ser.report.data.results import Result
from ser.report.sections._columns import code
from ser.report.table import Column, Table

TITLE = "Systems and our defaults"
LEAD = "Our defaults: values that the paper of a system does not give, with the reason for each."


def tables(data: ReportData) -> list[Table]:
    """Return one row per system and default; a system without any has one row."""
    columns = [
        Column("system", "System", lambda row: row[0].system, page=False),
        Column("paper", "Paper", lambda row: row[0].recipe.paper or "no paper", page=False),
        Column("key", "Key", lambda row: row[1], html=lambda row: code(row[1]) if row[1] else "none"),
        Column("reason", "Reason", lambda row: row[2]),
    ]
    return [Table("Defaults", columns, list(_rows(data)), "", ("plan.json",), group=_heading, folded=True)]


def _rows(data: ReportData) -> Iterator[tuple[Result, str, str]]:
    systems = {result.system: result for result in reversed(data.results)}
    for _, result in sorted(systems.items(), key=lambda item: item[0].lower()):
        for key, reason in (result.recipe.defaults or {"": "The recipe has no value beyond its paper."}).items():
            yield result, key, reason


def _heading(row: tuple[Result, str, str]) -> Markup:
    recipe = row[0].recipe
    return Markup("{} {} <small>{}</small>").format(code(row[0].system), recipe.title, recipe.paper or "no paper")
