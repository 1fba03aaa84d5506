"""Multi-scale convolutions with statistical pooling, audio branch: Audio-CNN and Audio-CNN-xvector of Peng et al. 2021.

Kernel widths are from the figure in the authors' repository (which has no code); the dense width and the places of the
dropout are not printed.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from ser.errors import SerError
from ser.layers import demand
from ser.layers.batch import Batch, Shape
from ser.layers.multiscale import MultiScale
from ser.layers.statistics import POOLINGS, pooled

NAME = "multiscale_cnn"


def modalities(*, vector: bool = False, **_: object) -> tuple[str, ...]:
    """Return what the model reads of a batch: with ``vector`` also the utterance's vector."""
    return ("frames", "vector") if vector else ("frames",)


def build(
    shape: Shape,
    classes: int,
    *,
    kernels: Sequence[int] = (5, 7, 9, 11),
    filters: int = 128,
    statistics: Sequence[str] = ("max", "mean", "std"),
    vector: bool = False,
    masked: bool = False,
    dense: int = 256,
    dropout: float = 0.3,
) -> nn.Module:
    """Return the model: frames (batch, time, dims) and, with ``vector``, (batch, dims) -> (batch, classes).

    Frames have a fixed length whose zero-padding counts, as in the figure, unless ``masked``: then lengths may vary and
    only positions that see real frames count. Inputs shorter than the widest kernel are zero-padded to it.
    """
    dims = demand.frames(shape, NAME)
    if not masked:
        demand.length(shape, NAME)
    elif shape.length is not None:
        raise SerError(
            f"model '{NAME}' cannot mask padding in a view of fixed length, where padding counts as frames; "
            "with options.masked use inputs.frames.limit instead of length."
        )
    for statistic in statistics:
        demand.one_of(NAME, "statistics", statistic, tuple(POOLINGS))
    extra = demand.vector(shape, NAME) if vector else 0
    branch = MultiScale(dims, kernels, filters)
    width = len(kernels) * filters * len(statistics) + extra
    return MultiScaleCNN(branch, tuple(statistics), width, dense, classes, dropout, vector=vector, masked=masked)


class MultiScaleCNN(nn.Module):
    """Convolutions, statistics of every map, the vector beside them, dense ReLU layer, linear output."""

    def __init__(
        self,
        branch: MultiScale,
        statistics: tuple[str, ...],
        width: int,
        dense: int,
        classes: int,
        dropout: float,
        *,
        vector: bool,
        masked: bool,
    ):
        super().__init__()
        self.branch, self.statistics, self.vector, self.masked = branch, statistics, vector, masked
        self.dropout = nn.Dropout(dropout)
        self.dense = nn.Linear(width, dense)
        self.output = nn.Linear(dense, classes)

    def forward(self, batch: Batch) -> Tensor:
        """Frames (batch, time, dims), vector (batch, dims) -> logits (batch, classes)."""
        assert batch.frames is not None
        maps = self.branch(batch.frames, batch.mask if self.masked else None)
        parts = [pooled(found, mask, self.statistics) for found, mask in maps]
        if self.vector:
            assert batch.vector is not None
            parts.append(batch.vector)
        x = torch.relu(self.dense(self.dropout(torch.cat(parts, dim=-1))))
        logits: Tensor = self.output(self.dropout(x))
        return logits
