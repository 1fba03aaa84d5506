"""One feature of a fold's utterances, read from its shards, on the device, with the view that a model has of it."""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ser import layout
from ser.config.recipe import View
from ser.errors import SerError, offenders
from ser.tables import contracts
from ser.training import normalisation
from ser.training.device import move
from ser.training.fold import Fold


@dataclass(frozen=True)
class FeatureInput:
    """A feature, on the device once as it was stored; each batch is scaled, normalised and companded on its own.

    values: (rows of all utterances, dims) on the device, in the stored type;
    offsets: (utterances + 1,) int64 on the host, utterance i has the rows offsets[i] to offsets[i + 1]; notes: metadata
    of the first shard; digest: 32 hexadecimal digits over values and offsets; statistics: mean and sd, (groups, dims or
    1) float32, and each utterance's row of them, (utterances,) int64; None where the view does not normalise; floors:
    (utterances,) float32, the level to which the values of each are raised before the logarithm.
    """

    view: View
    values: Tensor
    offsets: NDArray[np.int64]
    notes: dict[str, str]
    digest: str
    statistics: tuple[Tensor, Tensor, Tensor] | None
    floors: Tensor

    @property
    def dims(self) -> int:
        """Return the dimensions of a frame."""
        return int(self.values.shape[1])

    def frames(self, utterance: Tensor, start: Tensor, count: Tensor, longest: int) -> tuple[Tensor, Tensor]:
        """Return (batch, longest, dims) float32 and which frames are real (batch, longest).

        utterance, start, count: (batch,), rows of the fold, first rows of ``values``, and how many follow.
        """
        time = torch.arange(longest, device=self.values.device)
        real = time < count.unsqueeze(1)
        rows = start.unsqueeze(1) + time * real  # padding reads the example's first frame and is then cleared
        x = self.values.index_select(0, rows.flatten()).view(*rows.shape, -1).float()
        x = normalisation.scale(self.view, x, self.floors[utterance].view(-1, 1, 1))
        if self.statistics is not None:
            mean, sd, group = self.statistics
            row = group[utterance].unsqueeze(1)
            x = x.sub_(mean[row]).div_(sd[row])
        x = normalisation.compand(x, real, self.view.compand)
        return x.masked_fill_(~real.unsqueeze(-1), normalisation.padding(self.view.compand)), real

    def vectors(self, utterance: Tensor) -> Tensor:
        """Return (batch, dims) float32 of the fold's rows ``utterance`` (batch,), each with one row of ``values``."""
        return self.frames(utterance, utterance, torch.ones_like(utterance), 1)[0].squeeze(1)


def load(
    view: View, modality: str, folder: Path, fold: Fold, device: torch.device, shards: int | None = None
) -> FeatureInput:
    """Return the feature of ``view`` as ``modality`` (frames or vector) from its shards in ``folder``.

    ``shards``: how many the folder has, all where it is None. SerError where the view does not fit the feature.
    """
    values, offsets, notes = read_shards(view.feature, folder, fold.utterances, shards)
    _check(view, modality, several=len(values) != len(fold.utterances))
    digest = hashlib.blake2b(f"{values.dtype.str}{values.shape}".encode(), digest_size=16)
    digest.update(offsets.tobytes())
    digest.update(values.reshape(-1).view(np.uint8).data)
    matrices = [values[first:end] for first, end in pairwise(offsets)]
    floors = np.array([normalisation.floor(view, matrix) for matrix in matrices], np.float32)
    statistics = None
    if view.normalise != "none":
        mean, sd, group = normalisation.fit(view, matrices, fold)
        statistics = move(mean, device), move(sd, device), move(group, device)
    moved = move(values, device)
    return FeatureInput(view, moved, offsets, notes, digest.hexdigest(), statistics, move(floors, device))


def _check(view: View, modality: str, *, several: bool) -> None:
    """Raise SerError where the view cannot be taken of this feature; several: some utterance has several frames."""
    where = f"inputs.{modality} ({view.feature})"
    if modality == "vector":
        if several:
            raise SerError(f"{where}: the feature has several frames per utterance; a vector has one.")
        if view.limit or view.length or view.segments:
            raise SerError(f"{where}: limit, length and segments are for frames; a vector has none.")
        if view.normalise == "utterance":
            raise SerError(f"{where}: 'normalise: utterance' makes every vector zero; use statistics.")
    if view.length and view.segments:
        raise SerError(f"{where}: length and segments exclude each other; use limit to shorten what is cut.")
    if view.floor_db and view.scale != "log":
        raise SerError(f"{where}: floor_db is a floor under the logarithm: scale must be log.")
    if view.compand in ("max_mulaw", "literal_mulaw") and (view.scale, view.normalise) != ("none", "none"):
        raise SerError(f"{where}: 'compand: {view.compand}' is for magnitudes: scale and normalise must be none.")


def read_shards(
    feature: str, folder: Path, utterances: Sequence[str], count: int | None = None
) -> tuple[NDArray[Any], NDArray[np.int64], dict[str, str]]:
    """Return ``feature`` of ``utterances``, in their order, from the shards ``<shard>.parquet`` in ``folder``.

    Values are (frames of all utterances, dims), float16 or float32 as stored, float32 where both occur; offsets
    (utterances + 1,): utterance i has the rows offsets[i] to offsets[i + 1]; the last result is the metadata of the
    first shard. With ``count`` only shards 0 to count − 1 are read: a corpus that shrank leaves older shards behind.
    Memory peaks at the result and one shard. SerError names the utterances that no shard has, that two shards have,
    whose number of dimensions differs, whose matrix is torn, or whose values are not finite.
    """
    shards = layout.shards(folder, count)
    if not shards:
        raise SerError(f"{folder} holds no shard of feature '{feature}'; the extract stage writes them.")
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
    values = np.empty((int(offsets[-1]), rows[0]["dims"]), np.float16 if half else np.float32)
    for shard, part in sizes.items():
        if part:
            _fill(values, offsets, row_of, shard)
    return values, offsets, contracts.metadata(tables[shards[0]])


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
