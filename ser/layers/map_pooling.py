"""Pooling heads from two-dimensional maps to logits, compared by Li et al. 2018, Section 2.4.

Every head takes maps (batch, channels, height, width) and gives logits (batch, classes).
"""

from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

Softmax = Literal["spatial", "class", "none"]
Reduction = Literal["sum", "mean"]
ROOT_GUARD = 1e-8  # added under the square root, whose slope is infinite at 0


class AveragePooling(nn.Module):
    """Mean over the map, then a linear layer (Equation 3 with the mean for the sum)."""

    def __init__(self, channels: int, classes: int):
        super().__init__()
        self.output = nn.Linear(channels, classes)

    def forward(self, maps: Tensor) -> Tensor:
        return self.output(maps.mean((2, 3)))


class BilinearPooling(nn.Module):
    """XᵀX / (height · width), signed square root, L2 norm 1, linear layer (Lin et al. 2015).

    The paper lists the norm before the root; the original bilinear network takes the root first. ``root_first``
    True is the original.
    """

    def __init__(self, channels: int, classes: int, *, root_first: bool = True):
        super().__init__()
        self.output = nn.Linear(channels * channels, classes)
        self.root_first = root_first

    def forward(self, maps: Tensor) -> Tensor:
        x = maps.flatten(2)
        second = (torch.bmm(x, x.transpose(1, 2)) / x.shape[2]).flatten(1)  # (batch, channels²)
        second = _root(second) if self.root_first else F.normalize(second)
        return self.output(F.normalize(second) if self.root_first else _root(second))


def _root(x: Tensor) -> Tensor:
    return x.sign() * (x.abs() + ROOT_GUARD).sqrt()


class AttentionPooling(nn.Module):
    """A map per class times one map for all classes, added up over space (Equations 9 and 10; Girdhar & Ramanan 2017).

    ``softmax`` "spatial" makes the common map sum to 1 over space (the paper), "class" makes the class maps sum to 1
    over classes instead, "none" uses both as they are. ``reduction`` "sum" is Equation 10, "mean" the text; after a
    spatial softmax the mean divides the logits by the number of positions again, which leaves almost no gradient.
    """

    def __init__(self, channels: int, classes: int, *, softmax: Softmax = "spatial", reduction: Reduction = "sum"):
        super().__init__()
        self.top_down = nn.Conv2d(channels, classes, 1)
        self.bottom_up = nn.Conv2d(channels, 1, 1)
        self.softmax, self.reduction = softmax, reduction

    def forward(self, maps: Tensor) -> Tensor:
        classes = self.top_down(maps).flatten(2)  # (batch, classes, positions)
        if self.softmax == "class":
            classes = classes.softmax(1)
        weighted = classes * self._common(maps)
        return weighted.sum(-1) if self.reduction == "sum" else weighted.mean(-1)

    def weights(self, maps: Tensor) -> Tensor:
        """Return the common map after a "spatial" softmax, summed over height: (batch, width), summing to 1."""
        return self._common(maps).reshape(maps[:, 0].shape).sum(1)

    def _common(self, maps: Tensor) -> Tensor:
        """Return the map for all classes, (batch, 1, positions)."""
        common = self.bottom_up(maps).flatten(2)
        return common.softmax(-1) if self.softmax == "spatial" else common
