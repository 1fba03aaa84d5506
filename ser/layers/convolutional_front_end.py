"""Two-dimensional convolutions before a sequence model (Cao et al. 2019, Section 3.3 and Figure 3)."""

from collections.abc import Sequence

from torch import Tensor, nn

from ser.errors import SerError
from ser.layers.interface import FRAMES, Shape

KERNEL, STRIDE = 5, 2


def reduced(size: int, layers: int, padding: int) -> int:
    """Return the frames or bins that ``layers`` convolutions make of ``size``; below 1 where none is left."""
    for _ in range(layers):
        size = (size + 2 * padding - KERNEL) // STRIDE + 1
    return size


class FrontEnd(nn.Module):
    """Convolutions 5×5 with stride 2×2, each with batch normalisation and ReLU; channels and bins are then joined.

    (batch, length, bins) -> (batch, ``time``, ``dims``). ``time`` is the reduced number of frames, ``dims`` the last
    number of channels times the reduced number of bins, ``positions`` the rows that each reduced frame covers. SerError
    where lengths vary, or nothing is left of too short an input.
    """

    def __init__(self, shape: Shape, channels: Sequence[int], padding: int):
        super().__init__()
        bins, length = shape.frame_dims(), shape.fixed_length()
        self.time, height = (reduced(size, len(channels), padding) for size in (length, bins))
        if min(self.time, height) < 1:
            raise SerError(f"{length} frames of {bins} bins are too few for {len(channels)} layers.")
        self.dims, self.positions = channels[-1] * height, FRAMES
        layers: list[nn.Module] = []
        for before, after in zip((1, *channels), channels, strict=False):
            layers += [nn.Conv2d(before, after, KERNEL, STRIDE, padding), nn.BatchNorm2d(after), nn.ReLU()]
            self.positions = self.positions.through(KERNEL, STRIDE, padding)
        self.layers = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x.unsqueeze(1)).transpose(1, 2).flatten(2)  # of maps (batch, channels, time, bins)
