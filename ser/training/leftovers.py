"""Checkpoints that nobody took up again: their run was killed, and then changed or not asked for any more."""

import json
import shutil
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout
from safetensors import SafetensorError, safe_open

from ser import layout
from ser.training.checkpoint import FILE, LOCK

DAY = 86400  # seconds


@dataclass(frozen=True)
class Leftover:
    """The checkpoint of one run. ``days``: since it was last written; ``in_use``: its run goes on at this moment."""

    key: str
    run: str  # folder of the run; empty where the file does not say
    epochs: int
    days: float
    megabytes: float
    in_use: bool


def leftovers(older_than: float) -> list[Leftover]:
    """Return what is in ``results/checkpoints`` and was not written for ``older_than`` days, oldest first."""
    found = []
    for folder in Path(layout.CHECKPOINTS).glob("*"):
        with suppress(FileNotFoundError, NotADirectoryError):  # its run has just ended; or a stray file
            found.append(_described(folder))
    return sorted((one for one in found if one.days >= older_than), key=lambda one: (-one.days, one.key))


def remove(leftover: Leftover) -> bool:
    """Remove a checkpoint and return True; leave one whose run goes on and return False."""
    folder = Path(layout.CHECKPOINTS, leftover.key)
    try:
        with FileLock(folder / LOCK, blocking=False):
            shutil.rmtree(folder)
    except Timeout:
        return False
    return True


def _described(folder: Path) -> Leftover:
    sizes = {path: path.stat().st_size for path in folder.iterdir()}
    state = folder / FILE
    written = (state if state in sizes else folder).stat().st_mtime
    run, epochs = _said(state)
    days, megabytes = (time.time() - written) / DAY, sum(sizes.values()) / 1e6
    return Leftover(folder.name, run, epochs, round(days, 2), round(megabytes, 2), _in_use(folder / LOCK))


def _said(state: Path) -> tuple[str, int]:
    """Return run and finished epochs as the file has them; nothing of a torn one."""
    try:
        with safe_open(state, framework="np") as file:
            small = json.loads(file.metadata()["state"])
        return str(small.get("run", "")), len(small["history"])
    except (SafetensorError, OSError, RuntimeError, ValueError, KeyError, TypeError):
        return "", 0


def _in_use(lock: Path) -> bool:
    if not lock.is_file():
        return False
    try:
        with FileLock(lock, blocking=False):
            return False
    except Timeout:
        return True
