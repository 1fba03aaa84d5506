"""One feature of a fold's utterances, on the device or on the host, with the view that a model has of it."""

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ser.config.recipe import View
from ser.errors import SerError
from ser.files.mapped import MappedArray
from ser.training import feature_shards, normalisation
from ser.training.device import as_tensor, move, room, transfer
from ser.training.fold import Fold


@dataclass(frozen=True)
class FeatureInput:
    """A feature, once and as it was stored; each batch is scaled, normalised and companded on its own.

    values: (rows of all utterances, dims), in the stored type: on the device, or on the host where it is too large for
    the device or is read from ``pages``, a mapped file, and only batches go to the device;
    offsets: (utterances + 1,) int64 on the host, utterance i has the rows offsets[i] to offsets[i + 1]; notes: metadata
    of the first shard; digest: 32 hexadecimal digits over values and offsets; statistics: mean and sd, (groups, dims or
    1) float32, and each utterance's row of them, (utterances,) int64; None where the view does not normalise; floors:
    (utterances,) float32, the level to which the values of each are raised before the logarithm.
    """

    view: View
    values: Tensor
    offsets: NDArray[np.int64]
    notes: Mapping[str, str]
    digest: str
    statistics: tuple[Tensor, Tensor, Tensor] | None
    floors: Tensor
    pages: MappedArray | None = None

    @property
    def dims(self) -> int:
        """Return the dimensions of a frame."""
        return int(self.values.shape[1])

    def frames(self, utterance: Tensor, start: Tensor, count: Tensor, longest: int) -> tuple[Tensor, Tensor]:
        """Return (batch, longest, dims) float32 and which frames are real (batch, longest).

        utterance, start, count: (batch,) where ``values`` are, rows of the fold, first rows of ``values``, and how many
        follow. The result is on the device.
        """
        time = torch.arange(longest, device=self.values.device)
        real = time < count.unsqueeze(1)
        rows = start.unsqueeze(1) + time * real  # padding reads the example's first frame and is then cleared
        x = self.values.index_select(0, rows.flatten()).view(*rows.shape, -1)
        if self.pages is not None:
            self.pages.read(x.nbytes, len(x))
        x, real, utterance = (transfer(part, self.floors.device) for part in (x, real, utterance))
        x = x.float()
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
    view: View,
    modality: str,
    folder: Path,
    fold: Fold,
    device: torch.device,
    shards: int | None = None,
    *,
    largest: float = math.inf,
) -> FeatureInput:
    """Return the feature of ``view`` as ``modality`` (frames or vector) from its shards in ``folder``.

    ``shards``: how many the folder has, all where it is None; ``largest``: bytes that are held in memory, more are read
    from a mapped file. SerError where the view does not fit the feature.
    """
    matrices = feature_shards.read(view.feature, folder, fold.utterances, shards, largest=largest, copies=fold.copies)
    values = matrices.values
    _check(view, modality, several=len(values) != len(fold.utterances))
    digest = hashlib.blake2b(f"{values.dtype.str}{values.shape}".encode(), digest_size=16)
    digest.update(matrices.offsets.tobytes())
    floors = np.empty(len(matrices), np.float32)
    for row, matrix in enumerate(matrices):
        digest.update(matrix.reshape(-1).view(np.uint8).data)
        floors[row] = normalisation.floor(view, matrix)
    statistics = None
    if view.normalise != "none":
        mean, sd, group = normalisation.fit(view, matrices, fold)
        statistics = move(mean, device), move(sd, device), move(group, device)
    held = matrices.pages is None and values.nbytes <= room(device)
    placed = move(values, device) if held else as_tensor(values)
    stored = placed, matrices.offsets, matrices.notes, digest.hexdigest()
    return FeatureInput(view, *stored, statistics, move(floors, device), matrices.pages)


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
