"""Vectors in Kaldi's archives: ``.ark``, binary or text, and ``.scp``, a table of positions in archives.

No command is ever run: Kaldi also allows pipes in a ``.scp``, which are refused.
"""

import re
import struct
from collections.abc import Iterator, Mapping
from io import BufferedReader
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ser.errors import SerError

KINDS: Mapping[bytes, np.dtype[Any]] = {b"FV ": np.dtype("<f4"), b"DV ": np.dtype("<f8")}
POSITION = re.compile(r"(?P<path>.+):(?P<offset>\d+)")
LONGEST = 1 << 20  # values of a vector, at most; bytes of a name or of a line of text

Vectors = Iterator[tuple[str, NDArray[np.float32]]]


def archive(path: Path) -> Vectors:
    """Yield the name and the vector (dims,) of every entry of an archive; SerError for anything but vectors."""
    with path.open("rb") as file:
        while name := _name(file, path):
            yield name, _vector(file, f"{path}: {name}")


def table(path: Path) -> Vectors:
    """Yield the name and the vector of every line ``name archive:offset``, archives relative to here or to ``path``."""
    for number, line in enumerate(_lines(path), start=1):
        name, _, where = line.strip().partition(" ")
        found = POSITION.fullmatch(where.strip())
        if not name or found is None:
            raise SerError(f"{path}:{number}: must be 'name archive:offset'; commands and ranges are not read.")
        with inside(path, found["path"]).open("rb") as file:
            file.seek(int(found["offset"]))
            yield name, _vector(file, f"{path}:{number}: {name}")


def archives(path: Path) -> list[Path]:
    """Return the archives that a table names."""
    names = (
        found["path"] for line in _lines(path) if (found := POSITION.fullmatch(line.strip().partition(" ")[2].strip()))
    )
    return [inside(path, name) for name in dict.fromkeys(names)]


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError as error:
        raise SerError(f"{path} is no table of Kaldi: it is not text in UTF-8 ({error.reason}).") from error


def inside(path: Path, name: str) -> Path:
    """Return the archive ``name`` of a table; SerError if there is none."""
    for folder in (Path(), path.parent):
        if (folder / name).is_file():
            return folder / name
    raise SerError(f"{path}: the archive {name} is neither here nor next to the table.")


def _name(file: BufferedReader, path: Path) -> str:
    """Return the name of the next entry, "" at the end."""
    found = bytearray()
    while (one := file.read(1)) not in (b"", b" "):
        if not (found or one.strip()):
            continue  # the line break after a text entry
        found += one
        if len(found) > LONGEST:
            raise SerError(f"{path} is no archive of Kaldi: a name has more than {LONGEST} bytes.")
    return found.decode("utf-8", "replace")


def _vector(file: BufferedReader, where: str) -> NDArray[np.float32]:
    head = file.peek(2)[:2]
    if head != b"\0B":
        return _text(file.readline(LONGEST), where)
    kind = file.read(5)[2:]
    if kind not in KINDS:
        raise SerError(f"{where}: holds '{kind.decode('ascii', 'replace').strip()}' and not a vector (FV or DV).")
    size, count = struct.unpack("<bi", file.read(5).ljust(5, b"\0"))
    values = file.read(KINDS[kind].itemsize * count) if size == 4 and 0 <= count <= LONGEST else b""
    if len(values) != KINDS[kind].itemsize * count:
        raise SerError(f"{where}: the archive is damaged or ends within the vector.")
    return np.frombuffer(values, KINDS[kind]).astype(np.float32)


def _text(line: bytes, where: str) -> NDArray[np.float32]:
    words = line.decode("utf-8", "replace").split()
    try:
        if words[0] != "[" or words[-1] != "]":
            raise ValueError
        return np.array([float(word) for word in words[1:-1]], np.float32)
    except (ValueError, IndexError):
        raise SerError(f"{where}: must be a vector in one line, such as '[ 0.5 -1 ]'.") from None
