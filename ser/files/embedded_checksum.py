"""A checksum that a file holds of itself, so that one wrong bit is found before anything in the file is used.

The writer puts ``BLANK`` into the file's own metadata (of Parquet or safetensors, or a key of a JSON object); ``fill``
overwrites its zeros with the checksum of all bytes of the file, computed with the zeros in place.
"""

import hashlib
import os
import time
from pathlib import Path
from typing import BinaryIO

from ser.errors import SerError

KEY = "seal"
MARK = b"blake2b-128-of-this-file:"
ZEROS = b"0" * 32
BLANK = (MARK + ZEROS).decode()
NEAR = 1 << 20  # bytes from either end within which the mark is searched, and bytes read at a time
SETTLED = 2_000_000_000  # nanoseconds: a younger file may change again within one tick of its file system's clock

_verified: dict[tuple[int, int, int, int], str] = {}  # by device, inode, bytes, nanoseconds since 1970


def fill(path: Path) -> None:
    """Write the checksum into the file at ``path``; nothing where it has no ``BLANK``."""
    with path.open("r+b") as file:
        if (at := _position(file)) is not None:
            digits = _checksum(file, at)
            file.seek(at)
            file.write(digits)


def verify(path: Path) -> str:
    """Return the 32 hexadecimal digits in the file at ``path``; "" for a file without.

    A file is read once per process, unless it has changed. SerError where it is not as it was written.
    """
    with path.open("rb") as file:
        status = os.fstat(file.fileno())
        identity = status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns
        if identity in _verified:
            return _verified[identity]
        digits = b""
        if (at := _position(file)) is not None:
            file.seek(at)
            digits = file.read(len(ZEROS))
            if digits != _checksum(file, at):
                raise SerError(f"{path} is damaged: it is not as it was written. Delete it and run again.")
    found = digits.decode()
    if status.st_mtime_ns < time.time_ns() - SETTLED:
        _verified[identity] = found
    return found


def _position(file: BinaryIO) -> int | None:
    """Return where the digits of the checksum begin, or None."""
    size = file.seek(0, 2)
    for start in (max(0, size - NEAR), 0):
        file.seek(start)
        at = file.read(NEAR).rfind(MARK)
        if at >= 0 and start + at + len(BLANK) <= size:
            return start + at + len(MARK)
    return None


def _checksum(file: BinaryIO, at: int) -> bytes:
    """Return 32 hexadecimal digits over the file with zeros where they belong."""
    digest = hashlib.blake2b(digest_size=16)
    file.seek(0)
    while chunk := file.read(min(NEAR, at - file.tell())):
        digest.update(chunk)
    digest.update(ZEROS)
    file.seek(at + len(ZEROS))
    while chunk := file.read(NEAR):
        digest.update(chunk)
    return digest.hexdigest().encode()
