"""Every metric with its 95 % interval, clustered by speaker, and the spread between seeds and between folds."""

from functools import partial as bind

import pandas as pd

from ser.report.data.experiment import ReportData
from ser.report.data.results import Result
from ser.report.formats import INTERVAL, PERCENT
from ser.report.table import Column, Table
from ser.report.tables._columns import INTERVAL_MEANING, by_name, systems, tables_by_kind

TITLE = "Intervals"
NUMBERS = ("value", "low", "high", "seed_sd", "fold_sd")
FACTS = ("seeds", "clusters", "cluster_kind", "method")


def tables(data: ReportData) -> list[Table]:
    """Return one table per group of results and kind of row, a row per result."""
    columns = systems(lambda row: row)
    for metric in data.metrics:
        of = bind(_value, data, metric)
        columns += [
            Column("", metric, bind(of, "value"), PERCENT, "all folds of a seed together, mean over seeds"),
            Column("", f"{metric} 95 %", bind(_limits, data, metric), INTERVAL, INTERVAL_MEANING),
            Column("", f"{metric} SD seeds", bind(of, "seed_sd"), PERCENT, "between seeds"),
            Column("", f"{metric} SD folds", bind(of, "fold_sd"), PERCENT, "between folds of the mean over seeds"),
        ]
    columns.append(Column("", "Method", bind(_method, data)))
    return tables_by_kind(data, columns, by_name, "Percent.", ("intervals.parquet",), lambda row: row, page=False)


def csv(data: ReportData) -> pd.DataFrame:
    """Return one row per result and metric, in percent."""
    return pd.DataFrame(
        [
            dict(zip(("corpus", "protocol", "system", "metric"), name, strict=True))
            | {number: PERCENT.csv(getattr(found, number)) for number in NUMBERS}
            | {fact: getattr(found, fact) for fact in FACTS}
            | {"note": data.warnings.get(name[0], "")}
            for name, found in data.intervals.items()
        ]
    )


def _value(data: ReportData, metric: str, name: str, row: Result) -> float:
    value: float = getattr(data.interval(row, metric), name)
    return value


def _limits(data: ReportData, metric: str, row: Result) -> tuple[float, float]:
    found = data.interval(row, metric)
    return found.low, found.high


def _method(data: ReportData, row: Result) -> str:
    found = data.interval(row, data.ranking)
    return f"{found.method}, {found.clusters} clusters"
