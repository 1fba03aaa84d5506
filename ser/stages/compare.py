"""Stage ``compare``: intervals of every system, and a paired test of every two systems of a protocol."""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from itertools import combinations, groupby
from typing import Any

import pandas as pd
from pydantic import Field

from ser.config.plan import read_plan
from ser.evaluation import comparison, predictions
from ser.evaluation import intervals as of
from ser.evaluation.intervals import METHODS, Tally
from ser.jobs.job import File, Job
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
    metrics = plan.experiment.metrics
    spans: Rows = []
    pairs: Rows = []
    for (corpus, protocol), group in groupby(sorted(plan.runs()), key=lambda run: run[:2]):
        where, read = {"corpus": corpus, "protocol": protocol}, predictions.read(list(group))
        systems = {str(name): rows for name, rows in read.rows.groupby("system")}
        tallies = {name: of.tally(rows, read.classes, f"{corpus}/{protocol}/{name}") for name, rows in systems.items()}
        for name, tally in tallies.items():
            for row in _intervals(systems[name], read.classes, tally, job.method, metrics):
                spans.append({**where, "system": name, **row})
        pairs.extend({**where, **row} for row in _comparisons(systems, read.classes, tallies, job.method, metrics))
    contracts.write(contracts.INTERVALS, spans, job.intervals)
    contracts.write(contracts.COMPARISONS, pairs, job.comparisons)


def _intervals(
    rows: pd.DataFrame, classes: Sequence[str], tally: Tally, method: str, metrics: Sequence[str]
) -> Iterator[dict[str, Any]]:
    """Yield the intervals of one system; print its name if it is clustered by utterance."""
    if tally.kind != "speaker":
        print(f"{tally.name}: speakers are unknown or fewer than 2; the clusters are utterances", file=sys.stderr)
    for metric in metrics:
        found = asdict(of.estimate(tally, metric, method)) | of.spread(rows, classes, metric)
        del found["error"]
        yield _known({"metric": metric, "clusters": len(tally.clusters), "cluster_kind": tally.kind, **found})


def _comparisons(
    systems: dict[str, pd.DataFrame],
    classes: Sequence[str],
    tallies: dict[str, Tally],
    method: str,
    metrics: Sequence[str],
) -> Rows:
    """Return the rows of all pairs of systems of one protocol: those with the same folds, then the others."""
    complete: Rows = []
    partial: Rows = []
    left_out = []
    folds = {name: set(predictions.folds_of_seeds(rows).values()) for name, rows in systems.items()}
    for names in combinations(systems, 2):
        spans = [folds[name] for name in names]
        common = frozenset.intersection(*(frozenset.union(*span) for span in spans))
        alike = all(span == {common} for span in spans)
        if not common or any(of_seed & common not in (common, frozenset()) for span in spans for of_seed in span):
            left_out.append(" and ".join(names))
            continue
        sides = [tallies[name] for name in names]
        if not alike:
            parts = (systems[name][systems[name]["fold"].isin(common)] for name in names)
            sides = [of.tally(part, classes, side.name) for part, side in zip(parts, sides, strict=True)]
        named = {"system": names[0], "other": names[1], "folds": sorted(common)}
        found = (comparison.compare(sides[0], sides[1], metric, method) for metric in metrics)
        (complete if alike else partial).extend(_known({**named, **asdict(each)}) for each in found)
    if left_out:
        where = next(iter(tallies.values())).name.rpartition("/")[0]
        print(f"{where}: not compared, without common folds in all seeds: {'; '.join(left_out)}", file=sys.stderr)
    for family in (complete, partial):
        for tested, corrected in zip(family, comparison.holm([row["p"] for row in family]), strict=True):
            tested["p_holm"] = float(corrected)
    return complete + partial


def _known(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row with None in place of NaN."""
    return {name: None if value != value else value for name, value in row.items()}
