"""Utterance statistics and a convolutional recurrent network, learned jointly: HSF-CRNN of Luo et al. 2018.

Luo, Zou and Huang, "Investigation on joint representation learning for robust feature extraction in speech emotion
recognition", Interspeech 2018. High-level statistics (HSF) of handcrafted features and a CRNN are joined in one
representation; all sizes are our choice.
"""

import math
from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ser.bounds import Count, Counts, Share
from ser.errors import SerError
from ser.layers.interface import Batch, Shape
from ser.layers.recurrent import Recurrent

# A model with a loss of its own that also learns other targets than labels, by the loss of their kind.
LEARNS = ("majority", "distribution", "several", "dimensions")


def build(
    shape: Shape,
    classes: int,
    *,
    fusion: Literal["joint", "late", "hsf", "crnn"] = "joint",
    statistics: Counts = (256, 128),
    channels: Counts = (32, 64, 128),
    kernels: Counts = (5, 3, 3),
    cells: Count = 64,
    dense: Count = 128,
    dropout: Share = 0.5,
) -> nn.Module:
    """Return the model: frames of fixed length (batch, time, dims) and vector (batch, dims) -> (batch, classes).

    ``fusion``: "joint", one dense layer over both branches; "late", each branch trained on its own, then the mean of
    the posteriors; "hsf" and "crnn", one branch alone. ``statistics``: widths of the HSF branch, each with ``dropout``;
    ``channels``, ``kernels``: convolutions, each with a 2×2 pool; ``cells``: of the LSTM in each direction. SerError
    where lengths vary or the input is too small.
    """
    if len(channels) != len(kernels) or not all(kernel % 2 for kernel in kernels):
        raise SerError(
            f"channels {list(channels)}, kernels {list(kernels)}; give one odd kernel per layer of channels."
        )
    branches: list[StatisticsBranch | RecurrentBranch] = []
    if fusion != "hsf":
        smallest = 2 ** len(channels)
        shape.fixed_length(smallest)
        branches.append(RecurrentBranch(shape.frame_dims(smallest), channels, kernels, cells))
    if fusion != "crnn":
        branches.append(StatisticsBranch(shape.vector_dims(), statistics, dropout))
    if fusion == "late":
        return Late([Joint([branch], dense, classes) for branch in branches])
    return Joint(branches, dense, classes)


class StatisticsBranch(nn.Module):
    """Dense ReLU layers over the utterance's statistics, each with dropout."""

    def __init__(self, inputs: int, widths: Sequence[int], dropout: float):
        super().__init__()
        layers: list[nn.Module] = []
        for before, after in zip((inputs, *widths), widths, strict=False):
            layers += [nn.Linear(before, after), nn.ReLU(), nn.Dropout(dropout)]
        self.layers = nn.Sequential(*layers)
        self.dims = widths[-1]

    def forward(self, batch: Batch) -> Tensor:
        """Vector (batch, inputs) -> (batch, ``dims``)."""
        return self.layers(batch.vector)


class RecurrentBranch(nn.Module):
    """Convolutions, each with batch normalisation, ReLU and a 2×2 pool, an LSTM in both directions, mean over time."""

    def __init__(self, dims: int, channels: Sequence[int], kernels: Sequence[int], cells: int):
        super().__init__()
        layers: list[nn.Module] = []
        for before, after, kernel in zip((1, *channels), channels, kernels, strict=False):
            layers += [nn.Conv2d(before, after, kernel, padding=kernel // 2), nn.BatchNorm2d(after), nn.ReLU()]
            layers += [nn.MaxPool2d(2)]
        self.convolutions = nn.Sequential(*layers)
        self.recurrent = Recurrent(channels[-1] * (dims >> len(channels)), cells, both=True)
        self.dims = self.recurrent.dims

    def forward(self, batch: Batch) -> Tensor:
        """Frames (batch, time, bins) -> (batch, ``dims``)."""
        maps = self.convolutions(batch.frames.unsqueeze(1))  # (batch, channels, time, bins)
        return self.recurrent(maps.transpose(1, 2).flatten(2)).mean(1)


class Joint(nn.Module):
    """The branches concatenated, dense ReLU layer, linear output."""

    def __init__(self, branches: Sequence[StatisticsBranch | RecurrentBranch], dense: int, classes: int):
        super().__init__()
        self.branches = nn.ModuleList(branches)
        self.dense = nn.Linear(sum(branch.dims for branch in branches), dense)
        self.output = nn.Linear(dense, classes)

    def forward(self, batch: Batch) -> Tensor:
        """Frames (batch, time, bins), vector (batch, dims) -> logits (batch, classes)."""
        joined = torch.cat([branch(batch) for branch in self.branches], dim=-1)
        return self.output(torch.relu(self.dense(joined)))


class Late(nn.Module):
    """Independent networks, combined by the mean of their posteriors."""

    def __init__(self, systems: Sequence[Joint]):
        super().__init__()
        self.systems = nn.ModuleList(systems)

    def forward(self, batch: Batch) -> Tensor:
        """Frames (batch, time, bins), vector (batch, dims) -> logarithm of the mean posterior (batch, classes)."""
        each = torch.stack([logits.float().log_softmax(-1) for logits in self.heads(batch)])
        return each.logsumexp(0) - math.log(len(self.systems))

    def heads(self, batch: Batch) -> list[Tensor]:
        """Return the logits of each system, (batch, classes)."""
        return [system(batch) for system in self.systems]

    def loss(self, batch: Batch, labels: Tensor, weights: Tensor | None) -> Tensor:
        """Return the sum of the systems' own cross-entropies: each is trained independently."""
        losses = [F.cross_entropy(logits.float(), labels, weight=weights) for logits in self.heads(batch)]
        return torch.stack(losses).sum()
