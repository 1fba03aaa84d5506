"""The ranking metric of each system without and with a leak, and the difference."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ser.report.data.experiment import ReportData
from ser.report.drawing import BLUE, INK, LINE, ORANGE
from ser.report.formats import limits, points
from ser.report.leak_gaps import Gap, by_protocols, gaps

TITLE = "Without and with the leak"
EMPTY = "No system was run both with and without a leak, so there is no gap to show."
SOURCE = ("scores.parquet", "predictions.parquet")


def draw(data: ReportData) -> Figure | None:
    """Return a panel per two protocols, a line per system."""
    groups = by_protocols(gaps(data))
    if not groups:
        return None
    figure = Figure(figsize=(8.4, 1.1 + 0.29 * len(gaps(data)) + 0.45 * len(groups)))
    ratios = [len(group) + 0.8 for group in groups]
    panels = figure.subplots(len(groups), 1, sharex=True, squeeze=False, height_ratios=ratios)[:, 0]
    for axes, group in zip(panels, groups, strict=True):
        _panel(axes, group, data.ranking)
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside upper right", ncols=3, frameon=False)
    panels[-1].set_xlabel(f"{data.ranking}, %")
    return figure


def _panel(axes: Axes, group: Sequence[Gap], metric: str) -> None:
    for row, gap in enumerate(group):
        less, more = (result.scores[metric] for result in (gap.less, gap.more))
        pair = 100 * less.pooled.mean, 100 * more.pooled.mean
        axes.plot(pair, (row, row), color=LINE, linewidth=3, zorder=1, solid_capstyle="round")
        labels = ("without the leak", "with it", "chance") if row == 0 else (None, None, None)
        axes.scatter(pair[0], row, s=40, color=BLUE, zorder=3, label=labels[0])
        axes.scatter(pair[1], row, s=40, color=ORANGE, marker="D", zorder=3, label=labels[1])
        if less.chance is not None:
            axes.scatter(100 * less.chance, row, marker="|", s=90, color=INK, zorder=2, label=labels[2])
        change = gap.changes[metric]
        text = f"{points(change.value, 1)} {limits(change.low, change.high)}"
        axes.annotate(text, (max(pair), row), (9, 0), textcoords="offset points", va="center", fontsize=8)
    axes.set_yticks(range(len(group)), [gap.less.system for gap in group])
    axes.set_ylim(len(group) - 0.4, -0.6)
    axes.margins(x=0.2)
    axes.grid(visible=False, axis="y")
    first = group[0]
    axes.set_title(f"{first.less.protocol} → {first.more.protocol} · {first.group.corpus}")
