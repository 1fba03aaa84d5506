"""The bins of the reliability diagrams: confidence and accuracy."""

import pandas as pd

from ser.report.data.experiment import ReportData
from ser.report.formats import COUNT, PERCENT
from ser.report.sections._columns import coded
from ser.report.sections.calibration import ordered
from ser.report.table import Column, Table

TITLE = "Reliability"


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
    names = ("corpus", "protocol", "system")
    bins = (one.bins.round(6).assign(**{name: getattr(one.result, name) for name in names}) for one in ordered(data))
    return pd.concat(bins, ignore_index=True)
