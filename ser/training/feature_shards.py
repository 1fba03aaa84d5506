"""Read a feature of given utterances from its shards."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ser.errors import SerError, offenders
from ser.tables import contracts

STORED = ("float16", "float32", "float64")


def read(
    feature: str, folder: Path, utterances: Sequence[str], count: int | None = None
) -> tuple[NDArray[Any], NDArray[np.int64], dict[str, str]]:
    """Return ``feature`` of ``utterances``, in their order, from the shards ``<shard>.parquet`` in ``folder``.

    Values are (frames of all utterances, dims), float16 or float32 as stored (float64 becomes float32); offsets
    (utterances + 1,): utterance i has the rows offsets[i] to offsets[i + 1]; the last result is the metadata of the
    first shard. With ``count`` only shards 0 to count − 1 are read: a corpus that shrank leaves older shards behind.
    Memory peaks at the result and one shard. SerError names the utterances that no shard has, that two shards have,
    whose number of dimensions differs, whose matrix is torn, or whose values are not finite.
    """
    every = sorted(folder.glob("*.parquet"))
    shards = every if count is None else [folder / f"{shard}.parquet" for shard in range(count)]
    if not shards:
        raise SerError(f"{folder} holds no shard of feature '{feature}'; the extract stage writes them.")
    row_of = {name: row for row, name in enumerate(utterances)}
    frames, dims, dtype, used = _sizes(folder, shards, row_of)
    offsets = np.concatenate([[0], np.cumsum(frames)]).astype(np.int64)
    values = np.empty((int(offsets[-1]), dims), dtype)
    for shard in used:
        _fill(values, offsets, row_of, shard)
    return values, offsets, contracts.metadata(shards[0])


def _sizes(
    folder: Path, shards: Sequence[Path], row_of: dict[str, int]
) -> tuple[NDArray[np.int64], int, type[np.floating[Any]], list[Path]]:
    """Return the frames per utterance, the dimensions, the type in memory, and the shards that have any of them."""
    frames = np.zeros(len(row_of), np.int64)
    kinds: dict[tuple[int, str], str] = {}
    used: list[Path] = []
    for shard in shards:
        wanted = [row for row in _index(shard) if row["utterance"] in row_of]
        twice = [row["utterance"] for row in wanted if frames[row_of[row["utterance"]]]]
        if twice:
            raise SerError(f"{folder}: utterances are in two shards: {offenders(twice)}.")
        for row in wanted:
            frames[row_of[row["utterance"]]] = row["frames"]
            kinds.setdefault((row["dims"], row["dtype"]), row["utterance"])
        used += [shard] if wanted else []
    missing = [name for name, row in row_of.items() if not frames[row]]
    if missing:
        raise SerError(
            f"{folder} lacks {len(missing)} utterances of the fold: {offenders(missing)}; extract them again."
        )
    if len({dims for dims, _ in kinds}) > 1:
        named = offenders(f"{name} has {dims}" for (dims, _), name in kinds.items())
        raise SerError(f"{folder}: the number of dimensions differs between utterances: {named}.")
    wrong = sorted({dtype for _, dtype in kinds} - set(STORED))
    if wrong:
        raise SerError(f"{folder}: unknown dtype {offenders(wrong)}; known: {', '.join(STORED)}.")
    half = {dtype for _, dtype in kinds} == {"float16"}
    return frames, next(iter(kinds))[0], np.float16 if half else np.float32, used


def _index(shard: Path) -> list[dict[str, Any]]:
    """Return a shard's rows without their matrices."""
    rows: list[dict[str, Any]] = contracts.select(shard, ["utterance", "frames", "dims", "dtype"]).to_pylist()
    return rows


def _fill(values: NDArray[Any], offsets: NDArray[np.int64], row_of: dict[str, int], shard: Path) -> None:
    table = contracts.read(contracts.FEATURES, shard)
    dtypes = table["dtype"].to_pylist()
    infinite: list[str] = []
    for at, name in enumerate(table["utterance"].to_pylist()):
        if name not in row_of:
            continue
        into = values[offsets[row_of[name]] : offsets[row_of[name] + 1]]
        stored = np.frombuffer(table["matrix"][at].as_buffer(), np.dtype(dtypes[at]).newbyteorder("<"))
        if stored.size != into.size:
            raise SerError(
                f"{shard}: the matrix of {name} has {stored.size} values, not {into.shape} as its columns say."
            )
        into[:] = stored.reshape(into.shape)
        if not np.isfinite(into).all():
            infinite.append(name)
    if infinite:
        raise SerError(f"{shard}: values that are not finite in {offenders(infinite)}.")
