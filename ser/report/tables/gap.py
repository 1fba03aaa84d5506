"""What each leak adds to the same systems on the same utterances, with its interval."""

from functools import partial
from typing import Any

import pandas as pd
from markupsafe import Markup

from ser.report.data.experiment import ReportData
from ser.report.formats import COUNT, INTERVAL, PERCENT, POINTS
from ser.report.leak_gaps import Gap, gaps, mean_gaps
from ser.report.table import Column, Table, frame
from ser.report.tables._columns import INTERVAL_MEANING, code, coded, leak_badges, leak_text

TITLE = "What each leak adds"
LEAD = (
    "The same system on the same utterances and classes, under a protocol and under one whose training sees more of "
    "the test part. The difference is what the leak adds to a published number, whatever the model. Its 95 % interval "
    "is for other test speakers, paired by utterance."
)
EMPTY = (
    "No system was run on the same corpus and classes under two protocols of which one leaks more than the other, so "
    "there is nothing to subtract."
)
SOURCE = ("predictions.parquet",)


def tables(data: ReportData) -> list[Table]:
    """Return the mean over systems, and what each system gains."""
    means = Table(
        "Mean over systems",
        [
            Column("", "Corpus", lambda mean: mean.corpus),
            coded("", "Without leak", lambda mean: mean.less),
            coded("", "With leak", lambda mean: mean.more),
            Column("", "Leak", lambda mean: leak_text(mean.leaks), html=lambda mean: leak_badges(mean.leaks)),
            Column("", "Systems", lambda mean: mean.systems, COUNT),
            *_changes(data),
        ],
        mean_gaps(data),
        "Differences in points, with the leak less without.",
        SOURCE,
        data.warning,
    )
    ranking = data.ranking
    single = Table(
        "Each system",
        [
            Column("corpus", "Corpus", lambda gap: gap.group.corpus, page=False),
            coded("system", "System", lambda gap: gap.less.system),
            Column("without", "Without leak", lambda gap: gap.less.protocol, page=False),
            Column("with", "With leak", lambda gap: gap.more.protocol, page=False),
            Column("leaks", "Leak", lambda gap: leak_text(gap.leaks), page=False),
            Column("", ranking, lambda gap: gap.less.scores[ranking].pooled.mean, PERCENT, "without the leak"),
            Column("", f"{ranking} with leak", lambda gap: gap.more.scores[ranking].pooled.mean, PERCENT),
            *_changes(data),
            Column("utterances", "", lambda gap: gap.utterances, COUNT),
            Column("method", "", lambda gap: gap.changes[ranking].method),
            Column("remark", "Remark", lambda gap: gap.remark),
            Column("note", "", lambda gap: gap.group.warning),
        ],
        gaps(data),
        "Percent; differences in points, with the leak less without.",
        SOURCE,
        data.warning,
        group=_heading,
        folded=len(gaps(data)) > 12,
    )
    return [means, single]


def csv(data: ReportData) -> pd.DataFrame:
    """Return one row per gap, in percent and points."""
    return frame(tables(data)[1:])


def _changes(data: ReportData) -> list[Column]:
    columns = []
    for metric in data.ranking_first:
        of = partial(_change, metric)
        columns += [
            Column(f"{metric}_difference", f"Δ {metric}", partial(of, "value"), POINTS),
            Column(f"{metric}_low", "", partial(of, "low"), POINTS),
            Column(f"{metric}_high", "", partial(of, "high"), POINTS),
            Column("", f"Δ {metric} 95 %", partial(_limits, metric), INTERVAL, INTERVAL_MEANING, small=""),
        ]
    return columns


def _change(metric: str, name: str, row: Any) -> float | None:
    value: float | None = getattr(row.changes[metric], name) if metric in row.changes else None
    return value


def _limits(metric: str, row: Any) -> tuple[float, float] | None:
    return (row.changes[metric].low, row.changes[metric].high) if metric in row.changes else None


def _heading(gap: Gap) -> Markup:
    return Markup('{} → {} on {} <span class="leaks">leak: {}</span>').format(
        code(gap.less.protocol), code(gap.more.protocol), gap.group.corpus, leak_badges(gap.leaks)
    )
