"""Convolutions of several widths side by side over one sequence (Peng et al. 2021, Equations 1–2; Kim 2014)."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class MultiScale(nn.Module):
    """For every kernel one layer over time that spans all dimensions, stride 1, no padding, ReLU.

    A sequence of n frames gives n − kernel + 1 positions, and at least one: a shorter one is zero-padded to the kernel.
    """

    def __init__(self, dims: int, kernels: Sequence[int], filters: int):
        super().__init__()
        self.kernels = tuple(kernels)
        self.layers = nn.ModuleList(nn.Conv1d(dims, filters, kernel) for kernel in self.kernels)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> list[tuple[Tensor, Tensor | None]]:
        """(batch, time, dims), (batch, time) -> per kernel its map (batch, positions, filters) and the map's mask.

        With a mask, a position is valid that sees real frames only; without one, every position is, and its mask None.
        """
        x = F.pad(x.transpose(1, 2), (0, max(0, max(self.kernels) - x.shape[1])))
        maps: list[tuple[Tensor, Tensor | None]] = []
        for kernel, layer in zip(self.kernels, self.layers, strict=True):
            found = torch.relu(layer(x)).transpose(1, 2)
            real = None
            if mask is not None:
                positions = (mask.sum(1, keepdim=True) - kernel + 1).clamp_min(1)
                real = torch.arange(found.shape[1], device=x.device) < positions
            maps.append((found, real))
        return maps
