"""Metrics and recalls over the setting of each sweep."""

from collections.abc import Mapping, Sequence
from functools import partial

from matplotlib.axes import Axes

from ser.config.schema import Sweep
from ser.report.data.experiment import ReportData
from ser.report.data.results import Result
from ser.report.drawing import BLUE, GREEN, ORANGE, Panel

TITLE = "Sweeps"
LEAD = "Metrics and recalls over one setting of a system."
EMPTY = "The experiment sweeps over no setting."
SOURCE = ("scores.parquet",)
SIZE, ROWS = (4.2, 3.1), 1


def panels(data: ReportData) -> list[Panel]:
    """Return one panel per sweep, corpus and protocol with two settings or more."""
    found = []
    for sweep in data.plan.experiment.sweeps.values():
        for corpus, protocol in dict.fromkeys((one.corpus, one.protocol) for one in data.results):
            mine = {one.system: one for one in data.results if (one.corpus, one.protocol) == (corpus, protocol)}
            points = {x: mine[name] for x, name in sorted(sweep.systems.items()) if name in mine}
            if len(points) > 1:
                title, draw = f"{sweep.title}\n{protocol} · {corpus}", partial(_draw, sweep, points, data)
                found.append(Panel(title, draw))
    return found


def _draw(sweep: Sweep, points: Mapping[float, Result], data: ReportData, panel: Sequence[Axes]) -> None:
    axes, x, factor = panel[0], list(points), data.notation.factor
    for name in points[x[0]].recalls:
        recalls = [100 * result.recalls[name] for result in points.values()]
        axes.plot(x, recalls, linewidth=0.8, alpha=0.7, label=f"recall {name}")
    for metric, colour in zip(data.metrics, (BLUE, ORANGE, GREEN), strict=False):
        values = [factor * result.scores[metric].value for result in points.values()]
        axes.plot(x, values, color=colour, linewidth=1.8, marker=".", label=metric)
    axes.set(xlabel=sweep.axis, ylabel="%" if data.target == "classes" else "")
    axes.legend(fontsize=7, frameon=False, ncols=2)
