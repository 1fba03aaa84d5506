"""Every claim of the papers with a verdict that follows from our results."""

from collections.abc import Callable, Iterable
from functools import lru_cache
from operator import attrgetter

import pandas as pd
from markupsafe import Markup

from ser.papers import judging
from ser.papers.claims import Claim
from ser.papers.measures import MARGIN, Evidence
from ser.papers.uncertainty import Uncertain
from ser.papers.verdicts import Verdict
from ser.report.data.experiment import ReportData
from ser.report.formats import Format
from ser.report.table import Column, Table, frame
from ser.report.tables._columns import badge, code

TITLE = "The papers' claims"
LEAD = (
    "Each claim with our results, judged by rule. A value is reproduced if the 95 % interval of ours less the printed "
    f"one lies within {MARGIN:g} points, a difference or an ordering if its interval lies beyond 0 on the printed "
    "side. A number of another corpus, protocol or kind, or of a changed recipe, is evidence neither for nor against a "
    "paper."
)
NUMBER = Format(lambda value: f"{value:.2f}".replace("-", "−"), float)
NOT_RUN = "Claims about systems or settings that were not run."
SOURCE = ("scores.parquet", "intervals.parquet", "comparisons.parquet", "history.parquet", "run.json")


@lru_cache(maxsize=1)
def judged(data: ReportData) -> dict[str, list[Verdict]]:
    """Return the verdicts on the claims that apply to the results, by paper."""
    frame = data.comparisons
    pairs = frame[["corpus", "protocol", "system", "other", "metric"]].itertuples(index=False, name=None)
    evidence = Evidence(
        intervals={name: (interval.low, interval.high) for name, interval in data.intervals.items()},
        differences=dict(zip(pairs, zip(frame["low"], frame["high"], strict=True), strict=True)),
        transcripts=data.transcripts,
    )
    found = judging.verdicts([result.own for result in data.results], evidence)
    return {paper: [one for one in found if one.claim.paper == paper] for paper in judging.tally(found)}


def tally(found: Iterable[Verdict]) -> str:
    """Return ``3 reproduced, 2 not run``."""
    counts = judging.tally(found).values()
    return ", ".join(f"{number} {name}" for one in counts for name, number in one.items() if number)


def tables(data: ReportData) -> list[Table]:
    """Return one table per paper of the claims that were tested, and one of those that were not run."""
    made = []
    for paper, found in judged(data).items():
        tested = [one for one in found if one.verdict != "not run"]
        rest = [one for one in found if one.verdict == "not run"]
        made.append(_table(paper, tested, f"{len(found)} claims: {tally(found)}.", data.warning))
        made.append(_table(f"{paper}, not run", rest, NOT_RUN, data.warning))
    return made or [Table("", COLUMNS, ())]


def csv(data: ReportData) -> pd.DataFrame:
    """Return one row per claim, in the order of the papers."""
    return frame([Table("", COLUMNS, [verdict for found in judged(data).values() for verdict in found])])


def _table(title: str, rows: list[Verdict], caption: str, warning: str) -> Table:
    folded = title.endswith("not run")
    return Table(title, COLUMNS, rows, caption, SOURCE, warning, paper=True, folded=folded)


def _statement(claim: Claim) -> str:
    """Return the claim in one sentence; in brackets what it is about, where the sentence does not say."""
    about = [] if claim.kind in ("value", "convergence level") else [claim.measure]
    about += [" and ".join(side.name for side in claim.sides)] if len(claim.sides) == 2 else []
    about += [claim.corpus] if claim.paper == "xie2019" else []
    return f"{claim.statement} ({'; '.join(about)})" if about else claim.statement


def _numbers(name: str, title: str) -> list[Column]:
    """Return a number of the verdicts and, for the CSV file, its limits."""
    number: Callable[[Verdict], Uncertain | None] = attrgetter(name)

    def limit(row: Verdict, side: int) -> float | None:
        found = number(row)
        return found.limits[side] if found and found.limits else None

    return [
        Column(name, title, lambda row: found.value if (found := number(row)) else None, NUMBER),
        Column(f"{name}_low", "", lambda row: limit(row, 0), NUMBER),
        Column(f"{name}_high", "", lambda row: limit(row, 1), NUMBER),
    ]


def _span(row: Verdict) -> str:
    """Return ``57.10 … 61.90``; "" where nothing was sampled."""
    limits = row.ours.limits if row.ours else None
    return " … ".join(map(NUMBER.text, limits)) if limits else ""


def _badge(row: Verdict) -> str:
    return badge(row.verdict, row.verdict.replace(" ", "-"))


def _systems(row: Verdict) -> str:
    return Markup(", ").join(map(code, row.systems))


COLUMNS = [
    Column("paper", "", lambda row: row.claim.paper),
    Column("kind", "", lambda row: row.claim.kind),
    Column("statement", "", lambda row: row.claim.statement),
    Column("measure", "", lambda row: row.claim.measure),
    Column("paper_corpus", "", lambda row: row.claim.corpus),
    Column("paper_protocol", "", lambda row: row.claim.protocol),
    Column("paper_systems", "", lambda row: "; ".join(side.name for side in row.claim.sides)),
    Column("", "Claim", lambda row: _statement(row.claim)),
    Column("where", "Where", lambda row: row.claim.where, meaning="in the paper", small=""),
    *_numbers("printed", "Printed"),
    *_numbers("ours", "Ours"),
    Column("", "95 %", _span, meaning="interval of ours where it was sampled", small=""),
    Column("unit", "Unit", lambda row: row.unit, small=""),
    Column("verdict", "Verdict", lambda row: row.verdict, html=_badge),
    Column("reason", "Reason", lambda row: row.reason),
    Column("systems", "", lambda row: "; ".join(row.systems)),
    Column("", "Systems", lambda row: ", ".join(row.systems), small="", text=False, html=_systems),
    Column("protocol", "Protocol", lambda row: row.where[1], small=""),
    Column("corpus", "Corpus", lambda row: row.where[0], small="on "),
]
