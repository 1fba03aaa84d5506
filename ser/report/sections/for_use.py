"""What is trained on all speakers but those of dev, for new recordings, and the cross-validation that estimates it."""

from collections.abc import Mapping
from typing import Any

from ser.report.data.experiment import ReportData
from ser.report.formats import COUNT
from ser.report.sections._columns import coded, interval
from ser.report.table import Column, Table

TITLE = "Trained for use"
LEAD = (
    "Systems that are trained on all speakers but those of dev, for new recordings. These runs have no test part, and "
    "so no score, rank or comparison. The estimate is that of the same system in the cross-validation above."
)


def tables(data: ReportData) -> list[Table]:
    """Return one row per run for use."""
    results = {result.key: result for result in data.results}
    rows = [{"record": record, "result": results[record.run[:3]]} for record in data.for_use]

    def estimate(row: Mapping[str, Any]) -> Any:
        return data.interval(row["result"], data.ranking)

    kind = data.notation.value
    columns = [
        Column("corpus", "Corpus", "record.run.corpus"),
        *(coded(name.lower(), name, f"record.run.{name.lower()}") for name in ("Protocol", "System")),
        Column("seed", "Seed", "record.run.seed"),
        *(
            Column(f"{part}_utterances", part.capitalize(), f"record.counts.{part}", COUNT, "utterances")
            for part in ("train", "dev")
        ),
        Column("best_epoch", "Kept", "record.best_epoch", COUNT, "epoch that was kept"),
        Column("estimate", f"Estimated {data.ranking}", lambda row: estimate(row).value, kind),
        *interval("estimate", f"Estimated {data.ranking}", estimate, kind, data.notation.interval, small=""),
        Column("remark", "Remark", _remark),
    ]
    return [Table("Trained for use", columns, rows, "No test part.", ("run.json", "intervals.parquet"), data.warning)]


def _remark(row: Mapping[str, Any]) -> str:
    """Return why the run, or its estimate, is not what it should be."""
    untrained = "" if row["record"].trained else "not trained"
    of_estimate = f"estimate {row['result'].unranked}" if row["result"].unranked else ""
    return "; ".join(reason for reason in (untrained, of_estimate) if reason)
