"""Checkpoint files: write, read and delete them, and list those that no run has written lately.

``ser.training.training_state`` defines the content. A checkpoint is one safetensors file with small values as JSON in
its header, written atomically in a folder whose name, the key, is a hash of everything that decides the outcome:
another recipe, code, fold or data has another folder. Where two processes train the same run at once, the first that
writes uses the folder until it ends, and the other writes nothing.
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

INTERVAL_VARIABLE = "SER_CHECKPOINT_SECONDS"  # environment variable that sets INTERVAL, which changes no result
FILE, LOCK = "state.safetensors", "lock"
DAY = 86400  # seconds


def interval() -> float:
    """Return the seconds between two checkpoints; SerError unless the variable is a number of at least 0."""
    text = os.environ.get(INTERVAL_VARIABLE, "20")
    with suppress(ValueError):
        if (seconds := float(text)) >= 0:
            return seconds
    raise SerError(f"{INTERVAL_VARIABLE} in the environment is '{text}'; a number of seconds, at least 0, is needed.")


INTERVAL = interval()  # seconds. Not every short epoch gets a checkpoint: writing one takes about as long as the epoch


@dataclass
class CheckpointFile:
    """The checkpoint in ``folder``, whose name is the key. run: folder of the run's outputs, for listings."""

    folder: Path
    run: str = ""
    attempted: float | None = field(default=None, init=False)  # monotonic seconds of the last call of ``write``
    lockable: bool = field(default=True, init=False)  # False where the file system has no locks
    printed: str = field(default="", init=False)
    lock: FileLock = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.lock = FileLock(self.folder / LOCK)

    def due(self) -> bool:
        """Return whether ``INTERVAL`` has passed since the last call of ``write``, or there was none."""
        return self.attempted is None or time.monotonic() - self.attempted >= INTERVAL

    def acquire(self) -> bool:
        """Lock the folder until this process ends, if no other has, and return whether this process may write."""
        try:
            if self.lockable and not self.lock.is_locked:
                self.lock.acquire(blocking=False)
        except Timeout:
            self._print_once("is used by another process that trains the same run")
        except (FileNotFoundError, FileExistsError):  # the other was just deleting the folder
            return False
        except OSError as error:
            self.lockable = False
            self._print_once(f"cannot be locked here ({error}): do not start a second process that trains this run")
        return self.lock.is_locked or not self.lockable

    def write(self, arrays: Mapping[str, NDArray[Any]], values: Mapping[str, object]) -> None:
        """Write ``arrays`` and ``values`` (as JSON) atomically; nothing where another process uses the folder."""
        if self.acquire():
            identity = {"key": self.folder.name, "run": self.run}
            header = json.dumps({**values, embedded_checksum.KEY: embedded_checksum.BLANK, **identity})
            contiguous = {name: np.asarray(array, order="C") for name, array in arrays.items()}
            with atomic_write(self.folder / FILE) as partial:
                save_file(contiguous, partial, {"state": header})
        self.attempted = time.monotonic()

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
        """Delete the folder unless another process uses it; the outputs of the run stay."""
        if self.folder.is_dir() and self.acquire():
            shutil.rmtree(self.folder, ignore_errors=True)
        self.lock.release()

    def _print_once(self, text: str) -> None:
        if text != self.printed:
            print(f"checkpoint {self.folder.name} {text}", file=sys.stderr, flush=True)
        self.printed = text


def unwritten_for(checkpoints: Path, days: float) -> list[dict[str, Any]]:
    """Return the entries of the folder ``checkpoints`` not written for ``days``, oldest first.

    Usually the run was killed and not continued. An entry has its key, run (folder; "" where the file does not name
    it), epochs, days since the last write, megabytes, and whether a process uses it now (in_use).
    """
    entries = []
    for folder in checkpoints.glob("*"):
        with suppress(FileNotFoundError, NotADirectoryError):  # the run has just ended; or it is a file, not a folder
            entries.append(_entry(folder))
    return sorted((one for one in entries if one["days"] >= days), key=lambda one: (-one["days"], one["key"]))


def delete(folder: Path) -> bool:
    """Delete the checkpoint in ``folder`` and return True; keep one that is in use and return False."""
    lock = FileLock(folder / LOCK)
    if unused := _acquire(lock):
        shutil.rmtree(folder)
    lock.release()
    return unused


def _acquire(lock: FileLock) -> bool:
    """Acquire ``lock`` and return True; False if another process holds it, or the folder is another user's.

    True where the file system has no locks.
    """
    try:
        lock.acquire(blocking=False)
    except (Timeout, PermissionError):
        return False
    except OSError:
        return True
    return True


def _entry(folder: Path) -> dict[str, Any]:
    """Return the entry of one checkpoint for ``unwritten_for``."""
    sizes = {path: path.stat().st_size for path in folder.iterdir()}  # bytes
    state, lock = folder / FILE, FileLock(folder / LOCK)
    written = (state if state in sizes else folder).stat().st_mtime  # seconds since 1970
    run, epochs = "", 0
    with suppress(SafetensorError, OSError, RuntimeError, ValueError, KeyError, TypeError):  # no file, or a damaged one
        with safe_open(state, framework="np") as file:
            values = json.loads(file.metadata()["state"])
        run, epochs = values["run"], len(values["history"])
    in_use = folder / LOCK in sizes and not _acquire(lock)  # acquiring a new one would change the folder's time
    lock.release()
    days = max(0.0, time.time() - written) / DAY  # the clock of the file system may be ahead
    megabytes = round(sum(sizes.values()) / 1e6, 2)
    return {"key": folder.name, "run": run, "epochs": epochs, "days": days, "megabytes": megabytes, "in_use": in_use}
