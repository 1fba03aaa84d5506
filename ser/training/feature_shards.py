"""Read a feature of given utterances from its shards."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ser.errors import SerError, offenders
from ser.tables import contracts


def read(
    feature: str, folder: Path, utterances: Sequence[str], count: int | None = None
) -> tuple[NDArray[Any], NDArray[np.int64], dict[str, str]]:
    """Return ``feature`` of ``utterances``, in their order, from the shards ``<shard>.parquet`` in ``folder``.

    Values are (frames of all utterances, dims), float16 or float32 as stored, float32 where both occur; offsets
    (utterances + 1,): utterance i has the rows offsets[i] to offsets[i + 1]; the last result is the metadata of the
    first shard. With ``count`` only shards 0 to count − 1 are read: a corpus that shrank leaves older shards behind.
    Memory peaks at the result and one shard. SerError names the utterances that no shard has, that two shards have,
    whose number of dimensions differs, whose matrix is torn, or whose values are not finite.
    """
    shards = sorted(folder.glob("*.parquet")) if count is None else [folder / f"{k}.parquet" for k in range(count)]
    if not shards:
        raise SerError(f"{folder} holds no shard of feature '{feature}'; the extract stage writes them.")
    row_of = {name: row for row, name in enumerate(utterances)}
    tables = {shard: contracts.select(shard, ["utterance", "frames", "dims", "dtype"]) for shard in shards}
    sizes = {shard: [row for row in table.to_pylist() if row["utterance"] in row_of] for shard, table in tables.items()}
    rows = [row for part in sizes.values() for row in part]
    _check(folder, rows, row_of)
    frames = np.zeros(len(utterances), np.int64)
    for row in rows:
        frames[row_of[row["utterance"]]] = row["frames"]
    offsets = np.concatenate([[0], np.cumsum(frames)]).astype(np.int64)
    half = {row["dtype"] for row in rows} == {"float16"}
    values = np.empty((int(offsets[-1]), rows[0]["dims"]), np.float16 if half else np.float32)
    for shard in (shard for shard, part in sizes.items() if part):
        _fill(values, offsets, row_of, shard)
    return values, offsets, contracts.metadata(tables[shards[0]])


def _check(folder: Path, rows: Sequence[Mapping[str, Any]], row_of: Mapping[str, int]) -> None:
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


def _fill(values: NDArray[Any], offsets: NDArray[np.int64], row_of: Mapping[str, int], shard: Path) -> None:
    """Write the matrices of ``shard`` to their rows of ``values``; the contract has checked dtype and size of each."""
    table = contracts.read(contracts.FEATURES, shard)
    dtypes = table["dtype"].to_pylist()
    infinite: list[str] = []
    for at, name in enumerate(table["utterance"].to_pylist()):
        if name not in row_of:
            continue
        into = values[offsets[row_of[name]] : offsets[row_of[name] + 1]]
        stored = np.frombuffer(table["matrix"][at].as_buffer(), np.dtype(dtypes[at]).newbyteorder("<"))
        into[:] = stored.reshape(into.shape)
        if not np.isfinite(into).all():
            infinite.append(name)
    if infinite:
        raise SerError(f"{shard}: values that are not finite in {offenders(infinite)}.")
