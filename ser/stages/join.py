"""Stage ``join``: the manifest of a corpus that joins others, and the tables next to it."""

import csv
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
from pydantic import Field

from ser import layout
from ser.corpus import within
from ser.errors import offenders
from ser.files.atomic import atomic_write
from ser.jobs.job import File, Job
from ser.preparation.joined_corpus import check_map, renamed
from ser.preparation.ratings import common_scale
from ser.tables import contracts
from ser.tables.measures import MEASURES


class JoinJob(Job):
    """One joined corpus."""

    corpus: str = Field(description="Name of the corpus in the configuration.")
    joins: dict[str, dict[str, str]] = Field(description="Its members, each with its label map: emotion: emotion here.")
    shards: dict[str, int] = Field(
        description="Shards of each member, which follow each other by the name of the member."
    )
    manifest: File = Field(description="Manifest to write.")
    recordings: File = Field(description="RECORDINGS table to write.")
    excluded: File = Field(description="CSV to write: the utterances that the members left out.")
    warnings: File = Field(description="CSV to write: what is strange about rows and recordings of the members.")
    measures: File = Field(description="MEASURES table to write.")


def join(job: JoinJob) -> None:
    """Write the manifest of a joined corpus: the rows of its members, whose names begin with that of the member.

    The tables of the members are read where the workflow writes them. Prints how many utterances a label map renames.
    SerError for a label map of an emotion that a member does not have.
    """
    rows: list[dict[str, Any]] = []
    notes: dict[str, dict[str, str]] = {}
    first = 0
    members = sorted(job.joins)  # a job has its keys in this order
    for member in members:
        labels = job.joins[member]
        table = contracts.read(contracts.MANIFEST, layout.manifest(member))
        notes[member] = contracts.metadata(table)
        emotions = Counter(table["emotion"].drop_null().to_pylist())
        known = {*emotions, *labels.values()}  # whether these exist was checked when the corpora were planned
        check_map(labels, sorted(emotions), known, f"corpora.{job.corpus}.joins.{member}")
        counted = [f"{emotion} → {here} {emotions[emotion]}" for emotion, here in labels.items()]
        print(f"{member}: {table.num_rows} utterances, renamed {offenders(counted, 50) or 'none'}", flush=True)
        rows += [_row(row, member, labels, first) for row in table.to_pylist()]
        first += job.shards[member]
    rows.sort(key=lambda row: row["utterance"])
    joined = pa.Table.from_pylist(rows, contracts.MANIFEST.schema)
    contracts.write(contracts.MANIFEST, joined, job.manifest, _about(job, notes))
    recordings = joined.select(contracts.RECORDINGS.schema.names).sort_by("shard")
    contracts.write(contracts.RECORDINGS, recordings, job.recordings, {"corpus": job.corpus})
    measured = [renamed(row, member, {}) for member in members for row in _measures(member)]
    contracts.write(MEASURES, measured, job.measures, {"corpus": job.corpus})
    _join_csv({member: layout.excluded(member) for member in members}, job.excluded)
    _join_csv({member: layout.warnings(member) for member in members}, job.warnings)


def _row(row: Mapping[str, Any], member: str, labels: Mapping[str, str], first: int) -> dict[str, Any]:
    """Return a row of a member's manifest as the joined corpus has it; first: number of its first shard there."""
    raters = [
        {"rater": within(member, one["rater"]), "emotions": [labels.get(name, name) for name in one["emotions"]]}
        for one in row["raters"] or ()
    ]
    return renamed(row, member, labels) | {"raters": raters or None, "shard": first + row["shard"]}


def _measures(member: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = contracts.read(MEASURES, layout.measures(member)).to_pylist()
    return rows


def _about(job: JoinJob, notes: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    """Return the metadata of the manifest: what the members have in common once, what differs by member."""

    def together(name: str) -> str:
        values = {member: of_member.get(name, "") for member, of_member in notes.items()}
        if len(set(values.values())) == 1:
            return next(iter(values.values()))
        return "; ".join(f"{member}: {value}" for member, value in values.items() if value)

    about = {name: together(name) for name in ("title", "licence", "warning", "trim")}
    about |= common_scale(notes)
    return about | {"corpus": job.corpus, "adapter": "joined", "joins": json.dumps(job.joins)}


def _join_csv(paths: Mapping[str, Path], out: Path) -> None:
    """Write the rows of ``paths``, by member, whose first lines are the same."""
    header: list[str] = []
    cells: list[list[str]] = []
    for member, path in paths.items():
        with path.open(encoding="utf-8", newline="") as file:
            header, *rows = csv.reader(file)
        cells += [_cells(header, row, member) for row in rows]
    with atomic_write(out) as partial, partial.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerows([header, *cells])


def _cells(header: Iterable[str], row: Sequence[str], member: str) -> list[str]:
    return list(renamed(dict(zip(header, row, strict=True)), member, {}).values())
