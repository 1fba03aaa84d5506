"""What the leakage audit found: examples by the ids of their utterances only, never by what was said."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from ser.reports.gathered.numerals import percent
from ser.reports.gathered.tables import Table
from ser.tables.audit_tables import ALL_FOLDS, STATUSES

Row = Mapping[str, Any]  # of the AUDIT table


@dataclass(frozen=True)
class Audit:
    """The audit of a protocol on a corpus. rows: over all folds together; every: those of single folds as well."""

    corpus: str
    protocol: str
    rows: tuple[Row, ...]
    every: tuple[Row, ...]

    def count(self, status: str) -> int:
        """Return how many checks over all folds ended so."""
        return sum(row["status"] == status for row in self.rows)

    @property
    def tally(self) -> dict[str, int]:
        """Checks over all folds by status, without those that never occur."""
        return {status: count for status in STATUSES if (count := self.count(status))}


def audits(tables: Iterable[Sequence[Row]]) -> list[Audit]:
    """Return the audits in AUDIT tables, each given as its rows."""
    found = []
    for rows in tables:
        whole = tuple(row for row in rows if row["fold"] == ALL_FOLDS)
        found.append(Audit(rows[0]["corpus"], rows[0]["protocol"], whole, tuple(rows)))
    return found


def matrix(found: Sequence[Audit]) -> dict[str, tuple[list[str], list[tuple[str, list[Row | None]]]]]:
    """Return, per corpus, its protocols, and what was looked for with its row under each; None: not looked for."""
    made = {}
    for corpus in dict.fromkeys(one.corpus for one in found):
        mine = [one for one in found if one.corpus == corpus]
        rows = [{_what(row): row for row in one.rows} for one in mine]
        every = list(dict.fromkeys(what for known in rows for what in known))
        made[corpus] = [one.protocol for one in mine], [(what, [known.get(what) for known in rows]) for what in every]
    return made


def _what(row: Row) -> str:
    """Return ``speaker: test in train``; the statistics of normalisation are seen nowhere but in the part itself."""
    where = row["part"] if row["part"] == row["seen_in"] else f"{row['part']} in {row['seen_in']}"
    return f"{row['kind']}: {where}"


def examples(row: Row) -> list[str]:
    """Return ``a1 like b2``: utterances of the part and those that they share a value with."""
    return [one["utterance"] + (f" like {one['like']}" if one["like"] else "") for one in row["examples"]]


def frame(found: Iterable[Audit]) -> pd.DataFrame:
    """Return every row of every audit; fold -1: all folds together."""
    columns = ["corpus", "protocol", "fold", "kind", "part", "seen_in", "leak", "status"]
    columns += ["utterances", "known", "of", "share", "values"]
    rows = [
        {**{name: row[name] for name in columns}, "examples": "; ".join(examples(row))}
        for one in found
        for row in one.every
    ]
    return pd.DataFrame(rows, columns=[*columns, "examples"])


def tables(found: Sequence[Audit], warnings: Mapping[str, str]) -> list[Table]:
    """Return one table per audit, a row per check; warnings: of the corpora."""
    columns = (
        "What",
        "Of",
        "Seen in",
        "Status",
        "Declared as",
        "Share",
        "Utterances",
        "Known",
        "Different",
        "Examples",
    )
    numbers = {"Share", "Utterances", "Known", "Values"}
    made = []
    for one in found:
        rows = tuple(
            (
                *(row["kind"], row["part"], row["seen_in"], row["status"], row["leak"], percent(row["share"])),
                *(f"{row['utterances']} of {row['of']}", str(row["known"]), str(row["values"])),
                "; ".join(examples(row)[:1]),
            )
            for row in one.rows
        )
        caption = (
            f"Audit of {one.protocol} on {one.corpus}, all folds together: what the part under Of shares with the part "
            "under Seen in, in percent of its utterances. Known: utterances of which the value is known; Values: "
            f"different ones. From data/{one.corpus}/audit/{one.protocol}.parquet."
        )
        made.append(Table(caption, warnings.get(one.corpus, ""), columns, rows, frozenset(columns) - numbers))
    return made
