"""Stage ``compare``: intervals of every system, and paired tests of every two systems and of declared contrasts."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from itertools import combinations, groupby
from typing import Any

from pydantic import Field

from ser import dimension_metrics
from ser.config.plan import read_plan
from ser.evaluation import comparison, predictions
from ser.evaluation import intervals as of
from ser.evaluation.intervals import METHODS
from ser.evaluation.pairing import Tested, paired, tested
from ser.jobs.job import File, Job
from ser.stages import _contrasts
from ser.tables import contracts

Rows = list[dict[str, Any]]
UNKNOWN = ("low", "high", "seed_sd", "fold_sd", "detectable")  # columns that are null where the clusters give no number


class CompareJob(Job):
    """All runs of one experiment."""

    plan: File = Field(description="plan.json of the experiment.")
    comparisons: File = Field(description="Table of paired comparisons to write.")
    intervals: File = Field(description="Table of intervals to write.")
    contrasts: File = Field(description="Table of declared contrasts to write.")
    method: str = Field(METHODS[0], description="Of the intervals: jackknife or bootstrap.")


def compare(job: CompareJob) -> None:
    """Compute the interval of every system, compare the systems of a protocol in pairs, and test declared contrasts.

    Every two systems of one protocol on one corpus are compared on the folds that both have; pairs without such folds
    are named on stderr. Holm's correction is over all metrics and pairs of one corpus and protocol: those of systems
    with the same folds are one family, those compared on a part of a system's folds another, so that an unfinished
    system does not change the p values of finished ones. Metrics of single dimensions are families apart from their
    means. Contrasts are families of their own (``_contrasts``).
    SerError as in the score stage, and where two systems were not tested on the same utterances of a fold.
    """
    plan = read_plan(job.plan)
    metrics = plan.experiment.metrics
    declared = {name for one in plan.experiment.contrasts.values() for name in (one.better, one.than)}
    contrasted: dict[tuple[str, str, str], Tested] = {}
    spans: Rows = []
    pairs: Rows = []
    for (corpus, protocol), group in groupby(sorted(plan.runs()), key=lambda run: run[:2]):
        where = {"corpus": corpus, "protocol": protocol}
        systems = tested(predictions.read(list(group)), f"{corpus}/{protocol}")
        for name, one in systems.items():
            spans.extend({**where, "system": name, **row} for row in _intervals(one, job.method, metrics))
        pairs.extend({**where, **row} for row in _comparisons(systems, job.method, metrics))
        contrasted |= {(corpus, protocol, name): systems[name] for name in declared & systems.keys()}
    contrasts = _contrasts.rows(plan.experiment, contrasted, job.method)
    contracts.write(contracts.INTERVALS, spans, job.intervals)
    contracts.write(contracts.COMPARISONS, pairs, job.comparisons)
    contracts.write(contracts.CONTRASTS, [_known(row) for row in contrasts], job.contrasts)


def _intervals(one: Tested, method: str, metrics: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Yield the intervals of one system; print its name if it is clustered by utterance."""
    tally = one.tally
    if tally.kind != "speaker":
        print(f"{tally.name}: speakers are unknown or fewer than 2; the clusters are utterances", file=sys.stderr)
    for metric in dimension_metrics.names(metrics, one.dimensions):
        found = asdict(of.estimate(tally, metric, method))
        found |= of.spread(one.rows, one.classes, metric, one.dimensions)
        del found["error"]
        yield _known({"metric": metric, "clusters": len(tally.clusters), "cluster_kind": tally.kind, **found})


def _comparisons(systems: Mapping[str, Tested], method: str, metrics: Sequence[str]) -> Rows:
    """Return the rows of all pairs of systems of one protocol: those with the same folds, then the others."""
    families: dict[tuple[bool, bool], Rows] = {}
    left_out = []
    for names in combinations(systems, 2):
        pair = paired(systems[names[0]], systems[names[1]])
        if pair is None:
            left_out.append(" and ".join(names))
            continue
        named = {"system": names[0], "other": names[1], "folds": pair.folds}
        for metric in dimension_metrics.names(metrics, pair.one.dimensions):
            found = comparison.compare(pair.one, pair.other, metric, method)
            family = families.setdefault((not pair.whole, metric not in metrics), [])
            family.append(_known({**named, **asdict(found)}))
    if left_out:
        where = next(iter(systems.values())).tally.name.rpartition("/")[0]
        print(f"{where}: not compared, without common folds in all seeds: {'; '.join(left_out)}", file=sys.stderr)
    for family in families.values():
        for each, corrected in zip(family, comparison.holm([row["p"] for row in family]), strict=True):
            each["p_holm"] = float(corrected)
    return [row for _, family in sorted(families.items()) for row in family]


def _known(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row with None in place of NaN, but for a value, difference or p that is not defined."""
    return {name: None if value != value and name in UNKNOWN else value for name, value in row.items()}
