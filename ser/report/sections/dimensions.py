"""CCC, correlation and absolute error of every dimension, and ratings against predictions."""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from ser.papers.published_dimensions import levels
from ser.report.data.experiment import ReportData
from ser.report.data.results import Result
from ser.report.drawing import BLUE, INK, ORANGE, Panel
from ser.report.formats import DECIMAL, decimal
from ser.report.sections._columns import csv_only, interval, systems, tables_by_kind
from ser.report.table import Column, Table, frame

TITLE = "Dimensions"
TARGET = "dimensions"
MOST = 1500  # points in a panel
LEAD = (
    "Every dimension by itself. CCC is Pearson's correlation, lowered where the predictions have another mean or "
    "another spread than the ratings; that of a constant prediction is 0. MAE is in points of the rating scale. The "
    "figure is of the system that is ranked first under each protocol, first seed: a point is a test utterance, the "
    "dotted line a perfect prediction, the solid one the least-squares fit. Of more than "
    f"{MOST} utterances it shows evenly chosen ones."
)
EMPTY = "No run was tested, so there are no ratings to compare with."
SOURCE = ("intervals.parquet", "predictions.parquet")
SIZE, ROWS = (3.0, 3.1), 1


def tables(data: ReportData) -> list[Table]:
    """Return one table per group of results, a row per result and dimension, and what others print of the corpora."""
    return [*_measured(data), _published(data)]


def csv(data: ReportData) -> pd.DataFrame:
    """Return one row per result and dimension."""
    return frame(_measured(data))


def _measured(data: ReportData) -> list[Table]:
    columns, kind = [*systems(), Column("dimension", "Dimension")], data.notation.value
    for metric in data.metrics:
        of = f"intervals.{metric}"
        columns += [
            Column(metric, metric, f"{of}.value", kind),
            *interval(metric, metric, of, kind, data.notation.interval, small=""),
            Column(f"{metric}_sd", "", f"{of}.seed_sd", kind),
        ]
    columns += csv_only(clusters="any.clusters", method="any.method", note="result.first.warning")
    rows = [row for result in data.by_name for row in _rows(data, result)]
    return tables_by_kind(data, rows, "All folds of a seed together, mean over seeds.", columns=columns, source=SOURCE)


def _rows(data: ReportData, result: Result) -> Iterator[dict[str, Any]]:
    """Yield result, dimension, its intervals by metric, and any of these."""
    for name in result.dimensions:
        found = {metric: data.interval(result, _named(result, metric, name)) for metric in data.metrics}
        yield {"result": result, "dimension": name, "intervals": found, "any": found[data.ranking]}


def _published(data: ReportData) -> Table:
    """Return the CCC that others print of the corpora, which no result of ours is ranked with."""
    columns = [
        Column("", "Corpus", "corpus"),
        Column("", "Set", "set"),
        Column("", "Release", "release"),
        *(Column("", f"CCC {name}", name, DECIMAL) for name in ("valence", "activation", "dominance")),
        Column("", "Source", "source"),
        Column("", "Remark", "remark", small=""),
    ]
    rows = [level for name in dict.fromkeys(one.first.adapter for one in data.results) for level in levels(name)]
    caption = "As printed. Comparable with a protocol that tests the same set of the same release, and with no other."
    return Table("Published by others", columns, rows, caption, ("published_dimensions.csv",), paper=True)


def _named(result: Result, metric: str, dimension: str) -> str:
    """Return the name of a metric of one dimension in the tables."""
    return f"{metric} {dimension}" if len(result.dimensions) > 1 else metric


def panels(data: ReportData) -> list[Panel]:
    """Return one panel per protocol and dimension, of the system that is ranked first."""
    first: dict[tuple[str, str], Result] = {}
    for result in data.results:
        first.setdefault((result.corpus, result.protocol), result)
    return [
        Panel(f"{name}, {result.system}\n{result.protocol} · {result.corpus}", partial(_draw, data, result, name))
        for result in first.values()
        for name in result.dimensions
    ]


def _draw(data: ReportData, result: Result, name: str, panel: Sequence[Axes]) -> None:
    axes, rows, seed = panel[0], data.predictions[result.key].rows, result.seeds[0]
    rows = rows[rows["seed"] == seed].sort_values("utterance")
    rated, predicted = (rows[f"{side}_{name}"].to_numpy() for side in ("target", "predicted"))
    kept = np.unique(np.linspace(0, len(rows) - 1, min(MOST, len(rows))).astype(int))
    axes.scatter(rated[kept], predicted[kept], s=7, color=BLUE, alpha=0.35, linewidth=0)
    ends = min(rated.min(), predicted.min()), max(rated.max(), predicted.max())
    axes.plot(ends, ends, color=INK, linewidth=0.8, linestyle=":")
    if np.ptp(rated) > 0:
        slope, start = np.polyfit(rated, predicted, 1)
        across = np.array([rated.min(), rated.max()])
        axes.plot(across, start + slope * across, color=ORANGE, linewidth=1.2)
    if score := result.scores.get(_named(result, "CCC", name)):
        text = f"CCC {decimal(score.by_seed[seed])}"
        axes.annotate(text, (0.03, 0.97), xycoords="axes fraction", va="top", fontsize=8)
    axes.set(xlabel="rated", ylabel="predicted", aspect="equal")
    axes.set_title(axes.get_title(loc="left"), fontsize=8)
