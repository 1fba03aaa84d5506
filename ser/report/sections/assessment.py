"""Tests that a system should pass: correctness, calibration, fairness, robustness and consistency, with limits."""

from collections import Counter
from dataclasses import replace
from functools import lru_cache, partial
from itertools import groupby
from typing import Any

import pandas as pd

from ser.evaluation import model_tests
from ser.evaluation.model_tests import KINDS, VERDICTS
from ser.report.data.experiment import ReportData
from ser.report.data.results import Result
from ser.report.formats import DECIMAL, TEXT, Format, decimal
from ser.report.sections import subgroups
from ser.report.sections._columns import badge, csv_only, systems, tables_by_kind
from ser.report.table import Column, Row, Table, frame

TITLE = "Tests"
TARGET = "classes"
LEAD = (
    "The tests of ser assess on the test utterances of all folds and seeds. The 95 % interval of a number, for other "
    "speakers, decides: passed where all of it keeps the limit, failed where none of it does, else undecided. Limits "
    "are ours; an application may need stricter ones. Robustness and consistency need the conditions of "
    "robustness.tests, fairness needs groups that are large enough; what is missing is not tested."
)
SOURCE = ("predictions.parquet", "manifest.parquet", "robustness/*.parquet")
STYLES = {"passed": "reproduced", "failed": "hot"}
BOTH = Format(lambda pair: f"[{decimal(pair[0])}, {decimal(pair[1])}]", str)


@lru_cache(maxsize=1)
def found(data: ReportData) -> list[dict[str, Any]]:
    """Return every test of every result, in the order of the tables: result, and finding.

    The tests are of one class per utterance, and of probabilities that sum to 1.
    """
    groups = {
        result: [row["group"] for row in rows]
        for result, rows in groupby(subgroups.found(data), key=lambda row: row["result"])
    }
    return [
        {"result": result, "finding": one}
        for result in data.by_name
        if result.first.protocol.target.kind in ("majority", "distribution")
        for one in _findings(data, result, groups.get(result, []))
    ]


def _findings(data: ReportData, result: Result, groups: list[Any]) -> list[model_tests.Finding]:
    read, conditions = data.predictions[result.key], data.disturbed.get(result.key, {})

    def disturbed(condition: str, strength: float) -> pd.DataFrame | None:
        named = (rows for one, rows in conditions.items() if one.condition == condition and strength in one.strengths)
        rows = next(named, None)
        return None if rows is None else rows[rows["strength"] == strength]

    error = model_tests.calibration_error_of(read.rows, read.probabilities, read.classes)
    return list(model_tests.findings(read.rows, read.classes, error, groups, disturbed))


def tables(data: ReportData) -> list[Table]:
    """Return how many tests of each kind a system passes, and every test."""
    by_result = [
        {"result": result, "findings": [row["finding"] for row in rows]}
        for result, rows in groupby(found(data), key=lambda row: row["result"])
    ]
    columns = [*systems(), *(Column("", kind.capitalize(), partial(_verdicts, kind)) for kind in KINDS)]
    summary = tables_by_kind(data, by_result, "Verdicts of the tests of each kind.", columns=columns, source=SOURCE)
    each = tables_by_kind(data, found(data), "All folds and seeds.", columns=_columns(), source=SOURCE, folded=True)
    return [*summary, *(replace(one, title=f"Every test: {one.title}") for one in each)]


def csv(data: ReportData) -> pd.DataFrame:
    """Return one row per result and test; shares, differences and errors as fractions."""
    return frame([Table("", _columns(), found(data))])


def _columns() -> list[Column]:
    return [
        *systems(),
        Column("kind", "Kind", "finding.kind"),
        Column("test", "Test", "finding.test"),
        Column("value", "Value", "finding.value", DECIMAL),
        *csv_only(low="finding.low", high="finding.high"),
        Column("", "95 %", _interval, BOTH, "95 % interval for other test speakers"),
        Column("side", "", lambda row: "at least" if row["finding"].at_least else "at most"),
        Column("limit", "", "finding.limit", DECIMAL),
        Column("", "Limit", _limit, TEXT, "that the value should keep"),
        Column("verdict", "Verdict", "finding.verdict", html=_badge),
        *csv_only(note="result.first.warning"),
    ]


def _verdicts(kind: str, row: Row) -> str:
    """Return ``2 passed, 1 failed`` of the tests of one kind."""
    counts = Counter(one.verdict for one in row["findings"] if one.kind == kind)
    return ", ".join(f"{counts[name]} {name}" for name in VERDICTS if counts[name])


def _interval(row: Row) -> tuple[float, float] | None:
    one = row["finding"]
    return None if one.low != one.low else (one.low, one.high)


def _limit(row: Row) -> str:
    one = row["finding"]
    return f"{'≥' if one.at_least else '≤'} {one.limit:.3g}".replace("-", "−")


def _badge(row: Row) -> str:
    verdict = row["finding"].verdict
    return badge(verdict, STYLES.get(verdict, ""))
