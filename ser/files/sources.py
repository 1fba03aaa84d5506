"""Checksums of files, and one digest of a corpus's files, so that a changed recording reruns what depends on it.

Contents count, times do not: touching or copying a file changes nothing. A cache of file sizes and modification times
avoids reading every file again. Imports little, since the Snakefile calls this in every job.
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

READERS = 8  # files read at once; blake2b releases the interpreter's lock

Known = dict[str, tuple[int, int, str]]  # path: bytes, nanoseconds, digest


def checksum(path: Path | str) -> str:
    """Return the blake2b of the file's bytes, 32 hexadecimal digits; SerError if it cannot be read."""
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()
    except OSError as error:
        raise SerError(f"{path}: cannot be read ({error.strerror}).") from error


def digest_of_files(files: Iterable[Path], root: Path, cache: Path) -> str:
    """Return 32 hexadecimal digits over the names, relative to ``root``, and the contents of ``files``.

    ``cache`` is a JSON file of earlier checksums; it may be missing, damaged or unwritable. Of a file outside ``root``
    only name and content count, so that the digest is the same on every machine. SerError if a file cannot be read.
    """
    paths = [os.path.abspath(file) for file in files]
    known = _load(cache)
    stamps = [_stamp(path) for path in paths]
    fresh = [path for path, stamp in zip(paths, stamps, strict=True) if known.get(path, ())[:2] != stamp]
    with ThreadPoolExecutor(READERS) as pool:
        found = dict(zip(fresh, pool.map(checksum, fresh), strict=True))
    digests = [found[path] if path in found else known[path][2] for path in paths]
    youngest = time.time_ns() - SETTLED
    kept: Known = {
        path: (*stamp, digest)
        for path, stamp, digest in zip(paths, stamps, digests, strict=True)
        if stamp[1] < youngest
    }
    if kept != known:
        with suppress(OSError, SerError):  # a cache that cannot be written costs time, nothing else
            write_text(cache, json.dumps(kept, separators=(",", ":")))
    top = os.path.abspath(root) + os.sep
    names = [path[len(top) :] if path.startswith(top) else os.path.basename(path) for path in paths]
    total = hashlib.blake2b(digest_size=16)
    for name, digest in sorted(zip(names, digests, strict=True)):
        total.update(f"{name.replace(os.sep, '/')}\0{digest}\n".encode("utf-8", "surrogateescape"))
    return total.hexdigest()


def _stamp(path: str) -> tuple[int, int]:
    """Return the file's bytes and when it changed last, in nanoseconds since 1970."""
    try:
        stat = os.stat(path)
    except OSError as error:
        raise SerError(f"{path}: cannot be read ({error.strerror}).") from error
    return stat.st_size, stat.st_mtime_ns


def _load(cache: Path) -> Known:
    """Return the earlier checksums; none where the cache is missing or has another format."""
    try:
        entries = json.loads(cache.read_bytes())
        return {str(path): (int(size), int(when), str(digest)) for path, (size, when, digest) in entries.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}
