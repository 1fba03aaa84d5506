"""Everything that a report reads, as one record: ``read`` loads it, tables and figures compute from it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pandas as pd

from ser import layout
from ser.config.plan import Plan
from ser.evaluation.word_errors import TranscriptErrors, word_errors
from ser.jobs.progress import progress
from ser.report.data import attention, intervals, predictions, runs
from ser.report.data.attention import RecordedAttention
from ser.report.data.audits import Audit, Leak, audit, found_leaks
from ser.report.data.corpora import CorpusFacts, corpus_facts
from ser.report.data.intervals import MetricInterval, Name
from ser.report.data.predictions import Key, SystemPredictions
from ser.report.data.results import Result, ResultGroup, group_results
from ser.report.data.runs import RunRecord
from ser.tables import contracts
from ser.tables.audit_tables import AUDIT
from ser.text import transcripts

Texts = Mapping[tuple[str, str], Mapping[str, str]]  # corpus and transcript: utterance: text


@dataclass(frozen=True)
class ScoreTables:
    """Paths of the tables of the score stage and of the compare stage, for exactly the runs of the plan."""

    scores: Path
    confusions: Path
    intervals: Path
    comparisons: Path


@dataclass(frozen=True, eq=False)
class ReportData:
    """What a report reads.

    comparisons: the COMPARISONS table; audits: of the protocols that were audited; manifests: utterance and raters by
    corpus, empty where no rater is named; folds: FOLDS tables by corpus and protocol; transcripts: word errors of
    recognised transcripts; texts: empty unless the experiment shows them.
    """

    plan: Plan
    records: Sequence[RunRecord]
    groups: Sequence[ResultGroup]
    predictions: Mapping[Key, SystemPredictions]
    intervals: Mapping[Name, MetricInterval]
    comparisons: pd.DataFrame
    audits: Sequence[Audit]
    raters: Mapping[str, pd.DataFrame]
    corpora: Sequence[CorpusFacts]
    folds: Mapping[tuple[str, str], pd.DataFrame]
    transcripts: Sequence[TranscriptErrors]
    attention: RecordedAttention | None
    texts: Texts

    @property
    def title(self) -> str:
        """Title of the experiment."""
        return self.plan.experiment.title or self.plan.experiment.name

    @cached_property
    def metrics(self) -> tuple[str, ...]:
        """Metrics of the experiment, in the order of its tables."""
        return self.plan.experiment.metrics

    @cached_property
    def ranking(self) -> str:
        """Metric by which rows are ranked."""
        return ranking_metric(self.plan)

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
        return self.intervals[result.corpus, result.protocol, result.system, metric]

    def predictions_of(self, result: Result) -> SystemPredictions:
        """Return the predictions of a result."""
        return self.predictions[result.corpus, result.protocol, result.system]

    def leaks(self, result: Result) -> tuple[Leak, ...]:
        """Return the leaks of a row: those of its protocol, as the audit found them, and those of its features."""
        mine = [one for one in self.audits if (one.corpus, one.protocol) == (result.corpus, result.protocol)]
        declared = found_leaks(result.first.protocol.leaks, mine[0] if mine else None)
        return (*declared, *((Leak("voices of test speakers", "found"),) if result.embedding_leaks else ()))

    def by_kind(self) -> Iterator[tuple[ResultGroup, str, tuple[Result, ...]]]:
        """Yield the rows of every table of results: by group and kind of row."""
        for group in self.groups:
            for kind, rows in group.kinds():
                yield group, kind, rows


def ranking_metric(plan: Plan) -> str:
    """Return the metric that ranks systems: UA, or the first one where UA is not chosen."""
    chosen = plan.experiment.metrics
    return "UA" if "UA" in chosen else chosen[0]


def read(plan: Plan, tables: ScoreTables) -> ReportData:
    """Return everything that the report of ``plan`` reads.

    SerError for runs that are missing, damaged or of another version of their protocol, and for tables of other runs.
    """
    jobs = plan.runs()
    records = [runs.read(run, plan) for run in progress(jobs, total=len(jobs), unit="runs")]
    groups = group_results(
        records,
        contracts.read(contracts.SCORES, tables.scores).to_pandas(),
        contracts.read(contracts.CONFUSIONS, tables.confusions).to_pandas(),
        ranking_metric(plan),
    )
    pairs = list(dict.fromkeys((run.corpus, run.protocol) for run in jobs))
    found = contracts.read(contracts.INTERVALS, tables.intervals).to_pandas()
    return ReportData(
        plan=plan,
        records=records,
        groups=groups,
        predictions=predictions.read(jobs),
        intervals=intervals.by_name(found, [result for group in groups for result in group.results]),
        comparisons=contracts.read(contracts.COMPARISONS, tables.comparisons).to_pandas(),
        audits=[
            audit(contracts.read(AUDIT, path).to_pylist()) for pair in pairs if (path := layout.audit(*pair)).is_file()
        ],
        raters=_raters(plan),
        corpora=corpus_facts(plan.experiment.corpora()),
        folds={
            pair: contracts.read(contracts.FOLDS, path).select(["fold", "part", "speaker"]).to_pandas()
            for pair in pairs
            if (path := layout.folds(*pair)).is_file()
        },
        transcripts=_transcript_errors(plan),
        attention=attention.read(jobs, plan.experiment.utterance),
        texts=_texts(plan) if plan.experiment.words else {},
    )


def _raters(plan: Plan) -> dict[str, pd.DataFrame]:
    """Return utterance and raters of every corpus whose manifest names raters."""
    found = {}
    for corpus in plan.experiment.corpora():
        path = layout.manifest(corpus)
        if path.is_file():
            rows = contracts.read(contracts.MANIFEST, path).select(["utterance", "raters"])
            if rows["raters"].null_count < rows.num_rows:
                found[corpus] = rows.to_pandas()
    return found


def _texts(plan: Plan) -> Texts:
    """Return the text of every utterance, as the corpus gives it and as the recognisers of the runs transcribe it."""
    texts = {}
    for corpus in plan.experiment.corpora():
        rows = contracts.read(contracts.MANIFEST, layout.manifest(corpus)).select(["utterance", "text"]).to_pylist()
        texts[corpus, "given"] = {row["utterance"]: row["text"] or "" for row in rows}
    for corpus, transcript in _recognised(plan):
        table = transcripts.read(layout.transcripts(corpus, transcript), plan.shards.get(corpus))
        pairs = zip(table["utterance"].to_pylist(), table["text"].to_pylist(), strict=True)
        texts[corpus, transcript] = dict(pairs)
    return texts


def _transcript_errors(plan: Plan) -> list[TranscriptErrors]:
    """Return the word errors of every recognised transcript that a system of the plan reads."""
    return [
        TranscriptErrors(*one, word_errors(layout.transcripts(*one), plan.shards.get(one[0])))
        for one in _recognised(plan)
    ]


def _recognised(plan: Plan) -> list[tuple[str, str]]:
    """Return corpus and name of every recognised transcript that a system of the plan reads."""
    read: dict[tuple[str, str], None] = {}
    for run in plan.runs():
        words = plan.systems[run.system].inputs.words
        if words is not None and words.transcript != "given":
            read[run.corpus, words.transcript] = None
    return list(read)
