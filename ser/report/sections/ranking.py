"""Whether the order of systems changes between protocols: Kendall's tau, and the pairs that swap."""

import math
from functools import partial
from itertools import combinations, permutations
from typing import Any

from scipy.stats import kendalltau

from ser import dimension_metrics
from ser.report.data.experiment import ReportData
from ser.report.formats import COUNT, DECIMAL, Format, decimal
from ser.report.sections._columns import coded, csv_only
from ser.report.table import Column, Row, Table

TITLE = "Whether the ranking changes"
LEAD = (
    "Systems that were run on all folds under both protocols and are trained in all runs, ordered by the ranking "
    "metric. Kendall's τ is 1 for the same order and −1 for the reverse."
)
EMPTY = "No two systems were run on all folds of two protocols, so there are no two rankings to compare."
SWAPPED = "in brackets the lead of the first system in {}, under the one and under the other protocol"
TAU = Format(lambda value: decimal(value, 2), DECIMAL.csv)


def changes(data: ReportData) -> list[dict[str, Any]]:
    """Return every two protocols of a group under which two systems or more are ranked, by name of column.

    tau: Kendall's tau-b, −1…1; 1: the same order. swaps: two systems of which the first is better under ``protocol``
    and the second under ``other``, and the lead of the first under each.
    """
    found, lower = [], dimension_metrics.find(data.ranking).lower
    for group in data.groups:
        protocols: dict[str, dict[str, float]] = {}
        for result in group.results:
            if not result.unranked:
                value = result.scores[data.ranking].value
                if not math.isnan(value):
                    protocols.setdefault(result.protocol, {})[result.system] = -value if lower else value
        for (one, before), (other, after) in combinations(protocols.items(), 2):
            common = sorted(before.keys() & after.keys())
            if len(common) > 1:
                tau = float(kendalltau([before[name] for name in common], [after[name] for name in common]).statistic)
                leads = ((a, b, before[a] - before[b], after[a] - after[b]) for a, b in permutations(common, 2))
                row = {"corpus": group.corpus, "protocol": one, "other": other, "systems": common, "tau": tau}
                swaps = [lead for lead in leads if lead[2] > 0 > lead[3]]
                found.append({**row, "pairs": math.comb(len(common), 2), "swaps": swaps})
    return found


def _swapped(data: ReportData, row: Row) -> str:
    """Return the pairs that swap: ``A before B (+1.20, −0.40)``."""
    text = data.notation.change.text
    return "; ".join(f"{a} before {b} ({text(lead)}, {text(lag)})" for a, b, lead, lag in row["swaps"])


def tables(data: ReportData) -> list[Table]:
    """Return one row per two protocols."""
    columns = [
        Column("corpus", "Corpus", page=False),
        coded("protocol", "Protocol"),
        coded("other", "Other"),
        Column("", "Corpus", "corpus", text=False),
        Column("systems", "Systems", lambda row: len(row["systems"]), COUNT),
        Column("tau", "τ", "tau", TAU, "Kendall's tau-b"),
        *csv_only("pairs", swaps=lambda row: len(row["swaps"])),
        Column("", "Swaps", lambda row: f"{len(row['swaps'])} of {row['pairs']}"),
        Column("swapped", "Pairs that swap", partial(_swapped, data), meaning=SWAPPED.format(data.notation.points)),
    ]
    title = f"Order of systems by {data.ranking}"
    return [Table(title, columns, changes(data), "", ("scores.parquet",), data.warning)]
