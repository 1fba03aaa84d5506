"""What the runs were made with: versions, commits, machines, times, energy."""

from collections.abc import Sequence

from ser.report.data.experiment import ReportData
from ser.report.data.runs import RunRecord
from ser.report.formats import duration, spans
from ser.report.table import Column, Table

TITLE = "Environment"
DEVICES = ("processor", "gpu")  # whose energy is read


def tables(data: ReportData) -> list[Table]:
    """Return one row per fact."""
    columns = [Column("fact", "Fact", lambda row: row[0]), Column("value", "Value", lambda row: row[1])]
    return [Table("All runs", columns, environment(data.records), "", ("run.json of every run",))]


def environment(records: Sequence[RunRecord]) -> list[tuple[str, str]]:
    """Return name and value of what the runs were made with."""
    versions: dict[str, dict[str, None]] = {}
    for record in records:
        for name, version in record.versions.items():
            versions.setdefault(name, {})[version] = None
    finished = sorted(record.finished for record in records if record.finished)
    dates = [("finished", " to ".join(dict.fromkeys((finished[0], finished[-1]))))] if finished else []
    return [
        ("commit", "; ".join(sorted({record.commit for record in records}))),
        ("device", "; ".join(sorted({record.device for record in records}))),
        ("seeds", spans({record.run.seed for record in records})),
        ("training time", duration(sum(record.seconds for record in records))),
        ("energy", _energy(records)),
        *dates,
        *((name, ", ".join(found)) for name, found in versions.items()),
    ]


def _energy(records: Sequence[RunRecord]) -> str:
    """Return the energy of the devices during training, in watt-hours, and for how many runs it is known."""
    known = {name: [record.energy[name] for record in records if name in record.energy] for name in DEVICES}
    text = "{} {:.3g} Wh ({} of {} runs)"
    parts = [text.format(name, sum(of) / 3600, len(of), len(records)) for name, of in known.items() if of]
    return f"{', '.join(parts)}; whole devices, other jobs included" if parts else "not readable on these machines"
