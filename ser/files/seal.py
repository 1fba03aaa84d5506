"""A file that holds the hash of itself, so that one wrong bit is noticed before anything in it is believed.

The writer puts ``BLANK`` into the file's own notes (Parquet's and safetensors' metadata, a key of a JSON object);
``close`` overwrites its zeros with the hash over all bytes of the file, the zeros in their place.
"""

import hashlib
from pathlib import Path
from typing import BinaryIO

from ser.errors import SerError

KEY = "seal"
MARK = b"blake2b-128-of-this-file:"
ZEROS = b"0" * 32
BLANK = (MARK + ZEROS).decode()
NEAR = 1 << 20  # bytes from either end within which the mark is looked for, and bytes read at a time


def close(path: Path) -> None:
    """Write the hash into the file at ``path``; nothing where it has no blank seal."""
    with path.open("r+b") as file:
        if (at := _place(file)) is not None:
            digest = _hash(file, at)
            file.seek(at)
            file.write(digest)


def check(path: Path) -> None:
    """Raise SerError where the file at ``path`` is not as it was written; a file without a seal passes."""
    with path.open("rb") as file:
        if (at := _place(file)) is None:
            return
        file.seek(at)
        if file.read(len(ZEROS)) != _hash(file, at):
            raise SerError(f"{path} is damaged: it is not as it was written. Delete it and run again.")


def _place(file: BinaryIO) -> int | None:
    """Return where the digits of the seal begin, or None."""
    size = file.seek(0, 2)
    for start in (max(0, size - NEAR), 0):
        file.seek(start)
        at = file.read(NEAR).rfind(MARK)
        if at >= 0 and start + at + len(BLANK) <= size:
            return start + at + len(MARK)
    return None


def _hash(file: BinaryIO, at: int) -> bytes:
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
