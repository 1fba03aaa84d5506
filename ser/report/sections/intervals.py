"""Every metric with its 95 % interval, clustered by speaker, and the spread between seeds and between folds."""

import pandas as pd

from ser.report.data.experiment import ReportData
from ser.report.sections._columns import interval, systems, tables_by_kind
from ser.report.table import Column, Table

SOURCE = ("intervals.parquet",)
TITLE = "Intervals"
NAMES = ("corpus", "protocol", "system", "metric")
NUMBERS = ("value", "low", "high", "seed_sd", "fold_sd")
FACTS = ("seeds", "clusters", "cluster_kind", "method")


def tables(data: ReportData) -> list[Table]:
    """Return one table per group of results and kind of row, a row per result."""
    columns, kind = systems(), data.notation.value
    for metric in data.metrics:
        columns += [
            Column("", metric, f"{metric}.value", kind, "all folds of a seed together, mean over seeds"),
            *interval(metric, metric, metric, kind, data.notation.interval),
            Column("", f"{metric} SD seeds", f"{metric}.seed_sd", kind, "between seeds"),
            Column("", f"{metric} SD folds", f"{metric}.fold_sd", kind, "between folds of the mean over seeds"),
        ]
    columns.append(Column("", "Method", lambda row: "{0.method}, {0.clusters} clusters".format(row[data.ranking])))
    rows = [
        {"result": result, **{metric: data.interval(result, metric) for metric in data.metrics}}
        for result in data.by_name
    ]
    caption = f"{data.notation.title}."
    return tables_by_kind(data, rows, caption, columns=columns, source=SOURCE, page=False)


def csv(data: ReportData) -> pd.DataFrame:
    """Return one row per result and metric, of dimensions also each of them; metrics of classes in percent."""
    frame = pd.DataFrame(data.intervals.values())
    percents = {number: frame[number].map(data.notation.value.csv) for number in NUMBERS}
    notes = [data.warnings.get(corpus, "") for corpus in frame["corpus"]]
    return frame.assign(**percents, note=notes)[[*NAMES, *NUMBERS, *FACTS, "note"]]
