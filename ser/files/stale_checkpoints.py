"""Checkpoints that no run has continued: their run was killed, and then changed or no longer requested."""

import json
import shutil
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout
from safetensors import SafetensorError, safe_open

from ser.files.checkpoints import FILE, LOCK

DAY = 86400  # seconds


@dataclass(frozen=True)
class StaleCheckpoint:
    """The checkpoint of one run. ``days``: since the last write; ``in_use``: its run is active at this moment."""

    key: str
    run: str  # folder of the run; empty where the file does not name it
    epochs: int
    days: float
    megabytes: float
    in_use: bool


def stale(checkpoints: Path, older_than: float) -> list[StaleCheckpoint]:
    """Return the entries of the folder ``checkpoints`` not written for ``older_than`` days, oldest first."""
    found = []
    for folder in checkpoints.glob("*"):
        with suppress(FileNotFoundError, NotADirectoryError):  # its run has just ended, or a stray file
            found.append(_described(folder))
    return sorted((one for one in found if one.days >= older_than), key=lambda one: (-one.days, one.key))


def remove(folder: Path) -> bool:
    """Remove the checkpoint in ``folder`` and return True; keep one whose run is active and return False."""
    try:
        with FileLock(folder / LOCK, blocking=False):
            shutil.rmtree(folder)
    except Timeout:
        return False
    return True


def _described(folder: Path) -> StaleCheckpoint:
    sizes = {path: path.stat().st_size for path in folder.iterdir()}
    state, lock = folder / FILE, folder / LOCK
    written = (state if state in sizes else folder).stat().st_mtime
    run, epochs, in_use = "", 0, False
    with suppress(SafetensorError, OSError, RuntimeError, ValueError, KeyError, TypeError):  # no file, or a torn one
        with safe_open(state, framework="np") as file:
            values = json.loads(file.metadata()["state"])
        run, epochs = values["run"], len(values["history"])
    try:
        if lock.is_file():
            FileLock(lock, blocking=False).acquire().lock.release()
    except Timeout:
        in_use = True
    days, megabytes = (time.time() - written) / DAY, sum(sizes.values()) / 1e6
    return StaleCheckpoint(folder.name, run, epochs, round(days, 2), round(megabytes, 2), in_use)
