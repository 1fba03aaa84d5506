"""Files of checkpoints: who may write one, reading and writing it, and those that no run has continued.

What one contains is ``ser.training.training_state``'s.

One safetensors file with small values as JSON in its header, written atomically in a folder whose name is a hash of
everything that decides the outcome: another recipe, code, fold or data has another folder. Where two processes train
the same run at once, the one that writes first owns the folder until it ends, and the other writes nothing.
"""

import json
import os
import shutil
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock, Timeout
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from ser.errors import SerError
from ser.files import embedded_checksum
from ser.files.atomic import atomic_write

VARIABLE = "SER_CHECKPOINT_SECONDS"  # of the environment: another interval, which changes no result
FILE, LOCK = "state.safetensors", "lock"
DAY = 86400  # seconds

Arrays = Mapping[str, NDArray[Any]]


def interval() -> float:
    """Return the seconds between two checkpoints; SerError if the environment variable is not a number, 0 or more."""
    text = os.environ.get(VARIABLE, "20")
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not seconds >= 0:
        raise SerError(f"{VARIABLE} in the environment is '{text}'; it must be a number of seconds, 0 or more.")
    return seconds


INTERVAL = interval()  # seconds; shorter epochs share a checkpoint, because writing one costs about as much as they do


@dataclass
class CheckpointFile:
    """The checkpoint in ``folder``, named by its key. run: folder of the run, for listings; saved: last write."""

    folder: Path
    run: str = ""
    saved: float | None = None
    lockable: bool = True  # False where the file system has no locks
    message: str = ""
    lock: FileLock = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.lock = FileLock(self.folder / LOCK)

    def due(self) -> bool:
        """Return whether ``INTERVAL`` has passed since the last write, or nothing was written yet."""
        return self.saved is None or time.monotonic() - self.saved >= INTERVAL

    def owned(self) -> bool:
        """Return whether this process may write. It then may until it ends: it holds the lock of the folder."""
        if self.lock.is_locked or not self.lockable:
            return True
        try:
            self.lock.acquire(blocking=False)
        except Timeout:
            self._print("is kept by another process that trains the same run")
        except (FileNotFoundError, FileExistsError):  # its owner was just removing the folder
            return False
        except OSError as error:
            self.lockable = False
            self._print(f"cannot be locked here ({error}): do not start a second process that trains this run")
        return self.lock.is_locked or not self.lockable

    def write(self, arrays: Arrays, values: Mapping[str, object]) -> None:
        """Write ``arrays`` and ``values`` (as JSON) atomically; nothing where another process owns the folder."""
        if self.owned():
            own = {embedded_checksum.KEY: embedded_checksum.BLANK, "key": self.folder.name, "run": self.run}
            with atomic_write(self.folder / FILE) as partial:
                held = {name: np.asarray(array, order="C") for name, array in arrays.items()}
                save_file(held, partial, {"state": json.dumps({**values, **own})})
        self.saved = time.monotonic()

    def read(self) -> tuple[dict[str, NDArray[Any]], dict[str, Any]] | None:
        """Return arrays and values; None without a file. SerError where it is damaged or belongs to another key."""
        path = self.folder / FILE
        if not path.is_file():
            return None
        try:
            embedded_checksum.verify(path)
            with safe_open(path, framework="np") as file:
                arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a mapping)
                values = json.loads(file.metadata()["state"])
        except (SafetensorError, OSError, RuntimeError, ValueError, KeyError, TypeError) as error:
            raise SerError(f"{path} cannot be read ({error})") from error
        if values["key"] != self.folder.name:
            raise SerError(f"{path} belongs to {values['key']}")
        return arrays, values

    def delete(self) -> None:
        """Remove the folder unless another process owns it; the outputs of the run stay."""
        if self.folder.is_dir() and self.owned():
            shutil.rmtree(self.folder, ignore_errors=True)
        self.lock.release()

    def _print(self, text: str) -> None:
        if text != self.message:
            print(f"checkpoint {self.folder.name} {text}", file=sys.stderr, flush=True)
        self.message = text


def stale(checkpoints: Path, older_than: float) -> list[dict[str, Any]]:
    """Return the entries of the folder ``checkpoints`` not written for ``older_than`` days, oldest first.

    Each is the checkpoint of a run that was killed, then changed or no longer requested: its key, run (folder; "" where
    the file does not name it), epochs, days since the last write, megabytes, and whether its run is in_use now.
    """
    found = []
    for folder in checkpoints.glob("*"):
        with suppress(FileNotFoundError, NotADirectoryError):  # its run has just ended, or a stray file
            found.append(_described(folder))
    return sorted((one for one in found if one["days"] >= older_than), key=lambda one: (-one["days"], one["key"]))


def remove(folder: Path) -> bool:
    """Remove the checkpoint in ``folder`` and return True; keep one whose run is active and return False."""
    try:
        with FileLock(folder / LOCK, blocking=False):
            shutil.rmtree(folder)
    except Timeout:
        return False
    return True


def _described(folder: Path) -> dict[str, Any]:
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
    days, megabytes = round((time.time() - written) / DAY, 2), round(sum(sizes.values()) / 1e6, 2)
    return {"key": folder.name, "run": run, "epochs": epochs, "days": days, "megabytes": megabytes, "in_use": in_use}
