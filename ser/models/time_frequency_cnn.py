"""Convolutions along frequency and along time over a spectrogram, with three kinds of pooling: Li et al. 2018.

Maps are (batch, channels, frequency, time). The channels of the inner layers and the positions of pooling are
only in the paper's figure. Public re-implementations agree on 16, 32, 48, 64, 80, and all but one pool after layers 2
and 3, which reduces 400 bins and 200 frames to maps of 99 × 49.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Annotated, Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from ser.bounds import Counts
from ser.layers.interface import FRAMES, AttentionWeights, Batch, Shape
from ser.layers.map_pooling import AttentionPooling, AveragePooling, BilinearPooling, Reduction, Softmax

CHANNELS = (16, 32, 48, 64, 80)


class TimeFrequencyCNN(nn.Module):
    """Two parallel first convolutions, four 3×3 ones, a pooling head, for segments of fixed length.

    ``softmax`` and ``reduction`` belong to the attention head, ``root_first`` to the bilinear one; ``pooled`` are the
    layers, 1 to 5, that a 2×2 max-pooling follows. ``shrink`` replaces so many bins and frames of the input by their
    mean: not in the paper, for a machine without a GPU.
    """

    def __init__(
        self,
        shape: Shape,
        classes: int,
        *,
        head: Literal["attention", "gap", "bilinear"] = "attention",
        softmax: Softmax = "spatial",
        reduction: Reduction = "sum",
        root_first: bool = True,
        pooled: Sequence[Annotated[int, Field(ge=1, le=5)]] = (2, 3),
        shrink: Annotated[Counts, Field(min_length=2, max_length=2)] = (1, 1),
    ):
        super().__init__()
        shortest = 2 ** len(set(pooled)) + 1  # fewer leave no position after the poolings
        shape.frame_dims(shortest * shrink[0])
        shape.fixed_length(shortest * shrink[1])
        self.shrink = nn.AvgPool2d((shrink[0], shrink[1]))
        pooling: nn.Module
        if head == "attention":
            pooling = AttentionPooling(CHANNELS[-1], classes, softmax=softmax, reduction=reduction)
        elif head == "bilinear":
            pooling = BilinearPooling(CHANNELS[-1], classes, root_first=root_first)
        else:
            pooling = AveragePooling(CHANNELS[-1], classes)
        half = CHANNELS[0] // 2
        self.along_frequency = _layer(1, half, (10, 2), (4, 0))
        self.along_time = _layer(1, half, (2, 8), (0, 3))  # with these paddings both maps are (bins − 1, time − 1)
        means = FRAMES.through(shrink[1], shrink[1])
        self.positions = means.through(8, padding=3)  # as those of the other kernel, which spans 2 frames
        for _ in set(pooled):
            self.positions = self.positions.through(2, 2)
        layers: list[nn.Module] = [nn.MaxPool2d(2)] if 1 in pooled else []
        for number, (before, after) in enumerate(pairwise(CHANNELS), start=2):
            layers.append(_layer(before, after, (3, 3), (1, 1)))
            if number in pooled:
                layers.append(nn.MaxPool2d(2))
        self.trunk = nn.Sequential(*layers)
        self.head = pooling

    def forward(self, batch: Batch) -> Tensor:
        """Frames (batch, time, bins) -> logits (batch, classes)."""
        return self.head(self._maps(batch))

    def attention_weights(self, batch: Batch) -> dict[str, AttentionWeights]:
        """Return the spatial softmax of the attention pooling, summed over frequency; other heads have none."""
        if not isinstance(self.head, AttentionPooling) or self.head.softmax != "spatial":
            return {}
        return {"spatial": AttentionWeights(self.head.weights(self._maps(batch)), self.positions)}

    def _maps(self, batch: Batch) -> Tensor:
        """Return maps (batch, channels, bins, time), reduced in bins and time."""
        x = self.shrink(batch.frames.transpose(1, 2).unsqueeze(1))  # (batch, 1, bins, time)
        x = torch.cat([self.along_frequency(x), self.along_time(x)], dim=1)
        x = x.contiguous(memory_format=torch.channels_last)  # halves the time of a step; the weights keep their layout
        return self.trunk(x)


def _layer(before: int, after: int, kernel: tuple[int, int], padding: tuple[int, int]) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(before, after, kernel, padding=padding), nn.BatchNorm2d(after), nn.ReLU())


build = TimeFrequencyCNN
