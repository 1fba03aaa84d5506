"""Attention weights that a network reports, and the position on the input that each weight belongs to."""

from dataclasses import dataclass
from typing import Literal

from torch import Tensor

Axis = Literal["frames", "words"]


@dataclass(frozen=True)
class Positions:
    """Where the positions of a sequence are on the input: position p has its middle at start + step · p.

    Counted in rows of the feature or in words, from 0. A middle between two rows is a fraction.
    """

    axis: Axis
    start: float = 0.0
    step: float = 1.0

    def through(self, kernel: int, stride: int = 1, padding: int = 0) -> "Positions":
        """Return the positions after a convolution or pooling with ``padding`` zeros before the first position.

        Output position p covers the input positions p · stride − padding to p · stride − padding + kernel − 1.
        """
        first = (kernel - 1) / 2 - padding
        return Positions(self.axis, self.start + self.step * first, self.step * stride)


FRAMES, WORDS = Positions("frames"), Positions("words")


@dataclass(frozen=True, eq=False)
class AttentionWeights:
    """One attention. weights: (batch, positions), at least 0, 0 on padding, each row sums to 1."""

    weights: Tensor
    positions: Positions
