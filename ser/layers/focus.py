"""Where a network looks: the weights of its attentions, and where on the input each weight stands."""

from dataclasses import dataclass
from typing import Literal

from torch import Tensor

Axis = Literal["frames", "words"]


@dataclass(frozen=True)
class Positions:
    """Where the positions of a sequence lie on the input: position p has its middle at start + step · p.

    Counted in rows of the feature or in words, from 0; a middle between two rows is a fraction.
    """

    axis: Axis
    start: float = 0.0
    step: float = 1.0

    def through(self, kernel: int, stride: int = 1, padding: int = 0) -> "Positions":
        """Return the positions that a convolution or pooling leaves, ``padding`` zeros in front of the first.

        Position p of what it leaves sees p · stride − padding to p · stride − padding + kernel − 1 of these.
        """
        first = (kernel - 1) / 2 - padding
        return Positions(self.axis, self.start + self.step * first, self.step * stride)


FRAMES, WORDS = Positions("frames"), Positions("words")


@dataclass(frozen=True, eq=False)
class Focus:
    """One attention. weights: (batch, len(positions)), at least 0, 0 on padding, each row's sum is 1."""

    weights: Tensor
    positions: Positions
