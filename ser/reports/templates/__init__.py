"""The page in parts, one template per section, and what they call.

A package, so that the templates are part of the fingerprint of whatever imports it.
"""

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from ser.reports.cards import grouping
from ser.reports.gathered import numerals
from ser.reports.gathered.runs import spans
from ser.reports.sections.audits import examples, matrix
from ser.reports.sections.gap import grouped, remark
from ser.reports.sections.ranking import swapped
from ser.reports.sections.standings import spread_text

FOLDER = Path(__file__).parent


def environment() -> Environment:
    """Return the templates with the filters that they use."""
    found = Environment(loader=FileSystemLoader(FOLDER), autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    found.lstrip_blocks = True
    found.filters |= {
        "count": numerals.count,
        "decimal": numerals.decimal,
        "duration": numerals.duration,
        "limits": numerals.limits,
        "p": numerals.p_value,
        "percent": numerals.percent,
        "points": numerals.points,
        "short": numerals.short,
        "spans": spans,
        "spread": spread_text,
    }
    found.globals |= {
        "examples": examples,
        "grouped": grouped,
        "grouping": grouping,
        "matrix": matrix,
        "remark": remark,
        "swapped": swapped,
    }
    return found


def style() -> Markup:
    """Return the page's style sheet."""
    return Markup((FOLDER / "page.css").read_text(encoding="utf-8"))
