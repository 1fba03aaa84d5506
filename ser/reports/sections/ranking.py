"""Whether the order of systems by UA is the same under two protocols on the same utterances."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import pandas as pd
from scipy.stats import kendalltau

from ser.reports.gathered.numerals import decimal, points
from ser.reports.gathered.results import Block, Result
from ser.reports.gathered.tables import Table


@dataclass(frozen=True)
class Swap:
    """Two systems of which the first is better under one protocol and the second under the other.

    lead, lag: UA of the first less the second's under the one and the other protocol, fractions.
    """

    first: str
    second: str
    lead: float
    lag: float


@dataclass(frozen=True)
class Shift:
    """The orders of ``systems`` under two protocols: Kendall's tau-b (−1…1; 1: the same) and the pairs that swap."""

    corpus: str
    one: str
    other: str
    systems: tuple[str, ...]
    tau: float
    swaps: tuple[Swap, ...]

    @property
    def pairs(self) -> int:
        """Of systems."""
        return len(self.systems) * (len(self.systems) - 1) // 2


def shifts(blocks: Iterable[Block]) -> list[Shift]:
    """Return every two protocols of a block under which two systems or more were run on all folds."""
    found = []
    for block in blocks:
        protocols: dict[str, dict[str, Result]] = {}
        for result in block.results:
            if not result.partial:
                protocols.setdefault(result.protocol, {})[result.system] = result
        for one, other in combinations(protocols, 2):
            common = sorted(set(protocols[one]) & set(protocols[other]))
            if len(common) > 1:
                found.append(_shift(block.corpus, protocols[one], protocols[other], common))
    return found


def _shift(corpus: str, one: dict[str, Result], other: dict[str, Result], common: list[str]) -> Shift:
    before, after = ([ranked[name].ua.mean for name in common] for ranked in (one, other))
    swaps = []
    for a, b in combinations(range(len(common)), 2):
        lead, lag = before[a] - before[b], after[a] - after[b]
        if lead * lag < 0:
            first, second = (a, b) if lead > 0 else (b, a)
            swaps.append(Swap(common[first], common[second], abs(lead), -abs(lag)))
    tau = float(kendalltau(before, after).statistic)
    protocols = one[common[0]].protocol, other[common[0]].protocol
    return Shift(corpus, *protocols, tuple(common), tau, tuple(swaps))


def tables(found: Sequence[Shift], warnings: Mapping[str, str]) -> list[Table]:
    """Return one row per two protocols."""
    columns = ("Corpus", "Protocol", "Other", "Systems", "τ", "Swaps", "Pairs that swap")
    rows = tuple(
        (
            *(one.corpus, one.one, one.other, str(len(one.systems)), decimal(one.tau, 2)),
            *(f"{len(one.swaps)} of {one.pairs}", "; ".join(map(swapped, one.swaps))),
        )
        for one in found
    )
    caption = "Whether the order of systems by UA is the same under two protocols: Kendall's τ, and the pairs that "
    caption += "swap (in brackets by how many points the first leads under the one and the other). From scores.parquet."
    warning = " ".join(dict.fromkeys(warnings.values()))
    return [Table(caption, warning, columns, rows, frozenset(columns) - {"Systems", "τ"})] if rows else []


def swapped(swap: Swap) -> str:
    """Return ``A before B (+1.20, −0.40)``."""
    return f"{swap.first} before {swap.second} ({points(swap.lead)}, {points(swap.lag)})"


def frame(found: Iterable[Shift]) -> pd.DataFrame:
    """Return one row per two protocols."""
    columns = ["corpus", "protocol", "other", "systems", "tau", "pairs", "swaps", "swapped"]
    rows = [
        (
            *(one.corpus, one.one, one.other, len(one.systems), round(one.tau, 6), one.pairs, len(one.swaps)),
            "; ".join(map(swapped, one.swaps)),
        )
        for one in found
    ]
    return pd.DataFrame(rows, columns=columns)
