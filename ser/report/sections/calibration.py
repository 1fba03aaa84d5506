"""Whether probabilities are calibrated: calibration error, Brier score, log-likelihood, reliability diagrams."""

from collections.abc import Sequence
from functools import lru_cache, partial
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import to_rgba

from ser.evaluation.calibration import brier, calibration_error, negative_log_likelihood, reliability
from ser.evaluation.predictions import Predictions
from ser.report.data.experiment import ReportData
from ser.report.data.results import Result
from ser.report.drawing import BLUE, INK, ORANGE, Panel
from ser.report.formats import DECIMAL, SHARE, percent
from ser.report.sections._columns import csv_only, systems, tables_by_kind
from ser.report.table import Column, Table

TITLE = "Calibration"
TARGET = "classes"
LEAD = (
    "Whether a system that gives a class 80 % is right in 80 % of such cases. A blind guess over N classes has a Brier "
    "score of 1 − 1/N. In the figure, height is accuracy over confidence, darker where more utterances are; on the "
    "diagonal both are equal."
)
EMPTY = "No run was tested, so there is no calibration."
SOURCE = ("predictions.parquet",)
SIZE, ROWS = (2.6, 2.7), 1


@lru_cache(maxsize=1)
def by_result(data: ReportData) -> dict[Result, dict[str, Any]]:
    """Return the calibration of every result in the order of the tables, by name of column.

    All folds of a seed together, mean over seeds. ECE, ECE_adaptive: expected calibration error, 0…1, with bins of
    equal width and of equally many utterances; Brier: 0…2; NLL: nats; confidence: mean of the highest probability, 0…1.
    bins: of equal width, all seeds together. Without systems that give several labels, whose probabilities are of each
    class alone.
    """
    chosen = [result for result in data.by_name if result.first.protocol.target.kind != "several"]
    return {result: _calibration(result, data.predictions[result.key]) for result in chosen}


def _calibration(result: Result, predictions: Predictions) -> dict[str, Any]:
    probabilities = predictions.probabilities
    truth = pd.Index(predictions.classes).get_indexer(pd.Index(predictions.rows["label"]))
    each = []
    for seed in result.seeds:
        mine = (predictions.rows["seed"] == seed).to_numpy()
        of_seed = probabilities[mine], truth[mine]
        errors = [calibration_error(reliability(*of_seed, adaptive=adaptive)) for adaptive in (False, True)]
        each.append((*errors, brier(*of_seed), negative_log_likelihood(*of_seed), float(of_seed[0].max(1).mean())))
    names = ("ECE", "ECE_adaptive", "Brier", "NLL", "confidence")
    means = dict(zip(names, np.mean(each, axis=0).tolist(), strict=True))
    return {"result": result, **means, "WA": result.value("WA"), "bins": reliability(probabilities, truth)}


def tables(data: ReportData) -> list[Table]:
    """Return one table per group of results and kind of row."""
    bins = "15 bins of the highest probability"
    columns = [
        *systems(),
        Column("ECE", "ECE", "", SHARE, f"mean |confidence − accuracy| over {bins}, percent"),
        Column("ECE_adaptive", "ECE, adaptive", "", SHARE, "with bins of equally many utterances"),
        Column("Brier", "Brier", "", DECIMAL, "over all classes, 0 to 2"),
        Column("NLL", "NLL", "", DECIMAL, "mean −ln probability of the true class, nats"),
        Column("confidence", "Confidence", "", SHARE, "mean highest probability, percent"),
        Column("WA", "WA", "", SHARE, "percent"),
        *csv_only(note="result.first.warning"),
    ]
    caption = "All folds together, mean over seeds."
    return tables_by_kind(data, by_result(data).values(), caption, columns=columns, source=SOURCE)


def panels(data: ReportData) -> list[Panel]:
    """Return one diagram per result."""
    return [
        Panel(f"{result.system}\n{result.protocol} · ECE {percent(one['ECE'])}", partial(_draw, one["bins"]))
        for result, one in by_result(data).items()
    ]


def _draw(bins: pd.DataFrame, panel: Sequence[Axes]) -> None:
    axes, bins = panel[0], bins[bins["utterances"] > 0]
    shades = [to_rgba(BLUE, 0.25 + 0.65 * count / bins["utterances"].max()) for count in bins["utterances"]]
    widths = np.subtract(bins["high"], bins["low"])
    axes.bar(bins["low"], bins["accuracy"], widths, align="edge", color=shades, linewidth=0)
    axes.vlines(bins["confidence"], bins["confidence"], bins["accuracy"], color=ORANGE, linewidth=1)
    axes.plot([0, 1], [0, 1], color=INK, linewidth=0.8, linestyle=":")
    axes.set(xlim=(0, 1), ylim=(0, 1), xlabel="confidence", ylabel="accuracy", aspect="equal")
    axes.set_title(axes.get_title(loc="left"), fontsize=8)
