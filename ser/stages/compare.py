"""Stage ``compare``: intervals of every system, and a paired test of every two systems of a protocol."""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from itertools import combinations, groupby
from typing import Any

import pandas as pd
import pyarrow as pa
from pydantic import Field

from ser.config.plan import read_plan
from ser.errors import SerError
from ser.evaluation import comparison, predictions
from ser.evaluation import intervals as of
from ser.evaluation.intervals import METHODS, Tally
from ser.evaluation.predictions import Predictions
from ser.jobs.job import File, Job
from ser.layout import Run
from ser.tables import contracts

Rows = list[dict[str, Any]]


class CompareJob(Job):
    """All runs of one experiment."""

    plan: File = Field(description="plan.json of the experiment.")
    comparisons: File = Field(description="Table of paired comparisons to write.")
    intervals: File = Field(description="Table of intervals to write.")
    method: str = Field(METHODS[0], description="Of the intervals: jackknife or bootstrap.")


def compare(job: CompareJob) -> None:
    """Compute the interval of every system, and compare the systems of a protocol in pairs.

    Every two systems of one protocol on one corpus are compared on the folds that both have; pairs without such folds
    are named on stderr. Holm's correction is over all metrics and pairs of one corpus and protocol: those of systems
    with the same folds are one family, those compared on a part of a system's folds another, so that an unfinished
    system does not change the p values of finished ones. SerError as in the score stage, and where two systems were not
    tested on the same utterances of a fold.
    """
    plan = read_plan(job.plan)
    runs, metrics = plan.runs(), plan.experiment.metrics
    if not runs:
        raise SerError("there are no runs to compare.")
    spans: Rows = []
    pairs: Rows = []
    for _, group in groupby(sorted(runs), key=lambda run: (run.corpus, run.protocol)):
        read = [predictions.read(run) for run in group]
        predictions.check_alike(read)
        systems = {system: list(ones) for system, ones in groupby(read, key=lambda one: one.run.system)}
        tallies: dict[str, Tally] = {}
        for system, ones in systems.items():
            rows = _rows(ones)
            tallies[system] = _tally(ones[0], rows)
            if tallies[system].kind != "speaker":
                name = tallies[system].name
                print(f"{name}: speakers are unknown or fewer than 2; the clusters are utterances", file=sys.stderr)
            spans.extend(_intervals(ones[0], rows, tallies[system], job.method, metrics))
        pairs.extend(_comparisons(systems, tallies, job.method, metrics))
    contracts.write(contracts.INTERVALS, pa.Table.from_pylist(spans, schema=contracts.INTERVALS.schema), job.intervals)
    table = pa.Table.from_pylist(pairs, schema=contracts.COMPARISONS.schema)
    contracts.write(contracts.COMPARISONS, table, job.comparisons)


def _rows(ones: Sequence[Predictions]) -> pd.DataFrame:
    """Return the predictions of one system; SerError if a seed predicts an utterance twice that is tested once."""
    for _, folds in groupby(ones, key=lambda one: one.run.seed):
        predictions.check_once(list(folds))
    return predictions.frame(ones)


def _tally(first: Predictions, rows: pd.DataFrame) -> Tally:
    return of.tally(rows, first.classes, "/".join(first.run[:3]))


def _intervals(
    first: Predictions, rows: pd.DataFrame, tally: Tally, method: str, metrics: Sequence[str]
) -> Iterator[dict[str, Any]]:
    for metric in metrics:
        found = asdict(of.estimate(tally, metric, method)) | asdict(of.spread(rows, first.classes, metric))
        del found["error"]
        clusters = {"clusters": len(tally.clusters), "cluster_kind": tally.kind}
        yield _known({**_named(first.run), "system": first.run.system, "metric": metric, **clusters, **found})


def _comparisons(
    systems: dict[str, list[Predictions]], tallies: dict[str, Tally], method: str, metrics: Sequence[str]
) -> Rows:
    """Return the rows of all pairs of systems of one protocol: those with the same folds, then the others."""
    complete: Rows = []
    partial: Rows = []
    left_out = []
    for names in combinations(sorted(systems), 2):
        sides = [systems[name] for name in names]
        spans = [set(predictions.folds_of_seeds(side).values()) for side in sides]
        common = frozenset.intersection(*(frozenset.union(*span) for span in spans))
        alike = all(span == {common} for span in spans)
        if not common or any(folds & common not in (common, frozenset()) for span in spans for folds in span):
            left_out.append(" and ".join(names))
            continue
        one, other = (tallies[name] if alike else _part(systems[name], common) for name in names)
        named = {**_named(sides[0][0].run), "system": names[0], "other": names[1], "folds": sorted(common)}
        found = (comparison.compare(one, other, metric, method) for metric in metrics)
        (complete if alike else partial).extend(_known({**named, **asdict(each)}) for each in found)
    if left_out:
        where = "/".join(_named(next(iter(systems.values()))[0].run).values())
        print(f"{where}: not compared, without common folds in all seeds: {'; '.join(left_out)}", file=sys.stderr)
    for family in (complete, partial):
        for tested, corrected in zip(family, comparison.holm([row["p"] for row in family]), strict=True):
            tested["p_holm"] = float(corrected)
    return complete + partial


def _part(ones: Sequence[Predictions], folds: frozenset[int]) -> Tally:
    chosen = [one for one in ones if one.run.fold in folds]
    return _tally(chosen[0], predictions.frame(chosen))


def _named(run: Run) -> dict[str, str]:
    return {"corpus": run.corpus, "protocol": run.protocol}


def _known(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row with None in place of NaN."""
    return {name: None if value != value else value for name, value in row.items()}
