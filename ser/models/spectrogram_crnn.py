"""Convolutions over a spectrogram of at most 3 s, then an LSTM or more convolutions: Satt, Rozenberg & Hoory 2017.

"Efficient emotion recognition from speech using deep learning on spectrograms", Interspeech. Sizes and initial weights
(Keras's: Glorot and Bengio 2010, biases 0) are those of public re-implementations, which disagree only about the
directions of the LSTM and the positions of dropout.
"""

from itertools import pairwise
from typing import Literal, cast

from torch import Tensor, nn
from torch.nn import functional as F

from ser.bounds import Count, Share
from ser.layers.interface import Batch, Shape
from ser.layers.recurrent import Recurrent

Reader = Literal["both", "forward", "none"]
KERNELS = {16: (12, 16), 24: (8, 12), 32: (5, 7)}  # filters: bins, frames
DEEPER = {40: (3, 3), 48: (3, 3)}  # instead of the LSTM


class SpectrogramNetwork(nn.Module):
    """Convolutions that keep the size, each with ReLU, 2×2 max-pooling and dropout; reader; dense ReLU layer; output.

    It reads segments of fixed length. An input smaller than one pooled value, of ``smallest`` bins and frames, is
    zero-padded to it. recurrent: an LSTM of ``cells`` per direction, in "both" directions or "forward"; "none" has two
    convolutions instead. map_dropout: after each convolution; dropout: after the dense layer.
    """

    def __init__(
        self,
        shape: Shape,
        classes: int,
        *,
        recurrent: Reader = "both",
        cells: Count = 128,
        dense: Count = 64,
        map_dropout: Share = 0.25,
        dropout: Share = 0.5,
    ):
        super().__init__()
        bins, length = shape.frame_dims(), shape.fixed_length()
        kernels = KERNELS | DEEPER if recurrent == "none" else KERNELS
        layers: list[nn.Module] = []  # pooled before the ReLU: the same values with less memory
        for (before, after), (high, wide) in zip(pairwise((1, *kernels)), kernels.values(), strict=True):
            # keeps the size; an even kernel extends one further to higher bins and later frames
            same = nn.ZeroPad2d(((wide - 1) // 2, wide // 2, (high - 1) // 2, high // 2))
            layers += [same, nn.Conv2d(before, after, (high, wide))]
            layers += [nn.MaxPool2d(2), nn.ReLU(), nn.Dropout(map_dropout)]
        self.maps, self.smallest = nn.Sequential(*layers), 2 ** len(kernels)
        channels = next(reversed(kernels))
        height, width = (max(size, self.smallest) // self.smallest for size in (bins, length))
        self.recurrent, features = None, channels * height * width
        if recurrent != "none":
            self.recurrent = Recurrent(channels * height, cells, both=recurrent == "both", initial="glorot")
            features = self.recurrent.dims
        self.head = nn.Sequential(nn.Linear(features, dense), nn.ReLU(), nn.Dropout(dropout), nn.Linear(dense, classes))
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d | nn.Linear):
                nn.init.xavier_uniform_(layer.weight)
                nn.init.zeros_(cast(Tensor, layer.bias))

    def forward(self, batch: Batch) -> Tensor:
        """Frames (batch, time, bins) -> logits (batch, classes)."""
        x = batch.frames.transpose(1, 2).unsqueeze(1)  # (batch, 1, bins, time)
        bins, time = (max(self.smallest - size, 0) for size in x.shape[2:])
        maps = self.maps(F.pad(x, (0, time, 0, bins)))
        if self.recurrent is None:
            read = maps.flatten(1)
        else:
            steps = maps.flatten(1, 2).transpose(1, 2)  # (batch, time, channels · bins)
            read = self.recurrent.final(self.recurrent(steps))
        return self.head(read)


build = SpectrogramNetwork
