"""Checksums of files, and one digest of a corpus's files, so that a changed recording reruns what depends on it.

A digest depends on names and contents, not on times: touching or copying a file changes nothing. A cache of file sizes
and modification times avoids reading every file again. Every job imports this module, so it imports little.
"""

import hashlib
import json
import os
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

from ser.errors import SerError
from ser.files.atomic import write_text
from ser.files.embedded_checksum import SETTLED

READERS = 8  # files read at once; blake2b releases the GIL

Cache = dict[str, tuple[int, int, str]]  # path: size in bytes, modification time in nanoseconds, checksum


def checksum(path: Path | str) -> str:
    """Return the blake2b of the file's bytes, 32 hexadecimal digits; SerError if it cannot be read."""
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()
    except OSError as error:
        raise SerError(f"{path}: cannot be read ({error.strerror}).") from error


def sha256(path: Path) -> str:
    """Return the SHA-256 of the file's bytes, 64 hexadecimal digits, read anew; ``published.sha256`` remembers it."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def digest_of_files(files: Iterable[Path], root: Path, cache: Path) -> str:
    """Return 32 hexadecimal digits over the names, relative to ``root``, and the contents of ``files``.

    ``cache`` is a JSON file of earlier checksums; it may be missing, damaged or unwritable, and afterwards holds these
    files only. A file outside ``root`` counts under its name without its folder, so that the digest is the same on
    every machine. SerError if a file cannot be read.
    """
    paths = [os.path.abspath(file) for file in files]
    try:
        entries = json.loads(cache.read_bytes())
        cached: Cache = {path: (int(size), int(when), str(digest)) for path, (size, when, digest) in entries.items()}
    except (OSError, ValueError, TypeError, AttributeError):  # missing, or of another format
        cached = {}
    try:
        stamps = [(status.st_size, status.st_mtime_ns) for status in map(os.stat, paths)]
    except OSError as error:
        raise SerError(f"{error.filename}: cannot be read ({error.strerror}).") from error
    unread = [
        path for path, stamp in zip(paths, stamps, strict=True) if path not in cached or cached[path][:2] != stamp
    ]
    with ThreadPoolExecutor(READERS) as pool:
        read = dict(zip(unread, pool.map(checksum, unread), strict=True))
    checksums = [read[path] if path in read else cached[path][2] for path in paths]
    settled = time.time_ns() - SETTLED  # a file that changed later may change again within the clock's resolution
    new: Cache = {
        path: (*stamp, value) for path, stamp, value in zip(paths, stamps, checksums, strict=True) if stamp[1] < settled
    }
    if new != cached:
        with suppress(OSError, SerError):  # a cache that cannot be written costs time, nothing else
            write_text(cache, json.dumps(new, separators=(",", ":")))
    top = os.path.abspath(root) + os.sep
    names = [path[len(top) :] if path.startswith(top) else os.path.basename(path) for path in paths]
    total = hashlib.blake2b(digest_size=16)
    for name, value in sorted(zip(names, checksums, strict=True)):
        total.update(f"{name.replace(os.sep, '/')}\0{value}\n".encode("utf-8", "surrogateescape"))
    return total.hexdigest()
