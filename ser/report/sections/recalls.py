"""Recall of every class, pooled over folds."""

from math import isnan

import pandas as pd
from markupsafe import Markup

from ser.report.data.experiment import ReportData
from ser.report.data.results import Result
from ser.report.formats import PERCENT, percent
from ser.report.sections._columns import systems, table_of_kind
from ser.report.table import Column, Table

SOURCE = ("scores.parquet",)
TITLE = "Recall per class"
TARGET = "classes"


def tables(data: ReportData) -> list[Table]:
    """Return one table per group of results and kind of row, a column per class."""
    caption = "Percent of the class's test utterances that are recognised, pooled over folds, mean over seeds."
    made = []
    for group, kind, rows in data.by_kind():
        columns = [*systems(), *map(_recall, rows[0].recalls)]
        made.append(table_of_kind(data, group, kind, caption, columns=columns, rows=rows, source=SOURCE))
    return made


def csv(data: ReportData) -> pd.DataFrame:
    """Return one row per corpus, protocol, system and class; ``recall`` in percent."""
    found = [
        (one.corpus, kind, one.protocol, one.system, name, PERCENT.csv(recall), size // len(one.seeds), group.warning)
        for group, kind, rows in data.by_kind()
        for one in rows
        for (name, recall), size in zip(one.recalls.items(), one.confusion.sum(axis=1), strict=True)
    ]
    columns = ["corpus", "ranking", "protocol", "system", "class", "recall", "utterances", "note"]
    return pd.DataFrame(found, columns=columns)


def _recall(name: str) -> Column:
    def shaded(row: Result) -> Markup:
        value = row.recalls[name]
        share = "0" if isnan(value) else percent(value)
        return Markup('<span class="heat" style="--share: {}%">{}</span>').format(share, percent(value))

    return Column("", name, f"recalls.{name}", PERCENT, html=shaded)
