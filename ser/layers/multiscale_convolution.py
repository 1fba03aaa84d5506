"""Parallel convolutions of several widths, and their statistics (Peng et al. 2021, Equations 1–3; Kim 2014)."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ser.layers.statistics import POOLINGS

Map = tuple[Tensor, Tensor | None]  # (batch, positions, filters) and which positions are real; None: all


class MultiScale(nn.Module):
    """For every kernel one layer over time that spans all dimensions, stride 1, ReLU.

    A sequence of n frames gives n − kernel + 1 positions, and at least one: a shorter one is zero-padded to the kernel.
    With ``same`` there are zeros on both sides and n positions whatever the kernel, each centred on its frame (an even
    kernel sees one frame more ahead than back).
    """

    def __init__(self, dims: int, kernels: Sequence[int], filters: int, *, same: bool = False):
        super().__init__()
        self.kernels, self.same = tuple(kernels), same
        self.layers = nn.ModuleList(nn.Conv1d(dims, filters, kernel) for kernel in self.kernels)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> list[Map]:
        """(batch, time, dims), (batch, time) -> per kernel its map (batch, positions, filters) and the map's mask.

        With a mask, a position is real that sees real frames only (``same``: that is centred on one), at least one;
        without, every position is, and its mask None. Frames that are not real are zero.
        """
        x = x.transpose(1, 2)
        shortfall = max(0, max(self.kernels) - x.shape[2])
        maps: list[Map] = []
        for kernel, layer in zip(self.kernels, self.layers, strict=True):
            edges = ((kernel - 1) // 2, kernel // 2) if self.same else (0, shortfall)
            found = torch.relu(layer(F.pad(x, edges))).transpose(1, 2)
            real = mask
            if mask is not None and not self.same:
                positions = (mask.sum(1, keepdim=True) - kernel + 1).clamp_min(1)
                real = torch.arange(found.shape[1], device=x.device) < positions
            maps.append((found, real))
        return maps


class PooledScales(nn.Module):
    """One modality's branch: a ``MultiScale`` and, of every map, the named ``statistics`` over its real positions.

    ``width`` is their number: kernels · statistics · filters.
    """

    def __init__(
        self, dims: int, kernels: Sequence[int], filters: int, statistics: Sequence[str], *, same: bool = False
    ):
        super().__init__()
        self.scales, self.statistics = MultiScale(dims, kernels, filters, same=same), tuple(statistics)
        self.width = len(self.scales.kernels) * len(self.statistics) * filters

    def forward(self, x: Tensor, mask: Tensor | None = None) -> tuple[list[Map], list[Tensor]]:
        """(batch, time, dims), (batch, time) -> maps, and per map its statistics (batch, statistics, filters)."""
        maps = self.scales(x, mask)
        return maps, [torch.stack([POOLINGS[name](*one) for name in self.statistics], dim=1) for one in maps]
