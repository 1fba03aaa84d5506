"""Feed-forward sequential memory networks after convolutions: C-pFSMN-A, its ablations, FSMN and DFSMN.

Cao et al., "Pyramid memory block and timestep attention for speech emotion recognition", Interspeech 2019, Figure 3.
Not printed are the orders between the end points 4 and 32, the strides between 1 and 2, the channels, the hidden size
of the attention, and the pooling of the variant without attention. Equal orders and strides in all layers give the
DFSMN (Zhang et al. 2018) that the pyramid is meant to improve on, or, with ``block`` "fsmn", the FSMN (Zhang et al.
2015).
"""

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor, nn

from ser.bounds import Count, Counts, Index
from ser.errors import SerError
from ser.layers.convolutional_front_end import FrontEnd
from ser.layers.fsmn_memory import MemoryLayer, Taps
from ser.layers.interface import FRAMES, AttentionWeights, Batch, Shape
from ser.layers.statistics import POOLINGS


def _check(block: str, skip: str, orders: Sequence[int], strides: Sequence[int]) -> None:
    if block == "fsmn" and skip != "none":
        raise SerError(f"option skip is '{skip}', and the block 'fsmn' has none: set skip to none.")
    if len(orders) != len(strides):
        raise SerError(f"{len(orders)} orders but {len(strides)} strides; give one of each per layer.")


class TimestepAttention(nn.Module):
    """Weights from the whole time course of the mean feature (Cao et al. 2019, Equations 5–7).

    a_t is the mean over features, s = softmax(W2 ReLU(W1 a + b1) + b2) over time, y = Σ_t s_t x_t. The layers span
    ``time`` frames, so the length is fixed; the hidden layer has ``ratio`` · time units, rounded down, at least one.
    """

    def __init__(self, time: int, ratio: float = 0.25):
        super().__init__()
        hidden = max(1, int(time * ratio))
        self.layers = nn.Sequential(nn.Linear(time, hidden), nn.ReLU(), nn.Linear(hidden, time))

    def forward(self, x: Tensor) -> Tensor:
        """(batch, time, features) -> (batch, features)."""
        return torch.einsum("bt,btf->bf", self.weights(x), x)

    def weights(self, x: Tensor) -> Tensor:
        """(batch, time, features) -> (batch, time), summing to 1."""
        return self.layers(x.mean(2)).softmax(-1)


class PyramidFSMN(nn.Module):
    """Front end, memory layers, pooling over time, linear output, for frames of fixed length.

    ``orders``: past and future frames per layer, in ``strides``; with ``order_count`` "current" the past frames include
    the current one, as in the DFSMN authors' code. ``skip`` joins memory to memory: over all blocks but the first, only
    into blocks whose order differs from the one below (pFSMN, Yang et al. 2018), or nowhere. ``block`` "fsmn" has no
    skip and no ``projection``. ``pooling``: without attention. SerError for inputs or options that do not fit.
    """

    def __init__(
        self,
        shape: Shape,
        classes: int,
        *,
        front_end: Literal["cnn", "none"] = "cnn",
        channels: Counts = (16, 32),
        padding: Index = 3,
        block: Literal["dfsmn", "fsmn"] = "dfsmn",
        hidden: Count = 256,
        projection: Count = 128,
        orders: Counts = (4, 8, 16, 32),
        strides: Counts = (1, 1, 2, 2),
        order_count: Literal["paper", "current"] = "paper",
        taps: Taps = "scalar",
        skip: Literal["all", "change", "none"] = "all",
        attention: Literal["timestep", "none"] = "timestep",
        pooling: Literal["mean", "last"] = "mean",
        ratio: float = 0.25,
    ):
        super().__init__()
        _check(block, skip, orders, strides)
        front = FrontEnd(shape, channels, padding) if front_end == "cnn" else None
        self.front, self.pooling = front, pooling
        time, dims = (shape.fixed_length(), shape.frame_dims()) if front is None else (front.time, front.dims)
        narrow = projection if block == "dfsmn" else None
        layers: list[MemoryLayer] = []
        for below, order, stride in zip((None, *orders), orders, strides, strict=False):
            back = order - 1 if order_count == "current" else order
            over = below is not None and (skip == "all" or (skip == "change" and order != below))
            layers.append(MemoryLayer(dims, hidden, back, order, stride, taps, projection=narrow, skip=over))
            dims = layers[-1].dims
        self.layers = nn.Sequential(*layers)
        self.attention = TimestepAttention(time, ratio) if attention == "timestep" else None
        self.output = nn.Linear(dims, classes)

    def forward(self, batch: Batch) -> Tensor:
        """Frames (batch, time, dims) -> logits (batch, classes)."""
        x = self._states(batch)
        pooled = POOLINGS[self.pooling](x) if self.attention is None else self.attention(x)
        return self.output(pooled)

    def attention_weights(self, batch: Batch) -> dict[str, AttentionWeights]:
        """Return the timestep attention, at the positions of the front end; memories cover more frames."""
        if self.attention is None:
            return {}
        positions = FRAMES if self.front is None else self.front.positions
        return {"timestep": AttentionWeights(self.attention.weights(self._states(batch)), positions)}

    def _states(self, batch: Batch) -> Tensor:
        """Return the top layer's outputs (batch, reduced time, dims)."""
        return self.layers(batch.frames if self.front is None else self.front(batch.frames))


build = PyramidFSMN
