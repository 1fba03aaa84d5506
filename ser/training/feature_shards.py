"""One feature of a fold's utterances, from shards to one array: in memory or, where it is large, in a mapped file."""

import hashlib
import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ser import layout
from ser.errors import SerError, offenders
from ser.files import checksums, embedded_checksum
from ser.files.mapped import MappedArray, mapped
from ser.tables import contracts


@dataclass(frozen=True)
class FoldMatrices:
    """The matrices (frames, dims) of a fold's utterances, in one array; ``self[row]`` is that of an utterance.

    values: (frames of all utterances, dims), float16 or float32 as stored, float32 where both occur; offsets:
    (utterances + 1,) int64, utterance i has the rows offsets[i] to offsets[i + 1]; notes: metadata of the first shard;
    pages: of the file that holds the values, None where they are in memory.
    """

    values: NDArray[Any]
    offsets: NDArray[np.int64]
    notes: Mapping[str, str]
    pages: MappedArray | None = None

    def __len__(self) -> int:
        """Return the number of utterances."""
        return len(self.offsets) - 1

    def __iter__(self) -> Iterator[NDArray[Any]]:
        """Yield the matrix of each utterance."""
        return (self[row] for row in range(len(self)))

    def __getitem__(self, row: int) -> NDArray[Any]:
        """Return the matrix of utterance ``row``."""
        found: NDArray[Any] = self.values[self.offsets[row] : self.offsets[row + 1]]
        if self.pages is not None:
            self.pages.read(found.nbytes)
        return found


def read(
    feature: str,
    folder: Path,
    utterances: Sequence[str],
    count: int | None = None,
    *,
    largest: float = math.inf,
    copies: Sequence[str] = (),
) -> FoldMatrices:
    """Return ``feature`` of ``utterances``, in their order, from the shards ``<shard>.parquet`` in ``folder``.

    With ``count`` only shards 0 to count − 1 are read: a corpus that shrank leaves older shards behind. Values of more
    than ``largest`` bytes are not held in memory but in a file below ``folder``, with the same rows in the same order.
    copies: names of disturbed copies, whose shards are read too.
    Memory peaks at the values that are held and one row group. SerError names the utterances that no shard has, that
    two shards have, whose number of dimensions differs, whose matrix is torn, or whose values are not finite.
    """
    shards = layout.shards(folder, count)
    if not shards:
        raise SerError(f"{folder} holds no shard of feature '{feature}'; the extract stage writes them.")
    for copy in copies:
        if not (more := layout.shards(layout.of_copy(folder, copy), count)):
            raise SerError(f"{layout.of_copy(folder, copy)} holds no shard; the augment stage writes them.")
        shards += more
    row_of = {name: row for row, name in enumerate(utterances)}
    tables = {shard: contracts.select(shard, ["utterance", "frames", "dims", "dtype"]) for shard in shards}
    sizes = {shard: [row for row in table.to_pylist() if row["utterance"] in row_of] for shard, table in tables.items()}
    rows = [row for part in sizes.values() for row in part]
    _check_rows(folder, rows, row_of)
    frames = np.zeros(len(utterances), np.int64)
    for row in rows:
        frames[row_of[row["utterance"]]] = row["frames"]
    offsets = np.concatenate([[0], np.cumsum(frames)]).astype(np.int64)
    half = {row["dtype"] for row in rows} == {"float16"}
    shape, dtype = (int(offsets[-1]), int(rows[0]["dims"])), np.dtype(np.float16 if half else np.float32)
    notes = contracts.metadata(tables[shards[0]])

    def fill(put: Callable[[int, NDArray[Any]], None]) -> None:
        for shard, part in sizes.items():
            if part:
                _read_shard(put, offsets, row_of, shard, dtype)

    if math.prod(shape) * dtype.itemsize > largest:
        pages = mapped(layout.mapped(folder, _origin(shards), _digest(utterances)), shape, dtype, fill)
        return FoldMatrices(pages.values, offsets, notes, pages)
    values = np.empty(shape, dtype)

    def put(first: int, matrix: NDArray[Any]) -> None:
        values[first : first + len(matrix)] = matrix

    fill(put)
    return FoldMatrices(values, offsets, notes)


def _origin(shards: Sequence[Path]) -> str:
    """Return a digest of the bytes of all shards."""
    return _digest([embedded_checksum.verify(shard) or checksums.checksum(shard) for shard in shards])


def _digest(texts: Sequence[str]) -> str:
    """Return 16 hexadecimal digits over ``texts`` in their order."""
    return hashlib.blake2b("\0".join(texts).encode(), digest_size=8).hexdigest()


def _check_rows(folder: Path, rows: Sequence[Mapping[str, Any]], row_of: Mapping[str, int]) -> None:
    found = Counter(row["utterance"] for row in rows)
    twice = [name for name, count in found.items() if count > 1]
    if twice:
        raise SerError(f"{folder}: utterances are in two shards: {offenders(twice)}.")
    missing = [name for name in row_of if name not in found]
    if missing:
        raise SerError(
            f"{folder} lacks {len(missing)} utterances of the fold: {offenders(missing)}; extract them again."
        )
    widths = {row["dims"]: row["utterance"] for row in reversed(rows)}
    if len(widths) > 1:
        named = offenders(f"{name} has {dims}" for dims, name in widths.items())
        raise SerError(f"{folder}: the number of dimensions differs between utterances: {named}.")


def _read_shard(
    put: Callable[[int, NDArray[Any]], None],
    offsets: NDArray[np.int64],
    row_of: Mapping[str, int],
    shard: Path,
    dtype: np.dtype[Any],
) -> None:
    """Call ``put`` with the first row and the matrix of every utterance of ``shard`` that the fold has.

    The contract has checked type and size of each matrix. SerError for values that are not finite.
    """
    infinite: list[str] = []
    for table in contracts.row_groups(contracts.FEATURES, shard):
        dtypes, dims = table["dtype"].to_pylist(), table["dims"].to_pylist()
        for at, name in enumerate(table["utterance"].to_pylist()):
            if name not in row_of:
                continue
            stored = np.frombuffer(table["matrix"][at].as_buffer(), np.dtype(dtypes[at]).newbyteorder("<"))
            matrix = stored.reshape(-1, dims[at]).astype(dtype, copy=False)
            put(int(offsets[row_of[name]]), matrix)
            if not np.isfinite(matrix).all():
                infinite.append(name)
    if infinite:
        raise SerError(f"{shard}: values that are not finite in {offenders(infinite)}.")
