"""Stage ``audit``: what train, dev and test share under a protocol, compared with the leaks that it declares."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from textwrap import shorten

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field

from ser import layout
from ser.config.schema import Leak, Protocol
from ser.errors import SerError, offenders
from ser.evaluation import duplicates, leakage, overlap, tracks
from ser.evaluation.leakage import LeakFinding
from ser.jobs.job import File, Job, OptionalFile
from ser.stages import _shared_recordings
from ser.tables import contracts
from ser.tables.contracts import ALL_FOLDS
from ser.terminal import aligned

DESCRIBED = ["utterance", "speaker", "session", "dialog", "text", "style"]
ITSELF = {"normalisation": "are fitted on", "test selection": "an epoch or an option is selected by"}
PLACED = ["utterance", "audio", "start", "end", "seconds", "checksum"]


class AuditJob(Job):
    """One protocol on one corpus."""

    manifest: File = Field(description="manifest.parquet of the corpus.")
    folds: File = Field(description="Fold table of the protocol; its metadata hold the protocol.")
    fingerprints: OptionalFile = Field(None, description="Folder of fingerprint shards; none: no audio is compared.")
    shards: int | None = Field(None, ge=1, description="Shards of the fingerprints; all in the folder if not given.")
    words: int = Field(leakage.WORDS, description="A text with fewer words does not count as a scripted sentence.")
    threshold: float = Field(duplicates.THRESHOLD, description="Correlation from which two recordings are the same.")
    leaks: tuple[Leak, ...] | None = Field(None, description="Declared leaks; default: those in the fold table.")
    out: File = Field(description="AUDIT table to write.")


def audit(job: AuditJob) -> None:
    """Show what train, dev and test share under a protocol; an undeclared leak is an error.

    Prints a line per check and writes the AUDIT table of one protocol on one corpus. Shared recordings are listed next
    to it, in <protocol>.shared.csv and <protocol>.exclude.yaml. SerError where the parts of a fold share something that
    the protocol does not declare; then there is no AUDIT table.
    """
    assigned = contracts.read(contracts.FOLDS, job.folds)
    table, notes = assigned.select(["utterance", "fold", "part"]).to_pandas(), contracts.metadata(assigned)
    if not {"corpus", "name", "protocol", "digest"} <= notes.keys():
        raise SerError(f"{job.folds} does not name its protocol in its metadata; write it again with `ser split`.")
    protocol, name, corpus = Protocol.model_validate_json(notes["protocol"]), notes["name"], notes["corpus"]
    leaks = protocol.leaks if job.leaks is None else job.leaks
    used = sorted(set(table["utterance"]))
    prints = _fingerprints(job.fingerprints, job.shards, used)
    known = _described(job.manifest, used, job.words).merge(_recordings(prints, used, job.threshold), on="utterance")
    rows, places = table.merge(known, on="utterance"), _stretches(job.manifest, used, prints)
    of_protocol = {name: getattr(protocol, name) for name in ("normalisation", "selection", "selected_on")}
    found = leakage.findings(rows, places, **of_protocol)
    print(f"protocol '{name}' on corpus '{corpus}', leaks by design: {', '.join(leaks) or 'none'}")
    print(_table(found, leaks), flush=True)
    listed = _shared_recordings.listed(found, known, places, job.manifest, job.out, corpus)
    _refuse_undeclared(found, leaks, name, corpus, listed)
    entries = [
        {
            "corpus": corpus,
            "protocol": name,
            "status": finding.status(leaks),
            **{name: getattr(finding.check, name) for name in ("kind", "part", "seen_in", "leak")},
            **{name: getattr(finding, name) for name in ("fold", "utterances", "known", "of", "share")},
            "values": len(finding.values),
            "examples": [asdict(example) for example in finding.examples],
        }
        for finding in found
    ]
    options = {"digest": notes["digest"], "words": str(job.words), "threshold": str(job.threshold)}
    contracts.write(contracts.AUDIT, entries, job.out, options)


def _described(manifest: Path, used: Sequence[str], words: int) -> pd.DataFrame:
    """Return speaker, session, dialog, text and scripted sentence of the utterances ``used``."""
    table = contracts.read(contracts.MANIFEST, manifest).select(DESCRIBED)
    rows: pd.DataFrame = _only(table, used, manifest).to_pandas()
    text, sentence = leakage.sentences(rows.pop("text"), rows.pop("style"), words)
    return rows.assign(text=text, sentence=sentence)


def _fingerprints(folder: Path | None, shards: int | None, used: Sequence[str]) -> pa.Table | None:
    """Return the fingerprints of ``used``; None without a folder."""
    if folder is None:
        return None
    if not (paths := layout.shards(folder, shards)):
        raise SerError(f"{folder} holds no fingerprints; `ser fingerprint` writes them.")
    return _only(pa.concat_tables([contracts.read(contracts.FINGERPRINTS, path) for path in paths]), used, folder)


def _recordings(prints: pa.Table | None, used: Sequence[str], threshold: float) -> pd.DataFrame:
    """Return the hash of each of ``used``, and the first utterance by name that is the same recording."""
    if prints is None:
        return pd.DataFrame({"utterance": used, "hash": None, "recording": None})
    vectors = np.frombuffer(b"".join(prints["vector"].to_pylist()), dtype="<f2").reshape(prints.num_rows, -1)
    group = duplicates.recordings(vectors, prints["extent"].to_numpy(), threshold=threshold)
    rows: pd.DataFrame = prints.select(["utterance", "hash"]).to_pandas()
    return rows.assign(recording=rows.groupby(group)["utterance"].transform("min"))


def _stretches(manifest: Path, used: Sequence[str], prints: pa.Table | None) -> pd.DataFrame:
    """Return where ``used`` are in which recordings: by the manifest, and by sound where there are fingerprints."""
    table = contracts.read(contracts.MANIFEST, manifest).select(PLACED)
    rows: pd.DataFrame = _only(table, used, manifest).to_pandas()
    rows["recording"] = pd.factorize(rows["checksum"])[0]
    if prints is None:
        return overlap.stretches(rows)
    placed = rows.set_index("utterance").loc[prints["utterance"].to_pylist()]
    words = [np.frombuffer(one, dtype="<u4") for one in prints["track"].to_pylist()]
    return overlap.stretches(rows, tracks.alignments(words, placed["recording"], placed["start"].fillna(0.0)))


def _only(table: pa.Table, used: Sequence[str], where: Path) -> pa.Table:
    """Return the rows of the utterances ``used``; SerError names those that are missing in ``where``."""
    rows = table.filter(pc.is_in(table["utterance"], pa.array(used, pa.string())))
    if missing := sorted(set(used) - set(rows["utterance"].to_pylist())):
        raise SerError(f"{where} lacks {len(missing)} utterances of the folds: {offenders(missing)}.")
    return rows


def _table(found: Sequence[LeakFinding], leaks: Sequence[str]) -> str:
    rows = [("what", "of", "also in", "status", "share", "utterances", "known", "worst fold", "for example")]
    for total in (finding for finding in found if finding.fold == ALL_FOLDS):
        worst = max((one for one in found if one.check == total.check and one is not total), key=lambda one: one.share)
        rows.append(
            (
                total.check.kind,
                total.check.part,
                "itself" if total.check.seen_in == total.check.part else total.check.seen_in,
                total.status(leaks),
                "" if total.found is None else f"{total.share:.1%}",
                "" if total.found is None else f"{total.utterances} of {total.of}",
                "all" if total.known == total.of else str(total.known),
                f"{worst.fold}: {worst.share:.1%}" if worst.utterances else "",
                _named(total, 1),
            )
        )
    return aligned(rows)


def _named(finding: LeakFinding, limit: int = leakage.EXAMPLES) -> str:
    return ", ".join(
        one.utterance
        if not one.like and one.value == one.utterance
        else f"{one.utterance} {f'as {one.like} ' if one.like else ''}({shorten(one.value, 60, placeholder='…')})"
        for one in finding.examples[:limit]
    )


def _refuse_undeclared(found: Sequence[LeakFinding], leaks: Sequence[str], name: str, corpus: str, listed: str) -> None:
    """Raise SerError with a line for every leak that is not declared, from the worst fold."""
    undeclared = [one for one in found if one.status(leaks) == "undeclared" and one.fold != ALL_FOLDS]
    if not undeclared:
        return
    lines = []
    for check in dict.fromkeys(one.check for one in undeclared):
        worst = max((one for one in undeclared if one.check == check), key=lambda one: one.share)
        count = f"{worst.utterances} of {worst.of} {check.part} utterances"
        how = ITSELF[check.leak] if check.seen_in == check.part else f"share it with {check.seen_in}"
        lines.append(f"'{check.leak}' ({check.kind}): fold {worst.fold} has {count} that {how}: {_named(worst)}.")
    wanted = ", ".join([*leaks, *dict.fromkeys(one.check.leak for one in undeclared)])
    raise SerError(
        f"protocol '{name}' on corpus '{corpus}' has leaks that it does not declare.\n"
        + "\n".join([*lines, *([listed] if listed else [])])
        + f"\nEither declare them with 'leaks: [{wanted}]' (protocols: {{{name}: {{leaks: [{wanted}]}}}}), which "
        "repeats no training, or choose a rule or options that keep these apart, or leave the utterances out "
        f"('corpora.{corpus}.exclude')."
    )
