"""Vectors that were computed elsewhere, one per utterance, from a file: such as x-vectors of Kaldi.

The file is a Kaldi archive (``.ark``) or its table (``.scp``), NumPy's ``.npz`` with an array per utterance, or Parquet
with the columns ``utterance`` and ``vector`` (a list of numbers). Names are those of the utterances in the manifest.
"""

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ser.errors import SerError, offenders
from ser.features import _kaldi
from ser.features._frames import Matrix, Signal
from ser.files.published import sha256

DTYPE = "float32"
HOP = None
DEPENDS = ("numpy",)
SUFFIXES = (".ark", ".scp", ".npz", ".parquet")


def dims(*, file: str, **_: object) -> int:
    """Return the values of a vector."""
    return len(next(iter(_vectors(file).values())))


def files(*, file: str, **_: object) -> list[Path]:
    """Return the file, and the archives that a table names."""
    path = _path(file)
    return [path, *(_kaldi.archives(path) if path.suffix == ".scp" else [])]


def provenance(*, file: str, origin: str = "", **_: object) -> str:
    """Return one line on the file, for tables and run cards."""
    path = _path(file)
    found = f"{len(_vectors(file))} vectors computed elsewhere, {path.name} SHA-256 {sha256(path)}"
    return f"{found}, {origin}" if origin else found


def extract(signal: Signal, rate: int, *, file: str, origin: str = "", utterance: str = "") -> Matrix:
    """Return the vector of the utterance, (1, dims), float32; the sound is not read.

    file: with the vectors; origin: what they are and on whose voices their network was trained, for the report;
    utterance: its name, given by the stage. SerError for a file that cannot be read, or that lacks the utterance.
    """
    del signal, rate, origin
    vectors = _vectors(file)
    if utterance not in vectors:
        raise SerError(f"{file} has no vector of this name; it has {len(vectors)}: {offenders(vectors)}.")
    return vectors[utterance][None]


def _path(file: str) -> Path:
    path = Path(file).expanduser()
    if path.suffix not in SUFFIXES:
        raise SerError(f"{file}: vectors are read from {', '.join(SUFFIXES)}, not from '{path.suffix}'.")
    if not path.is_file():
        raise SerError(f"{file} does not exist; it must hold a vector per utterance.")
    return path


def _vectors(file: str) -> dict[str, NDArray[np.float32]]:
    path = _path(file)
    return _read(path, path.stat().st_mtime_ns)


@cache
def _read(path: Path, _changed: int) -> dict[str, NDArray[np.float32]]:
    """Return the vectors by utterance, (dims,) each; SerError for none, or for several numbers of dimensions."""
    readers = {".ark": _kaldi.archive, ".scp": _kaldi.table, ".npz": _numpy, ".parquet": _parquet}
    try:
        entries = list(readers[path.suffix](path))
    except SerError:
        raise
    except Exception as error:  # numpy, zipfile, zlib and pyarrow raise many unrelated types
        raise SerError(f"{path} cannot be read as vectors: {error}.") from error
    found = dict(entries)
    if len(found) < len(entries) or not found:
        names = [name for name, _ in entries]
        twice = offenders(dict.fromkeys(name for name in names if names.count(name) > 1))
        raise SerError(f"{path}: two vectors have one name: {twice}." if twice else f"{path} holds no vectors.")
    if len(widths := {vector.shape: name for name, vector in found.items()}) > 1 or len(next(iter(widths))) != 1:
        named = offenders(f"{name} has {shape}" for shape, name in widths.items())
        raise SerError(f"{path}: every utterance needs a vector of one length: {named}.")
    return found


def _numpy(path: Path) -> Iterator[tuple[str, NDArray[np.float32]]]:
    with np.load(path, allow_pickle=False) as content:
        for name in content.files:
            yield name, np.atleast_1d(np.squeeze(content[name])).astype(np.float32)


def _parquet(path: Path) -> Iterator[tuple[str, NDArray[np.float32]]]:
    import pyarrow.parquet as pq

    table = pq.read_table(path, columns=["utterance", "vector"])
    for name, vector in zip(table["utterance"].to_pylist(), table["vector"].to_pylist(), strict=True):
        yield name, np.array(vector, np.float32)
