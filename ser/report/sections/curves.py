"""Losses and development UA, or CCC of dimensions, over epochs, one line per fold and seed."""

import math
from collections.abc import Sequence
from functools import partial

from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from ser.report.data.experiment import ReportData
from ser.report.data.results import Result
from ser.report.drawing import BLUE, GREEN, INK, ORANGE, Panel

TITLE = "Learning curves"
LEAD = (
    "Loss of train (orange) and dev (blue) above, dev UA below, over epochs: one thin line per fold and seed, a dot on "
    "the epoch that was kept. Dotted: chance, which is ln(classes) of the loss; a run whose loss stays there learned "
    "nothing. Of dimensions the loss is the mean square in standard deviations of the ratings, and CCC is below. "
    "Networks that minimise another loss than −ln p have a train loss on a scale of its own. Where a protocol "
    "asks for it, the test part was scored after every epoch as well (green, over steps). Its best point is what some "
    "papers print, and selecting by it is a leak."
)
EMPTY = "No system was trained by epochs, so there are no learning curves."
SOURCE = ("history.parquet",)
SIZE, ROWS = (3.4, 3.6), 2


def panels(data: ReportData) -> list[Panel]:
    """Return one panel per result of which a run recorded the training loss of more than one epoch."""
    return [
        Panel(f"{result.system}\n{result.protocol} · {result.corpus}", partial(_draw, result))
        for result in data.results
        if any(record.history["train_loss"].notna().sum() > 1 for record in result.records)
    ]


def _draw(result: Result, panel: Sequence[Axes]) -> None:
    """Draw losses and dev UA, or CCC, over epochs; with test scores those as well, over steps."""
    loss, dev = panel
    count = len(result.first.classes)
    score, name, factor, constant, chance = "dev_ua", "UA, %", 100, math.log(max(count, 1)), 100 / max(count, 1)
    if result.dimensions:
        score, name, factor, constant, chance = "dev_ccc", "CCC", 1, 1.0, 0.0
    part = result.first.protocol.selected_on
    tested = result.own.curve_ua is not None
    x, scored = "step" if tested else "epoch", tested
    for record in result.records:
        history = record.history
        dot = "." if len(history) < 2 else None
        loss.plot(history[x], history["train_loss"], color=ORANGE, linewidth=0.8, alpha=0.75, marker=dot)
        loss.plot(history[x], history["dev_loss"], color=BLUE, linewidth=0.8, alpha=0.75, marker=dot)
        if tested:
            dev.plot(history[x], 100 * history["test_ua"], color=GREEN, linewidth=0.8, alpha=0.75, marker=dot)
        rows = history[history[score].notna()]
        if not rows.empty:
            scored = True
            dev.plot(rows[x], factor * rows[score], color=BLUE, linewidth=0.8, alpha=0.75, marker=dot)
            kept = rows[rows["epoch"] == record.best_epoch]
            dev.plot(kept[x], factor * kept[score], "o", color=BLUE, markersize=3.5)
    loss.axhline(constant, color=INK, linewidth=0.8, linestyle=":")
    loss.set_ylabel(f"loss, train and {part}")
    dev.set(ylabel="dev, test UA, %" if tested and part == "dev" else f"{part} {name}", xlabel=x)
    loss.set_xlim(dev.get_xlim() if scored else loss.get_xlim())
    for axes in panel:
        axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    if scored:
        dev.axhline(chance, color=INK, linewidth=0.8, linestyle=":")
    else:
        dev.set_yticks([])
        dev.text(0.5, 0.5, "no dev part", transform=dev.transAxes, ha="center", va="center")
