"""Reliability diagrams: accuracy over confidence, darker where more utterances are."""

from collections.abc import Sequence
from functools import partial

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgba

from ser.report.data.experiment import ReportData
from ser.report.drawing import BLUE, INK, ORANGE, Panel
from ser.report.formats import percent
from ser.report.tables.calibration import Calibration, ordered

TITLE = "Calibration"
EMPTY = "No run was tested, so there is no calibration."
SOURCE = ("predictions.parquet",)
SIZE, ROWS = (2.6, 2.7), 1


def panels(data: ReportData) -> list[Panel]:
    """Return one diagram per result."""
    return [
        Panel(f"{one.result.system}\n{one.result.protocol} · ECE {percent(one.ece)}", partial(_draw, one))
        for one in ordered(data)
    ]


def _draw(one: Calibration, panel: Sequence[Axes]) -> None:
    axes, bins = panel[0], one.bins[one.bins["utterances"] > 0]
    shades = [to_rgba(BLUE, 0.25 + 0.65 * count / bins["utterances"].max()) for count in bins["utterances"]]
    widths = np.subtract(bins["high"], bins["low"])
    axes.bar(bins["low"], bins["accuracy"], widths, align="edge", color=shades, linewidth=0)
    axes.vlines(bins["confidence"], bins["confidence"], bins["accuracy"], color=ORANGE, linewidth=1)
    axes.plot([0, 1], [0, 1], color=INK, linewidth=0.8, linestyle=":")
    axes.set(xlim=(0, 1), ylim=(0, 1), xlabel="confidence", ylabel="accuracy", aspect="equal")
    axes.set_title(axes.get_title(loc="left"), fontsize=8)
