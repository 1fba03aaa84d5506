"""WA and UA with their 95 % intervals, and seeds' spread apart from folds', from the table of the compare stage."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import pandas as pd

from ser.errors import SerError, offenders
from ser.reports.gathered.numerals import NONE, limits, percent
from ser.reports.gathered.results import Block, Result
from ser.reports.gathered.tables import RANKINGS, Table, rankings

Name = tuple[str, str, str, str]  # corpus, protocol, system, metric


class Bound(NamedTuple):
    """A row of the INTERVALS table, 0…1; NaN where a number is unknown."""

    value: float
    low: float
    high: float
    clusters: int
    cluster_kind: str
    method: str
    seeds: int
    seed_sd: float
    fold_sd: float


Bounds = Mapping[Name, Bound]


def bounds(intervals: pd.DataFrame, results: Sequence[Result]) -> dict[Name, Bound]:
    """Return the rows of an INTERVALS table by name; SerError where it is not of exactly these results."""
    names = intervals[["corpus", "protocol", "system", "metric"]].itertuples(index=False, name=None)
    found = dict(zip(names, map(Bound._make, intervals[list(Bound._fields)].itertuples(index=False)), strict=True))
    for result in results:
        for metric, value in (("WA", result.wa.mean), ("UA", result.ua.mean)):
            name = (result.corpus, result.protocol, result.system, metric)
            if name not in found or abs(found[name].value - value) > 1e-6:
                raise SerError(f"the intervals table is of other runs: {'/'.join(name)} differs; compare again.")
    odd = {name[:3] for name in found} - {(one.corpus, one.protocol, one.system) for one in results}
    if odd:
        named = offenders("/".join(name) for name in sorted(odd))
        raise SerError(f"the intervals table holds more than the experiment's runs: {named}; compare again.")
    return found


def of(found: Bounds, result: Result, metric: str) -> Bound:
    """Return the bound of WA or UA of a result."""
    return found[result.corpus, result.protocol, result.system, metric]


def tables(blocks: Sequence[Block], found: Bounds) -> list[Table]:
    """Return one table per block and kind of ranking, a row per result."""
    each = ("", "95 %", "SD seeds", "SD folds")
    columns = (
        "Protocol",
        "System",
        *(f"{metric} {head}".strip() for metric in ("WA", "UA") for head in each),
        "Method",
    )
    made = []
    for block in blocks:
        for kind, rows in rankings(block):
            lines = []
            for row in sorted(rows, key=lambda row: (row.protocol, row.system.lower())):
                both = [of(found, row, metric) for metric in ("WA", "UA")]
                cells = [cell for one in both for cell in _cells(one)]
                lines.append((row.protocol, row.system, *cells, f"{both[1].method}, {both[1].clusters} clusters"))
            caption = f"{block.corpus}, {block.classes}. {RANKINGS[kind]} Percent, all folds of a seed together, mean "
            caption += "over seeds, with the 95 % interval for other test speakers. SD: between seeds, of that value; "
            caption += "between folds, of the mean over seeds. From intervals.parquet."
            text = frozenset({"Protocol", "System", "Method"})
            made.append(Table(caption, block.warning, columns, tuple(lines), text))
    return made


def _cells(bound: Bound) -> tuple[str, ...]:
    interval = limits(bound.low, bound.high) or NONE
    return (percent(bound.value), interval, percent(bound.seed_sd), percent(bound.fold_sd))
