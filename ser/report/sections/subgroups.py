"""WA, UA and F1 of groups of utterances, and how far each group is below the best one."""

from dataclasses import replace
from functools import lru_cache
from typing import Any

import pandas as pd

from ser import layout
from ser.evaluation import subgroups
from ser.evaluation.subgroups import METRICS, TOO_FEW, Group
from ser.report.data.experiment import ReportData
from ser.report.data.results import Result
from ser.report.formats import COUNT, PERCENT, POINTS
from ser.report.sections._columns import csv_only, interval, systems, tables_by_kind
from ser.report.table import Column, Row, Table, frame

TITLE = "Subgroups"
TARGET = "classes"
LEAD = (
    "The same predictions by gender, language, recording condition, length and agreement of the raters, where the "
    "corpus names them and they differ. Groups are compared on the classes that all of them have. A group with "
    f"{TOO_FEW} is named and not scored. The largest gap of an attribute was chosen among its groups, so that it is "
    "too large on average. An interval with 0 in it is no difference that other speakers would confirm."
)
SOURCE = ("predictions.parquet", "manifest.parquet")


@lru_cache(maxsize=1)
def found(data: ReportData) -> list[dict[str, Any]]:
    """Return every group of every result, in the order of the tables.

    result, group; best: the best group of the attribute, None where there is none; largest: whether its gap is.
    """
    return [row for result in data.by_name if layout.manifest(result.corpus).is_file() for row in _rows(data, result)]


def _rows(data: ReportData, result: Result) -> list[dict[str, Any]]:
    read = data.predictions[result.key]
    tested = set(read.rows["utterance"])
    named = subgroups.attributes(layout.manifest(result.corpus), tested, result.labels)
    groups = subgroups.groups(read.rows, named, read.classes)
    by_name = {(one.attribute, one.name): one for one in groups}
    worst = subgroups.largest(groups)
    return [
        {
            "result": result,
            "group": one,
            "best": by_name.get((one.attribute, one.best or "")),
            "largest": any(one is other for other in worst),
        }
        for one in groups
    ]


def tables(data: ReportData) -> list[Table]:
    """Return the largest gap of every attribute, and every group."""
    columns = [
        *systems(),
        Column("", "Groups by", "group.attribute"),
        Column("", "Best", "best.name"),
        Column("", "UA of best", "best.estimates.UA.value", PERCENT),
        Column("", "Worst", "group.name"),
        Column("", "UA of worst", "group.estimates.UA.value", PERCENT),
        Column("", "Δ UA", "group.gap.value", POINTS, "worst less best, points"),
        *interval("", "Δ UA", "group.gap", POINTS, small=""),
    ]
    gaps, source = [row for row in found(data) if row["largest"]], SOURCE
    summary = tables_by_kind(data, gaps, "The largest gap between groups.", columns=columns, source=source)
    caption = f"Percent; too few: {TOO_FEW}."
    each = tables_by_kind(data, found(data), caption, columns=_columns(), source=source, folded=True)
    return [*summary, *(replace(one, title=f"Every group: {one.title}") for one in each)]


def csv(data: ReportData) -> pd.DataFrame:
    """Return one row per result, attribute and group; metrics in percent, gaps in points."""
    return frame([Table("", _columns(), found(data))])


def _columns() -> list[Column]:
    return [
        *systems(),
        Column("attribute", "Groups by", "group.attribute"),
        Column("group", "Group", "group.name"),
        Column("speakers", "Speakers", "group.speakers", COUNT),
        Column("utterances", "Utterances", "group.utterances", COUNT),
        *(Column(metric, metric, f"group.estimates.{metric}.value", PERCENT) for metric in METRICS[:2]),
        *interval("UA", "UA", "group.estimates.UA", small=""),
        Column("macro_F1", "F1", "group.estimates.macro F1.value", PERCENT, "mean F1 of the classes"),
        Column("gap", "Δ UA", "group.gap.value", POINTS, "less the best group of the attribute, points"),
        *interval("gap", "Δ UA", "group.gap", POINTS, small=""),
        Column("remark", "Remark", _remark),
        *csv_only(note="result.first.warning"),
    ]


def _remark(row: Row) -> str:
    one: Group = row["group"]
    without = f"without {', '.join(one.without)}" if one.without and one.estimates else ""
    return one.too_few or "; ".join(filter(None, ["best" if one.best == one.name else "", without]))
