"""The epochs file: JSON lines next to the files of a run, one per epoch, which ``ser watch`` reads.

The first line describes the training, and a last line ``{"ended": "failed"}`` its failure. The file is there while the
run trains and is removed when the run's own files are written: history.parquet has the epochs then. One that is left is
of a training that was killed or failed; the next attempt writes it anew.
"""

import json
import math
import os
import socket
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ser.jobs.trackers.interface import Row, TrackedRun

NUMBERS = ("epoch", "step", "seconds")  # which every row has


class EpochsFile:
    """Appends a whole line per epoch. Opened for each: only a closed file is certain to be seen by other hosts."""

    name = "the epochs file"

    def __init__(self, run: TrackedRun, path: Path):
        self.run, self.path = run, path

    def start(self, rows: Sequence[Row]) -> None:
        """Write the file anew, with the epochs of an earlier attempt: none is there twice."""
        head = {
            "run": dict(self.run.run),
            "epochs": self.run.epochs,
            "steps": self.run.steps,
            "selection": self.run.selection,
            "host": socket.gethostname(),
            "process": os.getpid(),
            "started": round(time.time(), 1),  # seconds since 1970
        }
        partial = self.path.with_name(f".{self.path.name}.{os.getpid()}.part")
        partial.parent.mkdir(parents=True, exist_ok=True)
        partial.write_bytes(b"".join(map(_line, [head, *rows])))
        partial.replace(self.path)

    def epoch(self, row: Row) -> None:
        """Append one line."""
        self._append(row)

    def end(self, finished: bool) -> None:
        """Remove the file of a finished run; note the failure in any other."""
        if finished:
            self.path.unlink(missing_ok=True)
        elif self.path.exists():
            self._append({"ended": "failed"})

    def _append(self, values: Mapping[str, Any]) -> None:
        file = os.open(self.path, os.O_WRONLY | os.O_APPEND)  # removed: FileNotFoundError, not a file without a head
        try:
            os.write(file, _line(values))
        finally:
            os.close(file)


@dataclass(frozen=True)
class Epochs:
    """What an epochs file holds: its first line, the rows by epoch, how the training ended ("" unless it failed)."""

    head: Mapping[str, Any]
    rows: list[dict[str, Any]]
    ended: str
    written: float  # seconds since 1970: when the last line was written


def read(path: Path) -> Epochs | None:
    """Return what ``path`` holds; None where it is gone or no epochs file. An unfinished last line is ignored."""
    try:
        written, content = path.stat().st_mtime, path.read_bytes()
    except OSError:
        return None
    lines = [found for line in content.split(b"\n")[:-1] if (found := _object(line)) is not None]
    if not lines or not isinstance(lines[0].get("run"), dict):
        return None
    rows = {line["epoch"]: line for line in lines if all(isinstance(line.get(key), int | float) for key in NUMBERS)}
    ended = next((str(line["ended"]) for line in lines if "ended" in line), "")
    return Epochs(lines[0], [rows[epoch] for epoch in sorted(rows)], ended, written)


def _object(line: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(line)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _line(values: Mapping[str, Any]) -> bytes:
    """Return one line of JSON; what is not finite becomes null, which JSON has no number for."""
    finite = {name: None if _is_infinite(value) else value for name, value in values.items()}
    return json.dumps(finite, ensure_ascii=False).encode() + b"\n"


def _is_infinite(value: object) -> bool:
    return isinstance(value, float) and not math.isfinite(value)
