"""What train, dev and test share under each protocol, and whether the protocol declares it."""

from collections import Counter
from functools import partial

import pandas as pd
from markupsafe import Markup

from ser import layout
from ser.report.data.audits import Row
from ser.report.data.experiment import ReportData
from ser.report.formats import COUNT, PERCENT, SHARE, count, percent
from ser.report.sections._columns import badge, columns, page_only
from ser.report.table import Column, Table, frame
from ser.tables import contracts

TITLE = "Leakage audit"
LEAD = (
    "What the test and dev parts share with the training data, searched in the data, whatever the protocol declares. "
    "A leak that is found and not declared fails the build. Examples are ids of utterances. In the matrix: – not "
    "found, ? unknown."
)
EMPTY = "None of the protocols was audited; `ser audit` does it."


def tables(data: ReportData) -> list[Table]:
    """Return a matrix per corpus, for the page only, and one table per audit, a row per check over all folds."""
    made = [_matrix(data, corpus) for corpus in dict.fromkeys(corpus for corpus, _ in data.audits)]
    for (corpus, protocol), rows in data.audits.items():
        counts = Counter(row["status"] for row in rows)
        tally = ", ".join(f"{counts[status]} {status}" for status in contracts.STATUSES if counts[status])
        title, caption = f"{protocol} on {corpus}", f"All folds together: {tally}."
        source, warning = (f"data/{corpus}/audit/{protocol}.parquet",), data.warnings.get(corpus, "")
        made.append(Table(title, _columns(examples=2), rows, caption, source, warning, folded=True))
    return made or [Table("", _columns(examples=2), ())]


def csv(data: ReportData) -> pd.DataFrame:
    """Return every row of every audit; fold -1: all folds together."""
    audits = (contracts.read(contracts.AUDIT, layout.audit(*pair)) for pair in data.audits)
    rows = [row for audit in audits for row in audit.to_pylist()]
    return frame([Table("", _columns(examples=None), rows)])


def _columns(examples: int | None) -> list[Column]:
    """Return the columns; ``examples``: how many are named, None for all."""
    return [
        *columns(corpus="", protocol="", fold="", kind="What"),
        Column("part", "Of", meaning="part whose utterances are counted"),
        Column("seen_in", "Seen in", meaning="part that has the same value"),
        Column("leak", "Declared as", page=False),
        Column("status", "Status", html=lambda row: badge(row["status"], _style(row))),
        Column("share", "Share", "", SHARE, "percent of the part's utterances"),
        *columns(COUNT, utterances="", of=""),
        Column("", "Utterances", lambda row: f"{count(row['utterances'])} of {count(row['of'])}"),
        Column("known", "Known", "", COUNT, "utterances whose value is known"),
        Column("values", "Different", "", COUNT, "different values that are shared"),
        Column("examples", "Examples", lambda row: "; ".join(_examples(row)[:examples])),
    ]


def _examples(row: Row) -> list[str]:
    """Return ``a1 like b2``: utterances of the part and those that share a value with them."""
    return [one["utterance"] + (f" like {one['like']}" if one["like"] else "") for one in row["examples"]]


def _style(row: Row) -> str:
    status: str = row["status"]
    return status.replace(", ", "-").replace(" ", "-")


def _matrix(data: ReportData, corpus: str) -> Table:
    """Return the shares of one corpus: a row per check, a column per protocol."""
    audits = {protocol: rows for (of, protocol), rows in data.audits.items() if of == corpus}
    found = {(_check(row), protocol): row for protocol, rows in audits.items() for row in rows}
    shared = Column("", "Shared", str, text=False)
    protocols = page_only(audits, PERCENT, partial(_share, found))
    checks = list(dict.fromkeys(_check(row) for rows in audits.values() for row in rows))
    caption, source = "Percent of the part's utterances, all folds together.", (f"data/{corpus}/audit",)
    return Table(corpus, [shared, *protocols], checks, caption, source, data.warnings.get(corpus, ""))


def _check(row: Row) -> str:
    """Return ``speaker: test in train``; normalisation concerns the part alone."""
    where = row["part"] if row["part"] == row["seen_in"] else f"{row['part']} in {row['seen_in']}"
    return f"{row['kind']}: {where}"


def _share(found: dict[tuple[str, str], Row], check: str, title: str) -> str:
    row = found.get((check, title))
    if row is None:
        return ""
    if row["status"] == "unknown":
        return "?"
    if row["utterances"] == 0:
        declared = row["status"].startswith("declared")
        return Markup("–<small>declared</small>") if declared else "–"
    return badge(percent(row["share"]), _style(row))
