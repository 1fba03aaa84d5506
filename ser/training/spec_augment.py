"""Masks over the frames of an example: bands of dimensions and stretches of time whose values are not read.

Park et al. (2019), "SpecAugment: a simple data augmentation method for automatic speech recognition", section 2,
without its time warping. Padding is never masked.
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ser.config.augmentation import SpecAugment
from ser.layers.interface import Batch
from ser.training.device import move

Rows = NDArray[np.int64]


def changing(masks: SpecAugment, draw: np.random.Generator) -> Callable[[Batch, Tensor, Rows], tuple[Batch, Tensor]]:
    """Return the change of a batch with frames (batch, time, dims), of which ``real`` (batch,) are real."""

    def change(batch: Batch, targets: Tensor, real: Rows) -> tuple[Batch, Tensor]:
        bands = np.full(len(real), batch.frames.shape[2]), masks.frequency_masks
        dims = spans(*bands, np.full(len(real), masks.frequency_width), draw)
        widest = np.minimum(masks.time_width, np.floor(masks.time_share * real).astype(np.int64))
        time = spans(real, masks.time_masks, widest, draw)
        return replace(batch, frames=masked(batch.frames, real, dims, time, masks.fill)), targets

    return change


def spans(sizes: Rows, count: int, widest: Rows, draw: np.random.Generator) -> Rows:
    """Return ``count`` spans in each of ``sizes`` (batch,): (2, batch, count), the first position and the one after.

    A width is uniform in 0…``widest`` (batch,), which is at most the size, and a start in 0…size − width.
    """
    shape = len(sizes), count
    width = draw.integers(0, np.broadcast_to(widest[:, None], shape), endpoint=True)
    start = draw.integers(0, sizes[:, None] - width, endpoint=True)
    return np.stack([start, start + width])


def masked(x: Tensor, real: Rows, dims: Rows, time: Rows, fill: str) -> Tensor:
    """Return frames (batch, time, dims) with the spans ``dims`` and ``time`` filled, where frames are real (batch,).

    fill: zero, or mean: the example's over its real values, before the masks.
    """
    frames = torch.arange(x.shape[1], device=x.device)
    inside = frames < move(real, x.device).unsqueeze(1)
    hidden = _covered(dims, x.shape[2], x.device).unsqueeze(1) | _covered(time, x.shape[1], x.device).unsqueeze(2)
    hidden &= inside.unsqueeze(2)
    if fill == "zero":
        return x.masked_fill(hidden, 0.0)
    total = x.masked_fill(~inside.unsqueeze(2), 0.0).sum((1, 2)) / (inside.sum(1) * x.shape[2])
    return torch.where(hidden, total.view(-1, 1, 1), x)


def _covered(spans: Rows, size: int, device: torch.device) -> Tensor:
    """Return which of ``size`` positions lie in one of the spans (2, batch, count): (batch, size) bool."""
    first, after = move(spans, device).unsqueeze(3)
    position = torch.arange(size, device=device)
    return ((position >= first) & (position < after)).any(1)
