"""What each leak adds to the same systems on the same utterances, with its interval."""

from collections.abc import Sequence
from functools import partial

import pandas as pd
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ser.report.data.experiment import ReportData
from ser.report.drawing import BLUE, INK, LINE, ORANGE
from ser.report.formats import COUNT
from ser.report.leak_gaps import Gap, by_protocols, gaps, mean_gaps
from ser.report.sections._columns import code, coded, csv_only, interval, leak_badges, leak_text
from ser.report.table import Column, Table, frame

TITLE = "What each leak adds"
LEAD = (
    "The same system on the same utterances and classes, under a protocol and under one whose training sees more of "
    "the test part. The difference is what the leak adds to a published number, whatever the model. Its 95 % interval "
    "is for other test speakers, paired by utterance."
)
EMPTY = "No system was run under two protocols of which one leaks more than the other, so there is nothing to subtract."
SOURCE = ("scores.parquet", "predictions.parquet")
WITHOUT = "with the leak less without."


def tables(data: ReportData) -> list[Table]:
    """Return the mean over systems, and what each system gains."""
    ranking, notation = data.ranking, data.notation
    means = [
        Column("corpus", "Corpus", "group.corpus"),
        coded("", "Without leak", "less.protocol"),
        coded("", "With leak", "more.protocol"),
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
        Column("", ranking, f"less.scores.{ranking}.value", notation.value, "without the leak"),
        Column("", f"{ranking} with leak", f"more.scores.{ranking}.value", notation.value),
        *_changes(data),
        *csv_only("utterances", method=f"changes.{ranking}.method"),
        Column("remark", "Remark"),
        *csv_only(note="group.warning"),
    ]
    folded, changes = len(gaps(data)) > 12, f"ifferences in {notation.points}, {WITHOUT}"
    table = partial(Table, source=SOURCE, warning=data.warning)
    return [
        table("Mean over systems", means, mean_gaps(data), f"D{changes}"),
        table("Each system", single, gaps(data), f"{notation.title}; d{changes}", group=_heading, folded=folded),
    ]


def csv(data: ReportData) -> pd.DataFrame:
    """Return one row per gap, of classes in percent and points."""
    return frame(tables(data)[1:])


def _changes(data: ReportData) -> list[Column]:
    columns, kinds = [], (data.notation.change, data.notation.interval)
    for metric in data.ranking_first:
        columns.append(Column(f"{metric}_difference", f"Δ {metric}", f"changes.{metric}.value", kinds[0]))
        columns += interval(metric, f"Δ {metric}", f"changes.{metric}", *kinds, small="")
    return columns


def _heading(gap: Gap) -> Markup:
    return Markup('{} → {} on {} <span class="leaks">leak: {}</span>').format(
        code(gap.less.protocol), code(gap.more.protocol), gap.group.corpus, leak_badges(gap.leaks)
    )


def draw(data: ReportData) -> Figure | None:
    """Return a panel per two protocols, a line per system."""
    groups = by_protocols(gaps(data))
    if not groups:
        return None
    figure = Figure(figsize=(8.4, 1.1 + 0.29 * len(gaps(data)) + 0.45 * len(groups)))
    ratios = [len(group) + 0.8 for group in groups]
    panels = figure.subplots(len(groups), 1, sharex=True, squeeze=False, height_ratios=ratios)[:, 0]
    for axes, group in zip(panels, groups, strict=True):
        _panel(axes, group, data)
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside upper right", ncols=3, frameon=False)
    panels[-1].set_xlabel(f"{data.ranking}, %" if data.target == "classes" else data.ranking)
    return figure


def _panel(axes: Axes, group: Sequence[Gap], data: ReportData) -> None:
    metric, notation = data.ranking, data.notation
    for row, gap in enumerate(group):
        less, more = (result.scores[metric] for result in (gap.less, gap.more))
        pair = notation.factor * less.value, notation.factor * more.value
        axes.plot(pair, (row, row), color=LINE, linewidth=3, zorder=1, solid_capstyle="round")
        labels = ("without the leak", "with it", "chance") if row == 0 else (None, None, None)
        axes.scatter(pair[0], row, s=40, color=BLUE, zorder=3, label=labels[0])
        axes.scatter(pair[1], row, s=40, color=ORANGE, marker="D", zorder=3, label=labels[1])
        if less.chance is not None:
            axes.scatter(notation.factor * less.chance, row, marker="|", s=90, color=INK, zorder=2, label=labels[2])
        change = gap.changes[metric]
        text = f"{notation.rough(change.value)} {notation.limits(change.low, change.high)}"
        axes.annotate(text, (max(pair), row), (9, 0), textcoords="offset points", va="center", fontsize=8)
    axes.set_yticks(range(len(group)), [gap.less.system for gap in group])
    axes.set_ylim(len(group) - 0.4, -0.6)
    axes.margins(x=0.2)
    axes.grid(visible=False, axis="y")
    first = group[0]
    axes.set_title(f"{first.less.protocol} → {first.more.protocol} · {first.group.corpus}")
