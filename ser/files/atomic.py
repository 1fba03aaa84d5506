"""Atomic writes: a file is complete or absent, also when the job is killed, the disk is full or the power fails."""

import glob
import os
import re
import socket
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ser.errors import SerError
from ser.files import embedded_checksum
from ser.jobs import failures, process_state

ABANDONED = 24 * 3600  # seconds: a temporary file that has not grown for this long belongs to no running job


@contextmanager
def atomic_write(path: Path) -> Iterator[Path]:
    """Yield a temporary path; what the block writes there gets its checksum, is flushed and renamed to ``path``.

    After an error nothing is left. Temporary files of killed attempts at the same ``path`` are removed. SerError where
    the disk is full or read-only, or writing is not permitted.
    """
    partial = path.with_name(f".{path.name}.{socket.gethostname()}-{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _remove_abandoned(path)
        partial.touch()
        mode = stat.S_IMODE(partial.stat().st_mode)
        yield partial
        partial.chmod(mode)  # the user's umask; safetensors writes files that only their owner can read
        embedded_checksum.fill(partial)
        with partial.open("rb") as written:
            os.fsync(written.fileno())
        partial.replace(path)
    except Exception as error:
        if isinstance(error, SerError) or (reason := failures.disk(error, path)) is None:
            raise
        raise SerError(f"cannot write {reason}") from error
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write ``text`` to ``path`` as UTF-8, atomically."""
    with atomic_write(path) as partial:
        partial.write_text(text, encoding="utf-8", newline="")


def _remove_abandoned(path: Path) -> None:
    """Remove temporary files for ``path`` of processes that no longer run, or that are older than ``ABANDONED``."""
    pattern = re.compile(rf"\.{re.escape(path.name)}\.(?P<host>.*)-(?P<process>\d+)\.part")
    for left in path.parent.glob(f".{glob.escape(path.name)}.*.part"):
        with suppress(OSError):  # removed by another attempt, or owned by another user
            found = pattern.fullmatch(left.name)
            old = time.time() - left.stat().st_mtime > ABANDONED
            if found and (old or not process_state.runs(found["host"], int(found["process"]))):
                left.unlink()
