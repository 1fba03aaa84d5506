"""Convolutions and a bidirectional LSTM on the spectrogram: C-biLSTM, the comparison of Cao et al. 2019.

Section 4.2: the two convolutions of C-pFSMN-A, then two bidirectional layers with "256 nodes". We take 128 in each
direction: 256 in each would have more than twice the printed parameters. The pooling over time is not printed.
"""

from typing import Literal

import torch
from torch import Tensor, nn

from ser.bounds import Count, Counts, Index
from ser.layers.batch import Batch, Shape
from ser.layers.convolutional_front_end import FrontEnd, front_end
from ser.layers.recurrent import Recurrent
from ser.layers.statistics import mean


def build(
    shape: Shape,
    classes: int,
    *,
    channels: Counts = (16, 32),
    padding: Index = 3,
    cells: Count = 128,
    layers: Count = 2,
    pooling: Literal["mean", "last"] = "mean",
) -> nn.Module:
    """Return the model for frames of fixed length: (batch, time, dims) -> (batch, classes).

    ``cells``: in each direction. ``pooling``: mean over time, or the last output of each direction. SerError where
    lengths vary or the input is too short.
    """
    front, _ = front_end(shape, channels, padding)
    return ConvBLSTM(front, Recurrent(front.dims, cells, layers=layers, both=True), pooling, classes)


class ConvBLSTM(nn.Module):
    """Front end, recurrent layers in both directions, pooling over time, linear output."""

    def __init__(self, front: FrontEnd, recurrent: Recurrent, pooling: Literal["mean", "last"], classes: int):
        super().__init__()
        self.front, self.recurrent, self.pooling = front, recurrent, pooling
        self.output = nn.Linear(recurrent.dims, classes)

    def forward(self, batch: Batch) -> Tensor:
        """Frames (batch, time, dims) -> logits (batch, classes)."""
        assert batch.frames is not None
        x = self.front(batch.frames)
        real = torch.ones(x.shape[:2], dtype=torch.bool, device=x.device)  # no padding in a view of fixed length
        x = self.recurrent(x, real)
        logits: Tensor = self.output(mean(x) if self.pooling == "mean" else self.recurrent.final(x, real))
        return logits
