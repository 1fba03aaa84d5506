"""Convolutions and a bidirectional LSTM on the spectrogram: C-biLSTM, the comparison of Cao et al. 2019.

Section 4.2: the two convolutions of C-pFSMN-A, then two bidirectional layers with "256 nodes". We take 128 in each
direction: 256 in each would have more than twice the printed parameters. The pooling over time is not printed.
"""

from typing import Literal

from torch import nn

from ser.bounds import Count, Counts, Index
from ser.layers.convolutional_front_end import FrontEnd
from ser.layers.interface import Shape
from ser.layers.recurrent import Recurrent
from ser.models.frame_lstm import FrameLSTM


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
    front = FrontEnd(shape, channels, padding)
    recurrent = Recurrent(front.dims, cells, layers=layers, both=True)
    return FrameLSTM(recurrent, pooling, 0.0, classes, front)
