"""Whether the printed numbers of the papers agree with each other."""

from functools import lru_cache, partial

import pandas as pd

from ser.papers import matching
from ser.papers.arithmetic import ArithmeticCheck, checks
from ser.report.data.experiment import ReportData
from ser.report.sections._columns import badge, columns
from ser.report.table import Column, Table

TITLE = "Arithmetic of the printed numbers"
TARGET = "classes"
LEAD = "Whether the printed numbers of each paper agree with each other. No run of ours is needed for it."
HOLDS = {True: ("yes", "reproduced"), False: ("no", "not-reproduced")}  # text and style of the badge
COLUMNS = [
    *columns(claim="Statement", paper="Paper"),
    Column("where", "Where", small=""),
    Column("", "Holds", lambda row: HOLDS[row.holds][0], html=lambda row: badge(*HOLDS[row.holds])),
    Column("detail", "Numbers"),
]


def tables(data: ReportData) -> list[Table]:
    """Return the statements about the papers of the runs: those that do not hold, and those that do."""
    found = _checks(data)
    failing, holding = ([check for check in found if check.holds == holds] for holds in (False, True))
    table = partial(Table, columns=COLUMNS, source=("published_results.csv",), paper=True)
    return [
        table("Statements that do not hold", rows=failing, caption=f"{len(failing)} of {len(found)}."),
        table("Statements that hold", rows=holding, folded=True),
    ]


def csv(data: ReportData) -> pd.DataFrame:
    """Return one row per statement."""
    return pd.DataFrame(_checks(data), columns=list(ArithmeticCheck._fields))


@lru_cache(maxsize=1)
def _checks(data: ReportData) -> list[ArithmeticCheck]:
    """Return the checks of the papers on whose corpora systems were run."""
    own = matching.applicable(result.own for result in data.results)
    papers = {paper for paper, results in own.items() if not all(result.synthetic for result in results)}
    return [check for check in checks() if check.paper in papers]
