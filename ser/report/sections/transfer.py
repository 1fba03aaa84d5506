"""What is trained on one corpus, language or gender and tested on another, a matrix for each system."""

from collections.abc import Sequence
from functools import partial
from math import isnan, nan

import numpy as np
from markupsafe import Markup
from matplotlib.axes import Axes

from ser.report.data.experiment import ReportData
from ser.report.drawing import Panel
from ser.report.formats import COUNT, percent
from ser.report.sections._columns import coded, csv_only, interval, page_only
from ser.report.table import Column, Table
from ser.report.transfers import Transfer, by_result, transfers

TITLE = "Trained on one, tested on another"
LEAD = (
    "A row is what is trained on, a column what is tested: no utterance of it is trained on or selects an epoch. In "
    'brackets the 95 % interval for other speakers of what is tested. The row "itself" is the same system trained '
    "and tested on the one corpus, on other speakers, where the experiment has that."
)
SOURCE = ("predictions.parquet",)
EMPTY = "No protocol of this experiment trains on one corpus, language or gender and tests another."
SIZE, ROWS = (3.7, 3.0), 1
DARK = "#08306b"  # as in the confusion matrices
ITSELF = "itself"


def tables(data: ReportData) -> list[Table]:
    """Return a matrix per result, for the page only, and one table with a row per direction."""
    found = transfers(data)
    columns = [
        *csv_only(corpus="result.corpus"),
        coded("protocol", "Protocol", "result.protocol"),
        Column("by", "By", meaning="what sets train and test apart"),
        Column("trained", "Trained on", "train"),
        Column("tested", "Tested on"),
        coded("system", "System", "result.system"),
        *(column for metric in data.metrics for column in _metric(data, metric)),
        Column("utterances", "n", "", COUNT, "test utterances"),
        Column("clusters", "Speakers", lambda row: row.clusters if row.cluster_kind == "speaker" else None, COUNT),
        *csv_only("fold", name="name", method=lambda row: row.estimates[data.ranking].method),
        *csv_only(note="result.first.warning"),
    ]
    title = "Every direction"
    caption = f"{data.notation.title}, mean over seeds; interval for other speakers of what is tested."
    every = Table(title, columns, found, caption, SOURCE, data.warning, folded=len(found) > 12)
    return [*(_matrix(data, of_result) for of_result in by_result(found)), every]


def _metric(data: ReportData, metric: str) -> list[Column]:
    of, kind = f"estimates.{metric}", data.notation.value
    return [Column(metric, metric, f"{of}.value", kind), *interval(metric, metric, of, kind, data.notation.interval)]


def _matrix(data: ReportData, found: Sequence[Transfer]) -> Table:
    """Return the directions of one result as a matrix, a row per training."""
    result = found[0].result
    tested = list(dict.fromkeys(one.tested for one in found))
    rows = list(dict.fromkeys(one.train for one in found)) + [ITSELF] * any(one.within for one in found)
    first = Column("", "Trained on", str, text=False)
    cells = page_only(tested, data.notation.value, partial(_cell, data, found))
    title = f"{result.system}: {result.protocol} on {result.corpus}"
    caption = f"{data.ranking}{data.notation.unit}; a row and a column for each {found[0].by}."
    return Table(title, [first, *cells], rows, caption, SOURCE, result.first.warning)


def _cell(data: ReportData, found: Sequence[Transfer], train: str, title: str) -> str:
    value, low, high = _number(data, found, train, title)
    if isnan(value):
        return ""
    return Markup('<span class="heat" style="--share: {}%">{}</span><small>{}</small>').format(
        percent(max(0.0, value)), data.notation.value.text(value), data.notation.limits(low, high)
    )


def _number(data: ReportData, found: Sequence[Transfer], train: str, tested: str) -> tuple[float, float, float]:
    """Return value, low and high of a cell, NaN where nothing was trained."""
    for one in (one for one in found if one.tested == tested):
        if train == ITSELF and one.within is not None:
            own = data.interval(one.within, data.ranking)
            return own.value, own.low, own.high
        if one.train == train:
            mine = one.estimates[data.ranking]
            return mine.value, mine.low, mine.high
    return nan, nan, nan


def _label(data: ReportData, value: float, low: float, high: float) -> str:
    """Return the number of a cell, and below it the interval where there is one."""
    return f"{data.notation.value.text(value)}\n{data.notation.limits(low, high)}".rstrip()


def panels(data: ReportData) -> list[Panel]:
    """Return one matrix per result."""
    title = "{0.system}\n{0.protocol} · {0.corpus} · {1}"
    groups = by_result(transfers(data))
    return [Panel(title.format(one[0].result, data.ranking), partial(_draw, data, one)) for one in groups]


def _draw(data: ReportData, found: Sequence[Transfer], panel: Sequence[Axes]) -> None:
    axes = panel[0]
    tested = list(dict.fromkeys(one.tested for one in found))
    rows = list(dict.fromkeys(one.train for one in found)) + [ITSELF] * any(one.within for one in found)
    cells = [[_number(data, found, train, one) for one in tested] for train in rows]
    values = np.ma.masked_invalid(np.array([[value for value, _, _ in line] for line in cells]))
    axes.pcolormesh(
        np.arange(len(tested) + 1) - 0.5, np.arange(len(rows) + 1) - 0.5, values, cmap="Blues", vmin=0, vmax=1
    )
    axes.invert_yaxis()
    for row, column in np.ndindex(*values.shape):
        value = cells[row][column][0]
        if not isnan(value):
            colour, text = "white" if value > 0.55 else DARK, _label(data, *cells[row][column])
            axes.text(column, row, text, ha="center", va="center", color=colour, fontsize=8)
    axes.set_xticks(range(len(tested)), tested, rotation=20 if len(tested) > 2 else 0)
    axes.set_yticks(range(len(rows)), rows)
    axes.set(xlabel="tested on", ylabel="trained on")
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)
