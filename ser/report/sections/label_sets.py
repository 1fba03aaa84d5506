"""Systems that give an utterance several labels: F1, exact sets of labels and wrong answers, with intervals."""

from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd

from ser import layout
from ser.evaluation import intervals, label_sets
from ser.report.data.experiment import ReportData
from ser.report.data.results import Result
from ser.report.formats import DECIMAL, PERCENT
from ser.report.sections._columns import csv_only, interval, systems, tables_by_kind
from ser.report.table import Column, Table
from ser.tables import contracts

TITLE = "Several labels"
TARGET = "classes"
LEAD = (
    "Under these protocols a class is a label of an utterance if enough of its raters chose it, and an utterance may "
    "have several labels, or none. A system gives a class from a probability of one half on; probabilities are "
    "independent and do not sum to 1. WA and UA, in the other sections, are of the most probable class alone."
)
SOURCE = ("predictions.parquet", "folds")


@lru_cache(maxsize=1)
def by_result(data: ReportData) -> list[dict[str, Any]]:
    """Return the metrics of each result whose protocol has several labels per utterance, in the order of the tables.

    By name of column: result, one estimate per metric, and the mean number of labels of an utterance, true and given.
    """
    chosen = (result for result in data.by_name if result.first.protocol.target.kind == "several")
    return [_row(data, one) for one in chosen if layout.folds(one.corpus, one.protocol).is_file()]


def _row(data: ReportData, result: Result) -> dict[str, Any]:
    read = data.predictions[result.key]
    truth = _truth(result, read.rows)
    of = label_sets.tally(read.rows, truth, read.probabilities)
    estimates = {name: intervals.estimate(of, name) for name in label_sets.MEASURES}
    given = float((read.probabilities >= label_sets.FROM).sum(1).mean())
    return {"result": result, **estimates, "labels": float(truth.sum(1).mean()), "given": given}


def _truth(result: Result, rows: pd.DataFrame) -> np.ndarray:
    """Return the labels of the utterances of predictions, (rows, classes), by the folds that were trained on."""
    table = contracts.read(contracts.FOLDS, layout.folds(result.corpus, result.protocol))
    folds = table.select(["utterance", "fold", "targets"]).to_pandas().set_index(["utterance", "fold"])["targets"]
    keys = pd.MultiIndex.from_frame(rows[["utterance", "fold"]])
    return np.stack(folds.loc[keys].to_list()) > 0


def tables(data: ReportData) -> list[Table]:
    """Return one table per group of results and kind of row, a row per result."""
    columns = systems()
    for name, metric in label_sets.MEASURES.items():
        key = name.replace(" ", "_")
        columns += [Column(key, name, f"{name}.value", PERCENT, metric.title), *interval(key, name, name, small="")]
    columns += [
        Column("labels", "Labels", "", DECIMAL, "of an utterance, mean"),
        Column("given", "Given", "", DECIMAL, "labels that the system gives an utterance, mean"),
        *csv_only(note="result.first.warning"),
    ]
    caption = "Percent; all folds of a seed together, mean over seeds."
    return tables_by_kind(data, by_result(data), caption, columns=columns, source=SOURCE)
