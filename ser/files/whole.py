"""Files that are written whole or not at all, also when the job is killed, the disk is full or the power fails."""

import os
import re
import socket
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ser.errors import SerError
from ser.files import seal
from ser.jobs import failures

FORSAKEN = 24 * 3600  # seconds: nobody still writes a temporary file that has not grown for so long


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """Yield a temporary name beside ``path``; what the block wrote there is sealed, flushed and takes its place.

    After an error nothing is left. Temporary files of killed attempts at the same ``path`` are removed. SerError where
    the disk is full, read-only or forbidden.
    """
    partial = path.with_name(f".{path.name}.{socket.gethostname()}-{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _sweep(path)
        partial.touch()
        mode = stat.S_IMODE(partial.stat().st_mode)
        yield partial
        partial.chmod(mode)  # what the user's umask says; safetensors lets nobody else read
        seal.close(partial)
        with partial.open("rb") as written:
            os.fsync(written.fileno())
        partial.replace(path)
    except Exception as error:
        if isinstance(error, SerError) or (said := failures.disk(error, path)) is None:
            raise
        raise SerError(f"cannot write {said}") from error
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write ``text`` to ``path`` as UTF-8, whole or not at all."""
    with whole(path) as partial:
        partial.write_text(text, encoding="utf-8", newline="")


def _sweep(path: Path) -> None:
    """Remove what killed attempts to write ``path`` left: of processes that are gone, or long untouched."""
    pattern = re.compile(rf"\.{re.escape(path.name)}\.(?P<host>.*)-(?P<process>\d+)\.part")
    for left in path.parent.glob(f".{_literal(path.name)}.*.part"):
        with suppress(OSError):  # swept by another attempt, or another user's process
            found = pattern.fullmatch(left.name)
            if found and (_gone(found["host"], int(found["process"])) or _forsaken(left)):
                left.unlink()


def _literal(name: str) -> str:
    return re.sub(r"([*?[])", r"[\1]", name)


def _gone(host: str, process: int) -> bool:
    if host == socket.gethostname():
        try:
            os.kill(process, 0)
        except ProcessLookupError:
            return True
    return False


def _forsaken(left: Path) -> bool:
    return time.time() - left.stat().st_mtime > FORSAKEN
