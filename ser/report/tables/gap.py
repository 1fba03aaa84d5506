"""What each leak adds to the same systems on the same utterances, with its interval."""

from functools import partial

import pandas as pd
from markupsafe import Markup

from ser.report.data.experiment import ReportData
from ser.report.formats import COUNT, PERCENT, POINTS
from ser.report.leak_gaps import Gap, gaps, mean_gaps
from ser.report.table import Column, Table, frame
from ser.report.tables._columns import code, coded, csv_only, interval, leak_badges, leak_text

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
PERCENTS = "Percent; differences in points, with the leak less without."


def tables(data: ReportData) -> list[Table]:
    """Return the mean over systems, and what each system gains."""
    ranking = data.ranking
    means = [
        Column("corpus", "Corpus"),
        coded("less", "Without leak"),
        coded("more", "With leak"),
        Column("", "Leak", lambda mean: leak_text(mean.leaks), html=lambda mean: leak_badges(mean.leaks)),
        Column("systems", "Systems", "", COUNT),
        *_changes(data),
    ]
    single = [
        Column("corpus", "Corpus", "group.corpus", page=False),
        coded("system", "System", "less.system"),
        Column("without", "Without leak", "less.protocol", page=False),
        Column("with", "With leak", "more.protocol", page=False),
        Column("leaks", "Leak", lambda gap: leak_text(gap.leaks), page=False),
        Column("", ranking, f"less.scores.{ranking}.pooled.mean", PERCENT, "without the leak"),
        Column("", f"{ranking} with leak", f"more.scores.{ranking}.pooled.mean", PERCENT),
        *_changes(data),
        *csv_only("utterances", method=f"changes.{ranking}.method"),
        Column("remark", "Remark"),
        *csv_only(note="group.warning"),
    ]
    table = partial(Table, source=SOURCE, warning=data.warning)
    return [
        table("Mean over systems", means, mean_gaps(data), "Differences in points, with the leak less without."),
        table("Each system", single, gaps(data), PERCENTS, group=_heading, folded=len(gaps(data)) > 12),
    ]


def csv(data: ReportData) -> pd.DataFrame:
    """Return one row per gap, in percent and points."""
    return frame(tables(data)[1:])


def _changes(data: ReportData) -> list[Column]:
    columns = []
    for metric in data.ranking_first:
        columns.append(Column(f"{metric}_difference", f"Δ {metric}", f"changes.{metric}.value", POINTS))
        columns += interval(metric, f"Δ {metric}", f"changes.{metric}", POINTS, small="")
    return columns


def _heading(gap: Gap) -> Markup:
    return Markup('{} → {} on {} <span class="leaks">leak: {}</span>').format(
        code(gap.less.protocol), code(gap.more.protocol), gap.group.corpus, leak_badges(gap.leaks)
    )
