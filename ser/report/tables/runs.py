"""Every run: what it was trained on, for how long, on which device."""

import json
from functools import partial

from ser.report.data.experiment import ReportData
from ser.report.data.runs import RunRecord
from ser.report.formats import COUNT, DURATION, PARAMETERS
from ser.report.table import Column, Table
from ser.report.tables._columns import coded
from ser.report.tables.environment import DEVICES

TITLE = "Runs"


def tables(data: ReportData) -> list[Table]:
    """Return one row per run."""
    columns = [
        Column("corpus", "Corpus", lambda row: row.run.corpus),
        coded("protocol", "Protocol", lambda row: row.run.protocol),
        coded("system", "System", lambda row: row.run.system),
        Column("seed", "Seed", lambda row: row.run.seed),
        Column("fold", "Fold", lambda row: row.run.fold),
        Column("protocol_digest", "", lambda row: row.protocol.digest()),
        Column("leaks", "", lambda row: "; ".join(row.protocol.leaks)),
        *(
            Column(f"{part}_utterances", part.capitalize(), partial(_count, part), COUNT, "utterances")
            for part in ("train", "dev", "test")
        ),
        Column("parameters", "Parameters", lambda row: row.parameters, PARAMETERS),
        Column("epochs_run", "Epochs", lambda row: row.epochs_run, COUNT),
        Column("best_epoch", "Kept", lambda row: row.best_epoch, COUNT, "epoch that was kept"),
        Column("seconds", "Training", lambda row: row.seconds, DURATION),
        *(Column(f"{name}_joules", "", partial(_energy, name)) for name in DEVICES),
        Column("device", "", lambda row: row.device),
        Column("commit", "", lambda row: row.commit),
        Column("provenance", "", lambda row: " | ".join(row.notes)),
        Column("code", "", lambda row: row.code),
        Column("data", "", lambda row: json.dumps(row.data, sort_keys=True)),
        Column("finished", "", lambda row: row.finished),
        Column("folder", "", lambda row: row.run.folder.as_posix()),
        Column("note", "", lambda row: row.warning),
    ]
    return [Table("Runs", columns, data.records, "", ("run.json",), data.warning, folded=True)]


def _count(part: str, row: RunRecord) -> int | None:
    return row.counts.get(part)


def _energy(device: str, row: RunRecord) -> float | None:
    return row.energy.get(device)
