"""LSTM over frames: the acoustic system of Cho et al. 2018, the first row of Cao et al. 2019, Table 2.

Cho et al., "Deep neural networks for emotion recognition combining audio and transcripts", Interspeech 2018. Of the
acoustic part, only the kinds of features (pitch, jitter, shimmer, MFCC) and the LSTM are known; its size and pooling
are our choice.
"""

from typing import Literal

from torch import Tensor, nn

from ser.bounds import Count, Share
from ser.layers.convolutional_front_end import FrontEnd
from ser.layers.interface import Batch, Shape
from ser.layers.recurrent import Initial, Recurrent
from ser.layers.statistics import mean

Pooling = Literal["mean", "last"]


def build(
    shape: Shape,
    classes: int,
    *,
    cells: Count = 128,
    layers: Count = 2,
    pooling: Pooling = "mean",
    dropout: Share = 0.3,
    initial: Initial = "glorot",
) -> nn.Module:
    """Return the model: (batch, time, dims) -> (batch, classes).

    ``pooling``: mean over the real frames, or the last of them. ``dropout``: between the layers and before the output.
    ``initial``: of the LSTMs, see ``ser.layers.recurrent.initialise``.
    """
    recurrent = Recurrent(shape.frame_dims(), cells, layers=layers, dropout=dropout, initial=initial)
    return FrameLSTM(recurrent, pooling, dropout, classes)


class FrameLSTM(nn.Module):
    """Convolutions if given, recurrent layers, pooling over real frames, linear output.

    After the ``front``, whose frames have a fixed length, every frame is real. "last" is where each direction ends.
    """

    def __init__(
        self, recurrent: Recurrent, pooling: Pooling, dropout: float, classes: int, front: FrontEnd | None = None
    ):
        super().__init__()
        self.front, self.recurrent, self.pooling = front, recurrent, pooling
        self.dropout = nn.Dropout(dropout)
        self.output = nn.Linear(recurrent.dims, classes)

    def forward(self, batch: Batch) -> Tensor:
        """Frames (batch, time, dims) -> logits (batch, classes)."""
        x, mask = (batch.frames, batch.mask) if self.front is None else (self.front(batch.frames), None)
        x = self.recurrent(x, mask)
        pooled = mean(x, mask) if self.pooling == "mean" else self.recurrent.final(x, mask)
        return self.output(self.dropout(pooled))
