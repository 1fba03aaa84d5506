"""The recordings of a corpus: each file read once, checked, measured and trimmed, utterance by utterance."""

import os
from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from ser.audio import reading
from ser.audio.measures import measure
from ser.audio.voice_bounds import require_detector
from ser.config.schema import Corpus
from ser.corpus import Fault, Utterance
from ser.files.checksums import checksum
from ser.jobs.progress import progress
from ser.preparation.trimming import Inspected, trimmed


def inspect(
    root: Path, rows: Sequence[Utterance], settings: Corpus, jobs: int
) -> tuple[dict[str, Inspected], list[Fault]]:
    """Inspect the recordings of all ``rows``, file by file in ``jobs`` threads; libsndfile lets the others run.

    Return the utterances without a fault, by name and trimmed as the settings say, and the faults of the others.
    """
    if settings.trim == "voice":
        require_detector()
    files: dict[str, list[Utterance]] = defaultdict(list)
    for row in rows:
        files[row.audio].append(row)

    def file(name: str) -> list[Inspected]:
        path = root / name
        if not os.path.isfile(path):  # also False for a name that the file system does not accept
            missing = reading.Inspection(0, 0, 0.0, f"there is no {name}", "missing-audio")
            return [Inspected(row, missing) for row in files[name]]
        in_order = sorted(files[name], key=lambda row: row.start or 0.0)  # in order, a film is decoded once
        found = [_recorded(path, row, settings) for row in in_order]
        readable = any(one.recording.kind != "unreadable" for one in found)
        total = checksum(path) if readable else ""
        return [replace(one, checksum=total) for one in found]

    inspected: dict[str, Inspected] = {}
    faults: list[Fault] = []
    with ThreadPoolExecutor(max(1, jobs)) as pool:
        for found in progress(pool.map(file, files), total=len(files), unit="recordings"):
            for one in found:
                row, recording = one.row, one.recording
                if recording.kind is None:
                    inspected[row.utterance] = one
                else:
                    faults.append(Fault(recording.kind, str(recording.fault), row.where, row.utterance, row.audio))
    return inspected, faults


def _recorded(path: Path, row: Utterance, settings: Corpus) -> Inspected:
    """Read an utterance once; return it with its measures, trimmed as the settings say."""
    recording, signal = reading.examine(path, row.start, row.end, settings.minimum_seconds, settings.channel)
    if recording.kind is not None:
        return Inspected(row, recording)
    read = reading.resample(reading.mono(signal, settings.channel), recording.rate)
    found = Inspected(row, recording, measure(recording, signal, read))
    return found if settings.trim == "none" else trimmed(read, found, settings.trim, settings.minimum_seconds)
