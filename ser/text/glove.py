"""Word vectors in GloVe's text format: a word and its values per line, separated by spaces; plain, gzip or zip.

Pennington et al. (2014), "GloVe: global vectors for word representation". A word may contain spaces, as some of the
840B release do.
"""

import gzip
import io
import lzma
import re
import struct
import zipfile
import zlib
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from itertools import takewhile
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from ser.errors import SerError, offenders

DAMAGED = (
    OSError,
    EOFError,
    zlib.error,
    lzma.LZMAError,
    zipfile.BadZipFile,
    struct.error,
    RuntimeError,  # encrypted, or an unknown compression
    ValueError,  # a file name inside that is not text
)
BUFFER = 1 << 20  # bytes
LINE = 1 << 20  # bytes, at most; 300 values take 3,000
NUMBER = re.compile(rb"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?")

Vectors = dict[str, NDArray[np.float32]]


def read(path: Path, words: Collection[str]) -> Vectors:
    """Return the vectors, (dims,), of the ``words`` that the file at ``path`` has; the first of a repeated word.

    Reads line by line and keeps only what it returns. The first line decides the number of values. SerError with the
    line's number if a line has more or fewer, or if a wanted word's values are not finite numbers; also if the file
    begins with word2vec's header, is empty or damaged, or ends in the middle of a line.
    """
    try:
        with _opened(path) as file:
            return _vectors(file, {word.encode(): word for word in words}, path)
    except DAMAGED as error:
        raise SerError(f"{path}: cannot be read ({error or type(error).__name__}); is it damaged?") from error


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    """Open the text, decompressed; of a zip archive its only file."""
    with path.open("rb") as file:
        head = file.read(4)
    if head[:2] == b"\x1f\x8b":
        with gzip.open(path) as packed:
            yield packed
    elif head == b"PK\x03\x04":
        with zipfile.ZipFile(path) as archive:
            inside = [name for name in archive.namelist() if not name.endswith("/") and "__MACOSX" not in name]
            if len(inside) != 1:
                raise SerError(f"{path} holds {offenders(inside)}; unpack it and give the path of one file.")
            with archive.open(inside[0]) as member:  # ZipExtFile finds lines slowly
                yield io.BufferedReader(member, BUFFER)
    else:
        with path.open("rb", buffering=BUFFER) as plain:
            yield plain


def _vectors(file: IO[bytes], wanted: Mapping[bytes, str], path: Path) -> Vectors:
    found: Vectors = {}
    dims = 0
    for number, line in enumerate(iter(partial(file.readline, LINE), b""), start=1):
        if len(line) == LINE:
            raise SerError(f"{path}, line {number}: has more than {LINE} bytes; is this a file of word vectors?")
        body = line.rstrip(b" \r\n")
        try:
            dims = dims or _dims(body)
            word = _word(body, dims, whole=line.endswith(b"\n"))
            if word in wanted and wanted[word] not in found:
                found[wanted[word]] = _values(body[len(word) + 1 :], wanted[word])
        except SerError as error:
            raise SerError(f"{path}, line {number}: {error}") from error
    if not dims:
        raise SerError(f"{path} is empty; expected: a word and its vector in every line.")
    return found


def _dims(body: bytes) -> int:
    """Return the number of values at the end of the first line, after at least one field of the word."""
    fields = body.split(b" ")
    if len(fields) == 2 and all(field.isdigit() for field in fields):
        raise SerError(f"'{body.decode()}' is the header of word2vec's format; remove this line.")
    values = sum(1 for _ in takewhile(lambda field: _float(field) is not None, reversed(fields[1:])))
    if not values:
        raise SerError(f"'{body[:60].decode(errors='replace')}' is not a word with its values.")
    return values


def _word(body: bytes, dims: int, *, whole: bool) -> bytes:
    """Return the word of a line; SerError if it does not have ``dims`` values."""
    spaces = body.count(b" ")
    if spaces == dims:
        return body[: body.index(b" ")]
    if spaces < dims:
        torn = "" if whole else "; the file ends in the middle of it"
        raise SerError(f"has {spaces} values, the first line has {dims}{torn}.")
    word = body.rsplit(b" ", dims)[0]
    if NUMBER.fullmatch(word[word.rindex(b" ") + 1 :]):
        raise SerError(f"has more values than the first line, which has {dims}.")
    return word


def _values(text: bytes, word: str) -> NDArray[np.float32]:
    fields = text.split(b" ")
    with np.errstate(over="ignore"):
        vector = np.array([_float(field) for field in fields], dtype=np.float32)  # None becomes nan
    invalid = np.flatnonzero(~np.isfinite(vector))
    if invalid.size:
        value = fields[invalid[0]].decode(errors="replace")
        raise SerError(f"the vector of '{word}' holds '{value}', which is not a finite number.")
    return vector


def _float(field: bytes) -> float | None:
    try:
        return float(field)
    except ValueError:
        return None
