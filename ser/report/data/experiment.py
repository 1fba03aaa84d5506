"""Everything that a report reads, as one record: ``read`` loads it, tables and figures compute from it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import groupby, product
from pathlib import Path
from typing import Any, Literal

import pandas as pd
import pyarrow.compute as pc

from ser import dimension_metrics, layout
from ser.config.disturbances import Disturbance
from ser.config.extractors import GIVEN
from ser.config.plan import Plan
from ser.errors import SerError, offenders
from ser.evaluation import predictions
from ser.evaluation.predictions import Predictions
from ser.evaluation.word_errors import WordErrors, word_errors
from ser.jobs.progress import progress
from ser.report.data import attention, disturbed, runs
from ser.report.data.attention import RecordedAttention
from ser.report.data.audits import Leak, Row, leak
from ser.report.data.results import INDEPENDENT, PAPER, Result, ResultGroup, group_results
from ser.report.data.runs import RunRecord
from ser.report.formats import DECIMALS, PERCENTS, Notation
from ser.tables import contracts

Key = tuple[str, str, str]  # corpus, protocol, system
Name = tuple[str, str, str, str]  # corpus, protocol, system, metric
MetricInterval = Any  # a row of the INTERVALS table; NaN where a number is unknown
Target = Literal["classes", "dimensions"]
TABLES = ("scores", "confusions", "intervals", "comparisons", "contrasts")  # of the stages score and compare


@dataclass(frozen=True, eq=False)
class ReportData:
    """What a report reads.

    ranking: the metric by which rows are ranked; predictions: all seeds and folds of a system together; comparisons,
    contrasts: the tables of these names; audits: rows of the AUDIT table over all folds together, by corpus and
    protocol; transcripts: word errors of recognised transcripts, by corpus and transcript; for_use: runs that test
    nothing, which are in nothing else; disturbed: predictions under the conditions that the experiment asks for.
    """

    plan: Plan
    ranking: str
    records: Sequence[RunRecord]
    groups: Sequence[ResultGroup]
    predictions: Mapping[Key, Predictions]
    intervals: Mapping[Name, MetricInterval]
    comparisons: pd.DataFrame
    contrasts: pd.DataFrame
    audits: Mapping[tuple[str, str], Sequence[Row]]
    transcripts: Mapping[tuple[str, str], WordErrors]
    attention: RecordedAttention | None
    for_use: Sequence[RunRecord] = ()
    disturbed: Mapping[Key, Mapping[Disturbance, pd.DataFrame]] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """Title of the experiment."""
        return self.plan.experiment.title or self.plan.experiment.name

    @cached_property
    def target(self) -> Target:
        """The kind of target, of which an experiment has one."""
        return "dimensions" if any(result.dimensions for result in self.results) else "classes"

    @cached_property
    def notation(self) -> Notation:
        """How its metrics are written."""
        return DECIMALS if self.target == "dimensions" else PERCENTS

    @cached_property
    def metrics(self) -> tuple[str, ...]:
        """Metrics of the experiment, in the order of its tables; of dimensions the means over a protocol's."""
        return self.plan.experiment.metrics

    @cached_property
    def lower(self) -> bool:
        """Whether a lower value of the ranking metric is better."""
        return dimension_metrics.find(self.ranking).lower

    @cached_property
    def ranking_first(self) -> tuple[str, ...]:
        """The metrics with the ranking one in front, as in tables of differences."""
        return (self.ranking, *(metric for metric in self.metrics if metric != self.ranking))

    @cached_property
    def warnings(self) -> dict[str, str]:
        """Corpus: warning of its card; corpora without one are left out."""
        return {group.corpus: group.warning for group in self.groups if group.warning}

    @cached_property
    def warning(self) -> str:
        """All warnings, each once, for a table over several corpora."""
        return " ".join(dict.fromkeys(self.warnings.values()))

    @cached_property
    def results(self) -> list[Result]:
        """Every result, group by group."""
        return [result for group in self.groups for result in group.results]

    def interval(self, result: Result, metric: str) -> MetricInterval:
        """Return the interval of one metric of a result."""
        return self.intervals[(*result.key, metric)]

    def leaks(self, result: Result) -> tuple[Leak, ...]:
        """Return the leaks of a row: those of its protocol, as the audit found them, and those of its features."""
        audited = self.audits.get((result.corpus, result.protocol), ())
        declared = [leak(name, audited) for name in result.first.protocol.leaks]
        return (*declared, *((Leak("voices of test speakers", "found"),) if result.embedding_leaks else ()))

    def by_kind(self) -> Iterator[tuple[ResultGroup, str, tuple[Result, ...]]]:
        """Yield the rows of every table of results: by group and kind of row, which never share a table."""
        for group, kind in product(self.groups, (INDEPENDENT, PAPER)):
            if rows := tuple(result for result in group.results if result.kind == kind):
                yield group, kind, rows

    @cached_property
    def by_name(self) -> list[Result]:
        """Every result, by group, kind, protocol and name."""

        def order(row: Result) -> tuple[str, bool, str]:
            return row.protocol, bool(row.unranked), row.system.lower()

        return [result for _, _, rows in self.by_kind() for result in sorted(rows, key=order)]


def read(plan: Plan, tables: Mapping[str, Path]) -> ReportData:
    """Return everything that the report of ``plan`` reads.

    tables: paths by name of ``TABLES``, of exactly the runs of the plan. SerError for runs that are missing, damaged or
    of another version of their protocol, and for tables of other runs.
    """
    jobs = plan.runs()
    records = [runs.read(run, plan) for run in progress(jobs, total=len(jobs), unit="runs")]
    read_tables = (contracts.read(getattr(contracts, name.upper()), tables[name]).to_pandas() for name in TABLES)
    scores, confusions, found, compared, contrasts = read_tables
    ranking = dimension_metrics.ranking(plan.experiment.metrics)
    groups = group_results(records, scores, confusions, ranking)
    systems = groupby(sorted(jobs), key=lambda run: run[:3])
    pairs = list(dict.fromkeys((run.corpus, run.protocol) for run in jobs))
    if odd := set(zip(compared["corpus"], compared["protocol"], strict=True)) - set(pairs):
        named = offenders("/".join(pair) for pair in sorted(odd))
        raise SerError(f"the comparisons table holds more than the experiment's runs: {named}; compare again.")
    _check_contrasts(contrasts, plan)
    return ReportData(
        plan=plan,
        ranking=ranking,
        records=records,
        groups=groups,
        predictions={system: predictions.read(list(of_system)) for system, of_system in systems},
        intervals=_intervals(found, [result for group in groups for result in group.results]),
        comparisons=compared,
        contrasts=contrasts,
        audits={
            pair: contracts.read(contracts.AUDIT, path).filter(pc.field("fold") == contracts.ALL_FOLDS).to_pylist()
            for pair in pairs
            if (path := layout.audit(*pair)).is_file()
        },
        transcripts=_transcript_errors(records, plan),
        attention=attention.read(jobs, plan.experiment.utterance),
        for_use=[runs.read(run, plan) for run in plan.runs_for_use()],
        disturbed=disturbed.read(plan),
    )


def _intervals(intervals: pd.DataFrame, results: Sequence[Result]) -> dict[Name, MetricInterval]:
    """Return the rows of an INTERVALS table by name; SerError if it is not of exactly these results."""
    rows: Iterable[MetricInterval] = intervals.itertuples(index=False)
    found = {(row.corpus, row.protocol, row.system, row.metric): row for row in rows}
    for result in results:
        for metric, score in result.scores.items():
            name = (*result.key, metric)
            if name not in found or abs(found[name].value - score.value) > 1e-6:
                raise SerError(f"the intervals table is of other runs: {'/'.join(name)} differs; compare again.")
    odd = {name[:3] for name in found} - {result.key for result in results}
    if odd:
        named = offenders("/".join(name) for name in sorted(odd))
        raise SerError(f"the intervals table holds more than the experiment's runs: {named}; compare again.")
    return found


def _check_contrasts(contrasts: pd.DataFrame, plan: Plan) -> None:
    """Raise SerError unless every row of a CONTRASTS table is of a contrast as the plan declares it."""
    declared = plan.experiment.contrasts
    known = {
        (*setting, title, one.better, one.than, one.than_corpus, one.than_protocol)
        for title, one in declared.items()
        for setting in plan.experiment.settings(one)
    }
    columns = ["corpus", "protocol", "contrast", "better", "than", "than_corpus", "than_protocol"]
    found = contrasts[columns].astype(object).where(contrasts[columns].notna(), None)
    if odd := set(found.itertuples(index=False, name=None)) - known:
        named = offenders(sorted(f"{title} ({corpus}/{protocol})" for corpus, protocol, title, *_ in odd))
        raise SerError(f"the contrasts table holds others than the experiment declares: {named}; compare again.")


def _transcript_errors(records: Sequence[RunRecord], plan: Plan) -> dict[tuple[str, str], WordErrors]:
    """Return the word errors of every recognised transcript that a system reads, as words or by a feature of text."""
    read = dict.fromkeys((record.run.corpus, name) for record in records for name in record.transcripts)
    recognised = [one for one in read if one[1] != GIVEN]
    return {one: word_errors(layout.transcripts(*one), plan.shards.get(one[0])) for one in recognised}
