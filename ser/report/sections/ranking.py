"""Whether the order of systems changes between protocols: Kendall's tau, and the pairs that swap."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations, permutations

from scipy.stats import kendalltau

from ser.report.data.experiment import ReportData
from ser.report.data.results import Result, ResultGroup
from ser.report.formats import COUNT, DECIMAL, Format, decimal, points
from ser.report.sections._columns import coded, csv_only
from ser.report.table import Column, Table

TITLE = "Whether the ranking changes"
LEAD = (
    "Systems that were run on all folds under both protocols, ordered by the ranking metric. Kendall's τ is 1 for the "
    "same order and −1 for the reverse."
)
EMPTY = "No two systems were run on all folds of two protocols, so there are no two rankings to compare."
SWAPPED = "in brackets the lead of the first system in points, under the one and under the other protocol"
TAU = Format(lambda value: decimal(value, 2), DECIMAL.csv)


@dataclass(frozen=True)
class RankingChange:
    """The orders of ``systems`` under two protocols: Kendall's tau-b (−1…1; 1: the same) and the pairs that swap.

    swaps: two systems of which the first is better under ``one`` and the second under ``other``, and the lead of the
    first under each, fractions.
    """

    corpus: str
    one: str
    other: str
    systems: tuple[str, ...]
    tau: float
    swaps: tuple[tuple[str, str, float, float], ...]

    @property
    def pairs(self) -> int:
        """Number of pairs of systems."""
        return len(self.systems) * (len(self.systems) - 1) // 2


def ranking_changes(groups: Iterable[ResultGroup], metric: str) -> list[RankingChange]:
    """Return every two protocols of a group under which two systems or more were run on all folds."""
    found = []
    for group in groups:
        protocols: dict[str, dict[str, Result]] = {}
        for result in group.results:
            if not result.partial:
                protocols.setdefault(result.protocol, {})[result.system] = result
        for one, other in combinations(protocols, 2):
            common = sorted(set(protocols[one]) & set(protocols[other]))
            if len(common) > 1:
                before, after = (
                    {system: protocols[name][system].scores[metric].value for system in common} for name in (one, other)
                )
                tau = float(kendalltau(list(before.values()), list(after.values())).statistic)
                leads = ((a, b, before[a] - before[b], after[a] - after[b]) for a, b in permutations(common, 2))
                swaps = tuple(lead for lead in leads if lead[2] > 0 > lead[3])
                found.append(RankingChange(group.corpus, one, other, tuple(common), tau, swaps))
    return found


@lru_cache(maxsize=1)
def changes(data: ReportData) -> list[RankingChange]:
    """Return the changes of ranking of the experiment."""
    return ranking_changes(data.groups, data.ranking)


def _swapped(row: RankingChange) -> str:
    """Return the pairs that swap: ``A before B (+1.20, −0.40)``."""
    return "; ".join(f"{a} before {b} ({points(lead)}, {points(lag)})" for a, b, lead, lag in row.swaps)


def tables(data: ReportData) -> list[Table]:
    """Return one row per two protocols."""
    columns = [
        Column("corpus", "Corpus", page=False),
        coded("protocol", "Protocol", "one"),
        coded("other", "Other"),
        Column("", "Corpus", "corpus", text=False),
        Column("systems", "Systems", lambda row: len(row.systems), COUNT),
        Column("tau", "τ", "tau", TAU, "Kendall's tau-b"),
        *csv_only("pairs", swaps=lambda row: len(row.swaps)),
        Column("", "Swaps", lambda row: f"{len(row.swaps)} of {row.pairs}"),
        Column("swapped", "Pairs that swap", _swapped, meaning=SWAPPED),
    ]
    title = f"Order of systems by {data.ranking}"
    return [Table(title, columns, changes(data), "", ("scores.parquet",), data.warning)]
