"""The 95 % interval of every metric of every result, from the table of the compare stage."""

from collections.abc import Sequence
from typing import NamedTuple

import pandas as pd

from ser.errors import SerError, offenders
from ser.report.data.results import Result

Name = tuple[str, str, str, str]  # corpus, protocol, system, metric


class MetricInterval(NamedTuple):
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


def by_name(intervals: pd.DataFrame, results: Sequence[Result]) -> dict[Name, MetricInterval]:
    """Return the rows of an INTERVALS table by name; SerError if it is not of exactly these results."""
    names = intervals[["corpus", "protocol", "system", "metric"]].itertuples(index=False, name=None)
    rows = intervals[list(MetricInterval._fields)].itertuples(index=False)
    found = dict(zip(names, map(MetricInterval._make, rows), strict=True))
    for result in results:
        for metric, score in result.scores.items():
            name = (result.corpus, result.protocol, result.system, metric)
            if name not in found or abs(found[name].value - score.pooled.mean) > 1e-6:
                raise SerError(f"the intervals table is of other runs: {'/'.join(name)} differs; compare again.")
    odd = {name[:3] for name in found} - {(one.corpus, one.protocol, one.system) for one in results}
    if odd:
        named = offenders("/".join(name) for name in sorted(odd))
        raise SerError(f"the intervals table holds more than the experiment's runs: {named}; compare again.")
    return found
