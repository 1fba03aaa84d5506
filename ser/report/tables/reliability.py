"""The bins of the reliability diagrams: confidence and accuracy."""

from operator import itemgetter

import pandas as pd

from ser.report.data.experiment import ReportData
from ser.report.formats import COUNT, PERCENT
from ser.report.table import Column, Table
from ser.report.tables._columns import coded
from ser.report.tables.calibration import ordered

TITLE = "Reliability"


def tables(data: ReportData) -> list[Table]:
    """Return one row per result and bin."""
    columns = [
        coded("", "Protocol", lambda row: row["protocol"]),
        coded("", "System", lambda row: row["system"]),
        *(Column("", name, itemgetter(name), PERCENT) for name in ("low", "high", "confidence", "accuracy")),
        Column("", "utterances", lambda row: row["utterances"], COUNT),
    ]
    rows = [row for row in csv(data).to_dict("records") if row["utterances"]]
    return [
        Table("Bins with utterances", columns, rows, "Percent.", ("predictions.parquet",), data.warning, page=False)
    ]


def csv(data: ReportData) -> pd.DataFrame:
    """Return one row per result and bin, empty bins included; fractions."""
    return pd.concat(
        [
            one.bins.round(6).assign(corpus=one.result.corpus, protocol=one.result.protocol, system=one.result.system)
            for one in ordered(data)
        ],
        ignore_index=True,
    )
