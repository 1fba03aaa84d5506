"""What the runs were made with: versions, commits, devices, times, energy."""

from collections.abc import Sequence

from ser.report.data.experiment import ReportData
from ser.report.data.runs import RunRecord
from ser.report.formats import duration, extent, spans
from ser.report.table import Column, Table

TITLE = "Environment"
METERED = ("processor", "gpu")  # what energy is measured of


def tables(data: ReportData) -> list[Table]:
    """Return one table, a row per fact."""
    columns = [Column("fact", "Fact", lambda row: row[0]), Column("value", "Value", lambda row: row[1])]
    return [Table("All runs", columns, _facts(data.records), source=("run.json of every run",))]


def _facts(records: Sequence[RunRecord]) -> list[tuple[str, str]]:
    """Return names and values."""
    versions: dict[str, set[str]] = {}
    for record in records:
        for name, version in record.versions.items():
            versions.setdefault(name, set()).add(version)
    finished = [record.finished for record in records if record.finished]
    return [
        ("commit", "; ".join(sorted({record.commit for record in records}))),
        ("device", "; ".join(sorted({record.device for record in records}))),
        ("seeds", spans({record.run.seed for record in records})),
        ("training time", duration(sum(record.seconds for record in records))),
        ("energy", _energy(records)),
        *([("finished", extent(finished))] if finished else []),
        *((name, ", ".join(sorted(found))) for name, found in versions.items()),
    ]


def _energy(records: Sequence[RunRecord]) -> str:
    """Return the energy used during training, in watt-hours, and for how many runs it is known."""
    parts = []
    for name in METERED:
        if joules := [record.energy[name] for record in records if name in record.energy]:
            parts.append(f"{name} {sum(joules) / 3600:.3g} Wh ({len(joules)} of {len(records)} runs)")
    return f"{', '.join(parts)}; whole devices, other jobs included" if parts else "not readable on these machines"
