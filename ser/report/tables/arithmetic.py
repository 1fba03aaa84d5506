"""Whether the printed numbers of the papers agree with each other."""

from dataclasses import fields
from functools import lru_cache

import pandas as pd

from ser.papers import matching
from ser.papers.arithmetic import ArithmeticCheck, checks
from ser.report.data.experiment import ReportData
from ser.report.table import Column, Table
from ser.report.tables._columns import badge

TITLE = "Arithmetic of the printed numbers"
LEAD = "Whether the printed numbers of each paper agree with each other. No run of ours is needed for it."
COLUMNS = [
    Column("", "Statement", lambda row: row.claim),
    Column("", "Paper", lambda row: row.paper),
    Column("", "Where", lambda row: row.where, small=""),
    Column(
        "",
        "Holds",
        lambda row: "yes" if row.holds else "no",
        html=lambda row: badge(*(("yes", "reproduced") if row.holds else ("no", "not-reproduced"))),
    ),
    Column("", "Numbers", lambda row: row.detail),
]


def tables(data: ReportData) -> list[Table]:
    """Return the statements about the papers of the runs: those that do not hold, and those that do."""
    found = _checks(data)
    failing, holding = ([check for check in found if check.holds == holds] for holds in (False, True))
    source = ("published_results.csv",)
    return [
        Table("Statements that do not hold", COLUMNS, failing, f"{len(failing)} of {len(found)}.", source, paper=True),
        Table("Statements that hold", COLUMNS, holding, "", source, paper=True, folded=True),
    ]


def csv(data: ReportData) -> pd.DataFrame:
    """Return one row per statement."""
    return pd.DataFrame(_checks(data), columns=[field.name for field in fields(ArithmeticCheck)])


@lru_cache(maxsize=1)
def _checks(data: ReportData) -> list[ArithmeticCheck]:
    """Return the checks of the papers on whose corpora systems were run."""
    own = matching.applicable(result.own for result in data.results)
    papers = {paper for paper, results in own.items() if not all(result.synthetic for result in results)}
    return [check for check in checks() if check.paper in papers]
