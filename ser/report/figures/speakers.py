"""UA of every test speaker, and on all utterances together."""

from matplotlib.figure import Figure

from ser.report.data.experiment import ReportData
from ser.report.drawing import BLUE, INK
from ser.report.tables.speakers import by_result

TITLE = "UA of each speaker"
EMPTY = "The speakers of these corpora are unknown."
SOURCE = ("predictions.parquet",)


def draw(data: ReportData) -> Figure | None:
    """Return one line of dots per result: UA of each speaker; the bar is UA on all utterances."""
    found = [by_result(data)[result] for result in data.by_name if result in by_result(data)]
    if not found:
        return None
    figure = Figure(figsize=(8.4, 1.0 + 0.32 * len(found)))
    axes = figure.subplots()
    for row, one in enumerate(found):
        axes.scatter(100 * one.table["ua"], [row] * len(one.table), s=22, color=BLUE, alpha=0.55, linewidth=0)
        axes.scatter(100 * one.result.pooled("UA").mean, row, marker="|", s=140, color=INK)
    names = [f"{one.result.system} · {one.result.protocol} · {one.result.corpus}" for one in found]
    axes.set_yticks(range(len(found)), names)
    axes.set_ylim(len(found) - 0.4, -0.6)
    axes.set(xlabel="UA of each speaker, %", xlim=(-2, 102))
    axes.grid(visible=False, axis="y")
    return figure
