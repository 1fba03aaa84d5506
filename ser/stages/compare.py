"""Stage ``compare``: intervals of every system, and every two systems of a protocol against each other."""

import math
import sys
from collections.abc import Sequence
from itertools import chain, combinations, groupby
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from ser.errors import SerError
from ser.evaluation import comparison, predictions
from ser.evaluation import intervals as of
from ser.evaluation.intervals import METHODS, METRICS, Tally
from ser.evaluation.predictions import Predictions
from ser.layout import Run
from ser.tables import contracts

Rows = list[dict[str, Any]]


def compare(*, runs: Sequence[Run], comparisons: Path, intervals: Path, method: str = METHODS[0]) -> None:
    """Read the predictions of ``runs`` and write the tables ``comparisons`` and ``intervals``.

    method: of the intervals, one of ``ser.evaluation.intervals.METHODS``. Compared is every two systems with the same
    folds of one protocol on one corpus; others are named on stderr. Holm's correction is over one corpus and protocol,
    all pairs in WA and UA. SerError as in the score stage, and where two systems with the same folds were not tested on
    the same utterances.
    """
    if not runs:
        raise SerError("there are no runs to compare.")
    spans: Rows = []
    pairs: Rows = []
    for _, group in groupby(sorted(dict.fromkeys(runs)), key=lambda run: (run.corpus, run.protocol)):
        read = [predictions.read(run) for run in group]
        predictions.check_alike(read)
        systems = {system: list(ones) for system, ones in groupby(read, key=lambda one: one.run.system)}
        tallies: dict[str, Tally] = {}
        for system, ones in systems.items():
            rows = _rows(ones)
            tallies[system] = _tally(ones[0], rows)
            spans.extend(_intervals(ones[0], rows, tallies[system], method))
        pairs.extend(_comparisons(systems, tallies, method))
    contracts.write(contracts.INTERVALS, pa.Table.from_pylist(spans, schema=contracts.INTERVALS.schema), intervals)
    table = pa.Table.from_pylist(pairs, schema=contracts.COMPARISONS.schema)
    contracts.write(contracts.COMPARISONS, table, comparisons)


def _rows(ones: Sequence[Predictions]) -> pd.DataFrame:
    """Return the predictions of one system; SerError if a seed predicts an utterance twice that must not be."""
    for _, folds in groupby(ones, key=lambda one: one.run.seed):
        predictions.check_once(list(folds))
    return predictions.frame(ones)


def _tally(first: Predictions, rows: pd.DataFrame) -> Tally:
    tally = of.tally(rows, first.classes, "/".join(first.run[:3]))
    if tally.kind != "speaker":
        print(f"{tally.name}: speakers are unknown or fewer than 2; the clusters are utterances", file=sys.stderr)
    return tally


def _intervals(first: Predictions, rows: pd.DataFrame, tally: Tally, method: str) -> Rows:
    spreads = {metric: of.spread(rows, first.classes, metric) for metric in METRICS}
    found = {metric: of.estimate(tally, metric, method) for metric in METRICS}
    return [
        {
            **_named(first.run),
            "system": first.run.system,
            "metric": metric,
            "value": found[metric].value,
            "low": _known(found[metric].low),
            "high": _known(found[metric].high),
            "clusters": len(tally.clusters),
            "cluster_kind": tally.kind,
            "method": found[metric].method,
            "seeds": spreads[metric].seeds,
            "seed_sd": _known(spreads[metric].seed_sd),
            "fold_sd": _known(spreads[metric].fold_sd),
        }
        for metric in METRICS
    ]


def _comparisons(systems: dict[str, list[Predictions]], tallies: dict[str, Tally], method: str) -> Rows:
    """Return the rows of all pairs of systems of one protocol, corrected together."""
    alike: dict[frozenset[frozenset[int]], list[str]] = {}
    for system in sorted(systems):
        alike.setdefault(_folds(systems[system]), []).append(system)
    if max(len(alike), *map(len, alike)) > 1:
        where = "/".join(_named(next(iter(systems.values()))[0].run).values())
        listed = "; ".join(", ".join(group) for group in alike.values())
        print(f"{where}: compared are only systems with the same folds in all seeds: {listed}", file=sys.stderr)
    groups = [group for folds, group in alike.items() if len(folds) == 1]
    rows: Rows = []
    for system, other in chain.from_iterable(combinations(group, 2) for group in groups):
        for metric in METRICS:
            found = comparison.compare(tallies[system], tallies[other], metric, method)
            rows.append(
                {
                    **_named(systems[system][0].run),
                    "system": system,
                    "other": other,
                    "metric": metric,
                    "difference": found.difference,
                    "low": _known(found.low),
                    "high": _known(found.high),
                    "p": found.p,
                    "clusters": found.clusters,
                    "detectable": _known(found.detectable),
                    "method": found.method,
                }
            )
    for row, corrected in zip(rows, comparison.holm([row["p"] for row in rows]), strict=True):
        row["p_holm"] = float(corrected)
    return rows


def _folds(ones: Sequence[Predictions]) -> frozenset[frozenset[int]]:
    """Return the folds that each seed covers: one set where all cover the same."""
    seeds = groupby(ones, key=lambda one: one.run.seed)
    return frozenset(frozenset(one.run.fold for one in folds) for _, folds in seeds)


def _named(run: Run) -> dict[str, str]:
    return {"corpus": run.corpus, "protocol": run.protocol}


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value
