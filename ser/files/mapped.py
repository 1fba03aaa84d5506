"""Arrays that need not fit in memory: a file of plain values that processes map instead of reading it.

The file is a copy of what other files hold, written once and then shared by every process that needs it. It is written
under a lock, atomically and with a checksum at its end, so that it is whole or absent whatever happens to its writer.
"""

import math
import mmap
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock, Timeout
from numpy.typing import DTypeLike, NDArray

from ser.errors import SerError
from ser.files import embedded_checksum
from ser.files.atomic import atomic_write

SUFFIX = ".values"
POLL = 1.0  # seconds between two attempts to lock
RESIDENT = 1 << 29  # bytes that a process reads of a file before it gives their pages back
AROUND = 1 << 16  # bytes that Linux maps with the first byte of a piece, if its cache holds them
MEBIBYTE = 2**20

Fill = Callable[[Callable[[int, NDArray[Any]], None]], None]


class MappedArray:
    """An array in a mapped file, read-only. values: its rows; a reader of them tells ``read`` how much it has read."""

    def __init__(self, path: Path, shape: tuple[int, ...], dtype: DTypeLike) -> None:
        with path.open("rb") as file:
            self._pages = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        count = math.prod(shape)
        self.values: NDArray[Any] = np.frombuffer(self._pages, _little(dtype), count).reshape(shape)
        self._read = 0

    def read(self, size: int, pieces: int = 1) -> None:
        """Count ``size`` bytes in ``pieces`` as read; at ``RESIDENT`` of them the process gives back all pages it has.

        They stay in the system's cache as long as nothing else needs the memory, so that reading them again is cheap.
        """
        self._read += size + pieces * AROUND
        if self._read >= RESIDENT:
            self._pages.madvise(mmap.MADV_DONTNEED)
            self._read = 0


def mapped(path: Path, shape: tuple[int, ...], dtype: DTypeLike, fill: Fill) -> MappedArray:
    """Return the array of ``shape`` and ``dtype`` in the file at ``path``, which is written first where it is missing.

    fill: called with a function ``put(first, values)`` that stores rows from ``first`` on; it must store every row. The
    name of the file has what decides its content, <origin>-<part>: files of another origin in the folder are outdated
    and removed. A damaged file is written anew, with a line in the log. While another process writes the file, this one
    waits. SerError where the disk is full, and where the folder cannot be written to.
    """
    before = _identity(path)
    if before is None or not _whole(path, math.prod(shape) * np.dtype(dtype).itemsize):
        with _locked(path):
            if _identity(path) == before:  # no other process has written it in the meantime
                if before is not None:
                    print(f"{path} is damaged and written anew", file=sys.stderr, flush=True)
                _remove_outdated(path)
                _write(path, shape, dtype, fill)
    return MappedArray(path, shape, dtype)


def _write(path: Path, shape: tuple[int, ...], dtype: DTypeLike, fill: Fill) -> None:
    """Write the file by calls that can report a full disk; a write through a map would kill the process."""
    row = math.prod(shape[1:]) * np.dtype(dtype).itemsize
    free = shutil.disk_usage(path.parent).free
    if shape[0] * row > free:
        raise SerError(
            f"{path}: {shape[0] * row // MEBIBYTE} MiB are needed to train from this file, {free // MEBIBYTE} MiB are "
            "free; make room, or give the job more memory."
        )
    with atomic_write(path) as partial, partial.open("wb") as file:

        def put(first: int, values: NDArray[Any]) -> None:
            file.seek(first * row)
            file.write(np.ascontiguousarray(values, _little(dtype)).reshape(-1).view(np.uint8).data)

        fill(put)
        file.seek(shape[0] * row)
        file.write(embedded_checksum.BLANK.encode())


def _identity(path: Path) -> tuple[int, int] | None:
    """Return what tells a file from one that replaces it; None where there is none."""
    with suppress(FileNotFoundError):
        status = path.stat()
        return status.st_ino, status.st_mtime_ns
    return None


def _whole(path: Path, size: int) -> bool:
    """Return whether the file has ``size`` bytes of values and the checksum of its bytes."""
    if path.stat().st_size != size + len(embedded_checksum.BLANK):
        return False
    with suppress(SerError):
        return bool(embedded_checksum.verify(path))
    return False


def _remove_outdated(path: Path) -> None:
    """Remove the files of another origin; a process that still maps one keeps its content."""
    for other in path.parent.glob(f"*{SUFFIX}"):
        if other.name.partition("-")[0] != path.name.partition("-")[0]:
            other.unlink(missing_ok=True)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold the lock of ``path``; after waiting, with a line in the log, where another process has it.

    Where the file system has no locks, two processes may both write the file: the same bytes, each under a name of its
    own until it is whole.
    """
    lock = FileLock(path.with_suffix(".lock"))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            lock.acquire(blocking=False)
        except Timeout:
            print(f"waits for {path}, which another process writes", file=sys.stderr, flush=True)
            lock.acquire(poll_interval=POLL)
    except OSError as error:
        if not os.access(path.parent, os.W_OK):
            raise SerError(
                f"{path.parent} cannot be written to ({error.strerror}); a fold that does not fit in memory is trained "
                "from a file there."
            ) from error
    try:
        yield
    finally:
        lock.release()


def _little(dtype: DTypeLike) -> np.dtype[Any]:
    """Return ``dtype`` in the byte order of the file."""
    return np.dtype(dtype).newbyteorder("<")
