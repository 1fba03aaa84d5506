"""Every run: what it was trained on, for how long, on which device."""

import json

from ser.report.data.experiment import ReportData
from ser.report.formats import COUNT, DURATION, PARAMETERS
from ser.report.sections._columns import coded, csv_only
from ser.report.sections.environment import METERED
from ser.report.table import Column, Table

TITLE = "Runs"


def tables(data: ReportData) -> list[Table]:
    """Return one row per run."""
    columns = [
        Column("corpus", "Corpus", "run.corpus"),
        *(coded(name.lower(), name, f"run.{name.lower()}") for name in ("Protocol", "System")),
        *(Column(name.lower(), name, f"run.{name.lower()}") for name in ("Seed", "Fold")),
        Column(
            "fold_name", "Direction", lambda row: row.protocol.fold_name(row.run.fold), meaning="trained on → tested"
        ),
        *csv_only(protocol_digest=lambda row: row.protocol.digest(), leaks=lambda row: "; ".join(row.protocol.leaks)),
        *(
            Column(f"{part}_utterances", part.capitalize(), f"counts.{part}", COUNT, "utterances")
            for part in ("train", "dev", "test")
        ),
        Column("parameters", "Parameters", "", PARAMETERS),
        Column("epochs_run", "Epochs", "", COUNT),
        Column("best_epoch", "Kept", "", COUNT, "epoch that was kept"),
        Column("seconds", "Training", "", DURATION),
        *csv_only(**{f"{name}_joules": f"energy.{name}" for name in METERED}),
        *csv_only("device", "commit", provenance=lambda row: " | ".join(row.notes), code="code"),
        *csv_only(data=lambda row: json.dumps(row.data, sort_keys=True), finished="finished"),
        *csv_only(folder=lambda row: row.run.folder.as_posix(), note="warning"),
    ]
    return [Table("Runs", columns, data.records, "", ("run.json",), data.warning, folded=True)]
