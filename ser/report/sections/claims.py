"""Every claim of the papers with a verdict that follows from our results."""

from collections.abc import Iterable
from functools import lru_cache, partial
from itertools import groupby

import pandas as pd
from markupsafe import Markup

from ser.papers import judging
from ser.papers.claims import Claim
from ser.papers.uncertainty import Uncertain
from ser.papers.verdicts import MARGIN, Evidence, Verdict
from ser.report.data.experiment import ReportData
from ser.report.formats import Format
from ser.report.sections._columns import badge, code, csv_only
from ser.report.table import Column, Table, frame

TITLE = "The papers' claims"
TARGET = "classes"
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
    return {paper: list(of_paper) for paper, of_paper in groupby(found, key=lambda one: one.claim.paper)}


def tally(found: Iterable[Verdict]) -> str:
    """Return ``3 reproduced, 2 not run``."""
    return ", ".join(f"{number} {name}" for name, number in judging.tally(found).items() if number)


def tables(data: ReportData) -> list[Table]:
    """Return one table per paper of the claims that were tested, and one of those that were not run."""
    made = []
    table = partial(Table, columns=COLUMNS, source=SOURCE, warning=data.warning, paper=True)
    for paper, found in judged(data).items():
        tested, rest = ([one for one in found if (one.verdict == "not run") == absent] for absent in (False, True))
        made.append(table(paper, rows=tested, caption=f"{len(found)} claims: {tally(found)}."))
        made.append(table(f"{paper}, not run", rows=rest, caption=NOT_RUN, folded=True))
    return made or [Table("", COLUMNS, ())]


def csv(data: ReportData) -> pd.DataFrame:
    """Return one row per claim, in the order of the papers."""
    return frame([Table("", COLUMNS, [verdict for found in judged(data).values() for verdict in found])])


def _statement(claim: Claim) -> str:
    """Return the claim in one sentence; in brackets what it is about, where the sentence does not say."""
    about = [] if claim.kind in ("value", "convergence level") else [claim.measure]
    about += [" and ".join(side.name for side in claim.sides)] if len(claim.sides) == 2 else []
    about += [claim.corpus] if claim.paper == "xie2019" else []
    return f"{claim.statement} ({'; '.join(about)})" if about else claim.statement


def _numbers(name: str, title: str) -> list[Column]:
    """Return a number of the verdicts and, for the CSV file, its limits."""

    def part(of: int, row: Verdict) -> float | None:
        found: Uncertain | None = getattr(row, name)
        return (found.value, *(found.limits or (None, None)))[of] if found else None

    headings = {name: title, f"{name}_low": "", f"{name}_high": ""}
    return [Column(key, heading, partial(part, of), NUMBER) for of, (key, heading) in enumerate(headings.items())]


def _span(row: Verdict) -> str:
    """Return ``57.10 … 61.90``; "" where nothing was sampled."""
    return " … ".join(map(NUMBER.text, (row.ours and row.ours.limits) or ()))


COLUMNS = [
    *csv_only(**{name: f"claim.{name}" for name in ("paper", "kind", "statement", "measure")}),
    *csv_only(paper_corpus="claim.corpus", paper_protocol="claim.protocol"),
    *csv_only(paper_systems=lambda row: "; ".join(side.name for side in row.claim.sides)),
    Column("", "Claim", lambda row: _statement(row.claim)),
    Column("where", "Where", "claim.where", meaning="in the paper", small=""),
    *_numbers("printed", "Printed"),
    *_numbers("ours", "Ours"),
    Column("", "95 %", _span, meaning="interval of ours where it was sampled", small=""),
    Column("unit", "Unit", small=""),
    Column("verdict", "Verdict", html=lambda row: badge(row.verdict, row.verdict.replace(" ", "-"))),
    Column("reason", "Reason"),
    Column("systems", "", lambda row: "; ".join(row.systems)),
    Column("", "Systems", "systems", small="", text=False, html=lambda row: Markup(", ").join(map(code, row.systems))),
    Column("protocol", "Protocol", lambda row: row.where[1], small=""),
    Column("corpus", "Corpus", lambda row: row.where[0], small="on "),
]
