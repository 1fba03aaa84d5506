"""The bins of the reliability diagrams: confidence and accuracy."""

import pandas as pd

from ser.report.data.experiment import ReportData
from ser.report.data.results import KEYS
from ser.report.formats import COUNT, PERCENT
from ser.report.sections._columns import coded
from ser.report.sections.calibration import by_result
from ser.report.table import Column, Table

TITLE = "Reliability"
TARGET = "classes"


def tables(data: ReportData) -> list[Table]:
    """Return one row per result and bin."""
    columns = [
        coded("protocol", "Protocol"),
        coded("system", "System"),
        *(Column(name, name, "", PERCENT) for name in ("low", "high", "confidence", "accuracy")),
        Column("utterances", "utterances", "", COUNT),
    ]
    rows = csv(data).query("utterances > 0").to_dict("records")
    source = ("predictions.parquet",)
    return [Table("Bins with utterances", columns, rows, "Percent.", source, data.warning, page=False)]


def csv(data: ReportData) -> pd.DataFrame:
    """Return one row per result and bin, empty bins included; fractions."""
    bins: list[pd.DataFrame] = [
        one["bins"].round(6).assign(**dict(zip(KEYS, result.key, strict=True)))
        for result, one in by_result(data).items()
    ]
    names = ["low", "high", "confidence", "accuracy", "utterances", *KEYS]
    return pd.concat(bins, ignore_index=True) if bins else pd.DataFrame(columns=names)
