"""Diagrams of what lies behind the mean: what leaks add, calibration, speakers."""

from collections.abc import Sequence

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure

from ser.reports.drawings.figures import BLUE, INK, LINE, ORANGE, STYLE, grid, warned, words
from ser.reports.gathered.numerals import limits, percent, points
from ser.reports.sections.gap import Gap, grouped
from ser.reports.sections.reliabilities import Reliability
from ser.reports.sections.speakers import Speakers


def gap(gaps: Sequence[Gap], warning: str) -> Figure:
    """Return a panel per two protocols: UA of each system without and with the leak, and the difference."""
    if not gaps:
        return words("No system was run both with and without a leak, so there is no gap to show.")
    groups = grouped(gaps)
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(8.4, 1.1 + 0.29 * len(gaps) + 0.45 * len(groups)))
        ratios = [len(group) + 0.8 for group in groups]
        panels = figure.subplots(len(groups), 1, sharex=True, squeeze=False, height_ratios=ratios)[:, 0]
        for axes, group in zip(panels, groups, strict=True):
            _gap(axes, group)
        figure.legend(*panels[0].get_legend_handles_labels(), loc="outside upper right", ncols=3, frameon=False)
        panels[-1].set_xlabel("UA, %")
        return warned(figure, warning)


def _gap(axes: Axes, group: Sequence[Gap]) -> None:
    for row, item in enumerate(group):
        pair = 100 * item.less.ua.mean, 100 * item.more.ua.mean
        axes.plot(pair, (row, row), color=LINE, linewidth=3, zorder=1, solid_capstyle="round")
        labels = ("without the leak", "with it", "chance") if row == 0 else (None, None, None)
        axes.scatter(pair[0], row, s=40, color=BLUE, zorder=3, label=labels[0])
        axes.scatter(pair[1], row, s=40, color=ORANGE, marker="D", zorder=3, label=labels[1])
        axes.scatter(100 * item.less.chance_ua, row, marker="|", s=90, color=INK, zorder=2, label=labels[2])
        text = f"{points(item.ua.value, 1)} {limits(item.ua.low, item.ua.high)}"
        axes.annotate(text, (max(pair), row), (9, 0), textcoords="offset points", va="center", fontsize=8)
    axes.set_yticks(range(len(group)), [item.less.system for item in group])
    axes.set_ylim(len(group) - 0.4, -0.6)
    axes.margins(x=0.2)
    axes.grid(visible=False, axis="y")
    first = group[0]
    axes.set_title(f"{first.less.protocol} → {first.more.protocol} · {first.block.corpus}")


def calibration(found: Sequence[Reliability], warning: str) -> Figure:
    """Return a reliability diagram per result: accuracy over confidence, as dark as the bin holds utterances."""
    if not found:
        return words("No run was tested, so there is no calibration.")
    with matplotlib.rc_context(STYLE):
        figure, panels = grid(len(found), 1, (2.6, 2.7))
        for axes, one in zip(panels[0], found, strict=False):
            low, high, confidence, accuracy, share = (list(column) for column in zip(*one.bars, strict=True))
            widths, shades = np.subtract(high, low), [to_rgba(BLUE, 0.25 + 0.65 * part / max(share)) for part in share]
            axes.bar(low, accuracy, widths, align="edge", color=shades, linewidth=0)
            axes.vlines(confidence, confidence, accuracy, color=ORANGE, linewidth=1)
            axes.plot([0, 1], [0, 1], color=INK, linewidth=0.8, linestyle=":")
            axes.set(xlim=(0, 1), ylim=(0, 1), xlabel="confidence", ylabel="accuracy", aspect="equal")
            axes.set_title(f"{one.result.system}\n{one.result.protocol} · ECE {percent(one.ece)}", fontsize=8)
        return warned(figure, warning)


def speakers(found: Sequence[Speakers], warning: str) -> Figure:
    """Return one line of dots per result: the UA of every speaker, the mean over utterances as a bar."""
    if not found:
        return words("The speakers of these corpora are unknown.")
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(8.4, 1.0 + 0.32 * len(found)))
        axes = figure.subplots()
        for row, one in enumerate(found):
            axes.scatter(100 * one.table["ua"], [row] * len(one.table), s=22, color=BLUE, alpha=0.55, linewidth=0)
            axes.scatter(100 * one.result.ua.mean, row, marker="|", s=140, color=INK)
        names = [f"{one.result.system} · {one.result.protocol} · {one.result.corpus}" for one in found]
        axes.set_yticks(range(len(found)), names)
        axes.set_ylim(len(found) - 0.4, -0.6)
        axes.set(xlabel="UA of each speaker, %", xlim=(-2, 102))
        axes.grid(visible=False, axis="y")
        return warned(figure, warning)
