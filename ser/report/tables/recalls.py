"""Recall of every class, pooled over folds."""

from math import isnan

import pandas as pd
from markupsafe import Markup

from ser.report.data.experiment import ReportData
from ser.report.data.results import EXPLANATIONS, PAPER, Result
from ser.report.formats import PERCENT, percent
from ser.report.table import Column, Table
from ser.report.tables._columns import protocol_heading, systems

TITLE = "Recall per class"


def tables(data: ReportData) -> list[Table]:
    """Return one table per group of results and kind of row, a column per class."""
    return [
        Table(
            f"{group.corpus}, {kind}",
            [*systems(lambda row: row), *map(_recall, rows[0].recalls)],
            rows,
            f"{group.classes}. {EXPLANATIONS[kind]} Percent of the class's test utterances that are recognised, pooled "
            "over folds, mean over seeds.",
            ("scores.parquet",),
            group.warning,
            group=lambda row: protocol_heading(data, row),
            paper=kind == PAPER,
        )
        for group, kind, rows in data.by_kind()
    ]


def csv(data: ReportData) -> pd.DataFrame:
    """Return one row per corpus, protocol, system and class; ``recall`` in percent."""
    return pd.DataFrame(
        [
            {
                "corpus": result.corpus,
                "ranking": kind,
                "protocol": result.protocol,
                "system": result.system,
                "class": name,
                "recall": None if isnan(value) else PERCENT.csv(value),
                "utterances": int(result.confusion.sum(axis=1)[name]) // len(result.seeds),
                "note": group.warning,
            }
            for group, kind, rows in data.by_kind()
            for result in rows
            for name, value in result.recalls.items()
        ]
    )


def _recall(name: str) -> Column:
    def shaded(row: Result) -> Markup:
        value = row.recalls[name]
        share = "0" if isnan(value) else percent(value)
        return Markup('<span class="heat" style="--share: {}%">{}</span>').format(share, percent(value))

    return Column("", name, lambda row: row.recalls[name], PERCENT, html=shaded)
