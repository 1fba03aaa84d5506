"""Confusion counts, rows are the true classes."""

from collections.abc import Sequence
from functools import partial

import numpy as np
from matplotlib.axes import Axes

from ser.report.data.experiment import ReportData
from ser.report.data.results import Result
from ser.report.drawing import Panel
from ser.report.formats import percent

TITLE = "Confusion matrices"
TARGET = "classes"
LEAD = (
    "Rows are the true class, columns the prediction. The colour is the share of the row, numbers are utterances, all "
    "folds together and summed over seeds."
)
EMPTY = "No run was tested, so there is no confusion matrix."
SOURCE = ("confusions.parquet",)
SIZE, ROWS = (3.4, 3.1), 1
DARK = "#08306b"  # readable on light blue, whatever the page's text colour


def panels(data: ReportData) -> list[Panel]:
    """Return one matrix per result."""
    title, metric = "{0.system}\n{0.protocol} · {0.corpus} · {1} {2}", data.ranking
    means = [(one, percent(one.scores[metric].value)) for one in data.results]
    return [Panel(title.format(one, metric, mean), partial(_draw, one)) for one, mean in means]


def _draw(result: Result, panel: Sequence[Axes]) -> None:
    axes = panel[0]
    counts = result.confusion.to_numpy(dtype=float)
    rows = counts.sum(axis=1, keepdims=True)
    shares = np.divide(counts, rows, out=np.zeros_like(counts), where=rows > 0)
    edges = np.arange(len(counts) + 1) - 0.5
    axes.pcolormesh(edges, edges, shares, cmap="Blues", vmin=0, vmax=1)
    axes.set_aspect("equal")
    axes.invert_yaxis()
    for true, predicted in np.ndindex(*counts.shape):
        colour = "white" if shares[true, predicted] > 0.55 else DARK
        text = f"{counts[true, predicted]:.0f}"
        axes.text(predicted, true, text, ha="center", va="center", color=colour, fontsize=8)
    axes.set_xticks(range(len(counts)), [str(name) for name in result.confusion.columns], rotation=40, ha="right")
    axes.set_yticks(range(len(counts)), [str(name) for name in result.confusion.index])
    axes.set(xlabel="predicted", ylabel="true")
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)
