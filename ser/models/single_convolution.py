"""One convolution over a spectrogram, average pooling, linear layer: Li et al. 2018, Section 3.2 and Figure 2.

The paper selects its filter shapes with this network: one height along frequency, one width along time.
"""

from collections.abc import Sequence
from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor, nn

from ser.bounds import Count, Counts
from ser.layers.interface import Batch, Shape
from ser.layers.map_pooling import AveragePooling


def build(
    shape: Shape,
    classes: int,
    *,
    height: Count = 10,
    width: Count = 2,
    filters: Count = 16,
    shrink: Annotated[Counts, Field(min_length=2, max_length=2)] = (1, 1),
) -> nn.Module:
    """Return the model for segments of fixed length: frames (batch, time, bins) -> (batch, classes).

    height: bins of a filter; width: frames. Zeros around the spectrogram give all even shapes a map of (bins − 1, time
    − 1), as in ``time_frequency_cnn``, so that shapes differ in extent only. shrink: bins and frames
    of the input that are replaced by their mean; height and width count the means. The paper has no such option; it is
    for machines without a GPU.
    """
    shape.frame_dims((2 - height % 2) * shrink[0])  # padded by half of the filter: an odd one needs 1, an even 2
    shape.fixed_length((2 - width % 2) * shrink[1])
    return SingleConvolution(height, width, filters, classes, shrink)


class SingleConvolution(nn.Module):
    """Means over bins and frames, convolution, batch normalisation, ReLU, mean over the map, linear layer."""

    def __init__(self, height: int, width: int, filters: int, classes: int, shrink: Sequence[int] = (1, 1)):
        super().__init__()
        self.shrink = nn.AvgPool2d((shrink[0], shrink[1]))
        self.convolution = nn.Conv2d(1, filters, (height, width), padding=((height - 1) // 2, (width - 1) // 2))
        self.norm = nn.BatchNorm2d(filters)
        self.head = AveragePooling(filters, classes)

    def forward(self, batch: Batch) -> Tensor:
        """Frames (batch, time, bins) -> logits (batch, classes)."""
        x = self.shrink(batch.frames.transpose(1, 2).unsqueeze(1))  # (batch, 1, bins, time)
        return self.head(torch.relu(self.norm(self.convolution(x))))
