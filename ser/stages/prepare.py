"""Stage ``prepare``: check a corpus's labels against its card and recordings, and write the manifest."""

import csv
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path

import pyarrow as pa
from pydantic import Field

from ser import layout
from ser.config.schema import Corpus
from ser.corpus import Fault
from ser.errors import SerError, offenders, printable
from ser.files.atomic import atomic_write
from ser.input_checks import BY_NAME
from ser.jobs.job import File, Job, OptionalFile, Threads
from ser.preparation.accepted_rows import accepted_facts, accepted_rows
from ser.preparation.corpus_root import check_folder, check_recordings
from ser.preparation.ratings import stated_scale
from ser.preparation.survey import strange, survey
from ser.preparation.trimming import Inspected
from ser.tables import contracts
from ser.tables.measures import MEASURES


class PrepareJob(Job):
    """One corpus."""

    corpus: str = Field(description="Name of the corpus in the configuration.")
    settings: Corpus = Field(description="The corpus's entry of the configuration.")
    root: Path = Field(description="Folder of the unpacked release.")
    jobs: Threads = Field(1, description="Recordings inspected at a time.")
    manifest: File = Field(description="Manifest to write.")
    recordings: File = Field(description="RECORDINGS table to write: columns of the manifest that audio depends on.")
    excluded: File = Field(description="CSV to write: the utterances left out, with the reason.")
    warnings: OptionalFile = Field(None, description="CSV to write: what is strange about rows and recordings.")
    measures: OptionalFile = Field(None, description="MEASURES table to write: level, offset, silence and others.")


def prepare(job: PrepareJob) -> None:
    """Read a release's labels, check them against its card, inspect all audio, write the manifest.

    The manifest has one row per utterance, sorted by name. The whole corpus is checked before one SerError names the
    faults, kind by kind, with the entry of ``allow`` that accepts them. The number of shards is that of the adapter's
    facts; a subset may leave some of them empty.
    """
    corpus, settings, root = job.corpus, job.settings, job.root
    check_folder(corpus, root)
    facts, found = accepted_facts(settings, root), survey(corpus, settings, root, job.jobs)
    if any(fault.kind == "missing-audio" for fault in found.faults):
        check_recordings(corpus, settings, root, accepted_rows(settings, root)[0])
    _report(corpus, root, found.faults, settings.allow)
    left_out, usable = found.not_used, found.usable
    if not usable:
        raise SerError(f"corpus '{corpus}' ({root}): no utterance is left of {found.rows}.")
    shards = layout.shard_count(facts.utterances, settings.shard_size)
    _write_excluded(left_out, job.excluded)
    card = settings.load().CARD
    about = {name: getattr(card, name) for name in ("title", "licence", "warning")}
    about |= {"corpus": corpus, "adapter": settings.adapter, "trim": settings.trim}
    about |= {"channel": settings.channel} if settings.channel != "mix" else {}
    scale = stated_scale(settings, root)
    about |= {"scale": json.dumps(scale)} if scale is not None else {}
    table = _table(usable, shards)
    contracts.write(contracts.MANIFEST, table, job.manifest, about)
    recordings = table.select(contracts.RECORDINGS.schema.names)
    contracts.write(contracts.RECORDINGS, recordings, job.recordings, {"corpus": corpus})
    print(f"{corpus}: {len(usable)} utterances, {len(left_out)} left out (see {job.excluded})", flush=True)
    _report_not_taken(left_out)
    without_rating = [fault for fault in found.faults if fault.kind == "off-scale"]
    _warn(usable, [*found.warnings, *without_rating], job)
    if settings.trim != "none":
        _report_trim(usable, settings.trim)


def _report_not_taken(left_out: Sequence[Fault]) -> None:
    """Print which recordings the adapter does not take, by reason."""
    reasons: dict[str, list[str]] = defaultdict(list)
    for fault in left_out:
        if fault.kind == "not-taken":
            reasons[fault.reason].append(fault.audio)
    for reason, those in reasons.items():
        print(f"not taken: {len(those)}, each {reason}: {offenders(those)}", flush=True)


def _warn(usable: Sequence[Inspected], noted: Sequence[Fault], job: PrepareJob) -> None:
    """Write the measures of all recordings and the warnings, and print how many there are of each kind."""
    measures = {one.row.utterance: one.measures for one in usable if one.measures is not None}
    if job.measures:
        table = [{"utterance": name, **asdict(one)} for name, one in measures.items()]
        contracts.write(MEASURES, table, job.measures, {"corpus": job.corpus})
    every = sorted([*noted, *strange(usable, job.settings.trim)], key=lambda fault: (fault.kind, fault.utterance))
    if job.warnings:
        cells = [[one.kind, one.utterance, one.audio, one.reason, BY_NAME[one.kind].switch] for one in every]
        _write_csv(["check", "utterance", "audio", "found", "remedy"], cells, job.warnings)
    for kind, count in Counter(fault.kind for fault in every).items():
        those = offenders(fault for fault in every if fault.kind == kind)
        print(f"warning: {kind}, {count}: {those}. ({BY_NAME[kind].switch}.)", flush=True)


def _report_trim(usable: Sequence[Inspected], trim: str) -> None:
    """Print how much was cut on average, and in which utterances no speech was found."""
    cuts = [one.cut for one in usable if one.cut is not None]
    if cuts:
        before, after = (sum(side) / len(cuts) for side in zip(*cuts, strict=True))
        print(f"trim: {trim} cut {before:.2f} s before and {after:.2f} s after the {trim}, on average", flush=True)
    if without := [one.row.utterance for one in usable if one.cut is None]:
        print(f"trim: no {trim} was found in {len(without)}, which are kept whole: {offenders(without)}", flush=True)


def _report(corpus: str, root: Path, faults: Sequence[Fault], allow: Sequence[str]) -> None:
    """Raise SerError with a paragraph per kind of fault that is not allowed."""
    lines = []
    for kind, check in BY_NAME.items():
        those = [fault for fault in faults if fault.kind == kind]
        if those and kind not in allow:
            lines.append(f"{kind}, {len(those)}: {offenders(those)}. ({check.switch}.)")
    if lines:
        raise SerError("\n".join([f"corpus '{corpus}' ({root}) has faults:", *lines]))


def _table(usable: Sequence[Inspected], shards: int) -> pa.Table:
    cells = []
    for index, one in enumerate(usable):
        row = one.row
        cut = dict(zip(("cut_before", "cut_after"), one.cut, strict=True)) if one.cut is not None else {}
        cells.append(
            {
                **asdict(row),
                **{name: getattr(one.recording, name) for name in ("seconds", "rate", "channels")},
                **cut,
                "checksum": one.checksum,
                "raters": [{"rater": rater, "emotions": list(named)} for rater, named in row.raters] or None,
                "words": [asdict(word) for word in row.words] or None,
                "shard": index * shards // len(usable),
            }
        )
    return pa.Table.from_pylist(cells, schema=contracts.MANIFEST.schema)


def _write_excluded(left_out: Sequence[Fault], path: Path) -> None:
    cells = [[fault.utterance, fault.audio, f"{fault.kind}: {fault.reason}"] for fault in left_out]
    _write_csv(["utterance", "audio", "reason"], cells, path)


def _write_csv(header: Sequence[str], cells: Iterable[Sequence[str]], path: Path) -> None:
    with atomic_write(path) as partial, partial.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows([printable(cell) for cell in row] for row in cells)
