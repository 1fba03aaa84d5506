"""What a model and the pipeline exchange: sizes and batches in, attention weights and a second learner out."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ser.errors import SerError

Axis = Literal["frames", "words"]
PADDING, UNKNOWN = 0, 1  # rows of a table of word vectors; the words of the vocabulary follow
Vectors = Mapping[str, NDArray[np.float64]]  # part: (utterances, dims)
Labels = Mapping[str, NDArray[np.int64]]  # part: (utterances,), index of the class


@dataclass(frozen=True, eq=False)
class Shape:
    """Sizes that a model is built for; ``None`` where the recipe has no such modality.

    ``build`` of a model asks the methods for what it needs, before any training. They raise a SerError that names the
    input that the recipe lacks; ``ser.training.network.build`` adds the model's name.
    """

    frames: int | None = None  # dimensions of a frame
    length: int | None = None  # frames of every utterance or segment, where the view fixes it
    vector: int | None = None  # dimensions of the utterance's vector
    table: Tensor | None = None  # (words, dims) float32: initial word vectors; row 0 padding, row 1 any unknown word
    sentence: int | None = None  # words of every transcript, where the recipe fixes it
    classes: tuple[str, ...] = ()  # names, in the order of the logits

    def frame_dims(self, fewest: int = 1) -> int:
        """Return the dimensions of a frame; SerError if there are no frames or fewer than ``fewest`` dimensions."""
        if self.frames is None:
            raise SerError("it reads frames, and the recipe has none: set inputs.frames.")
        if self.frames < fewest:
            raise SerError(f"it needs at least {fewest} dimensions per frame, the feature has {self.frames}.")
        return self.frames

    def fixed_length(self, shortest: int = 1) -> int:
        """Return the fixed number of frames; SerError if lengths vary or are below ``shortest``."""
        if self.length is None:
            raise SerError("it needs equally long inputs: set inputs.frames.length or inputs.frames.segments.")
        if self.length < shortest:
            raise SerError(f"it needs at least {shortest} frames, the view gives {self.length}.")
        return self.length

    def vector_dims(self) -> int:
        """Return the dimensions of the utterance's vector; SerError if there is none."""
        if self.vector is None:
            raise SerError("it reads a vector per utterance, and the recipe has none: set inputs.vector.")
        return self.vector

    def word_table(self) -> Tensor:
        """Return the initial word vectors (words, dims); SerError if there are no words."""
        if self.table is None:
            raise SerError("it reads words, and the recipe has none: set inputs.words.")
        return self.table


def full_mask(x: Tensor, mask: Tensor | None) -> Tensor:
    """Return ``mask``, or all True of shape (batch, time) for x (batch, time, …)."""
    return torch.ones(x.shape[:2], dtype=torch.bool, device=x.device) if mask is None else mask


@dataclass(frozen=True)
class Batch:
    """Several utterances or segments, padded to the longest; None for a modality that the recipe does not have.

    The types do not say None, since a model reads only what its ``build`` asked the ``Shape`` for.

    frames: (batch, time, dims) float32, zero on padding; mask: (batch, time) bool, True on real frames;
    vector: (batch, dims) float32; words: (batch, words) int64, rows of ``Shape.table``, 0 on padding; word_mask:
    (batch, words) bool, True on real words, at least one. Where a recipe fixes the ``length`` of frames or words,
    padding counts as real (the masks are all True): the papers that fix a length have no mask. Which words are real is
    known even then: those that are not ``PADDING``.
    """

    frames: Tensor = None  # type: ignore[assignment]
    mask: Tensor | None = None
    vector: Tensor = None  # type: ignore[assignment]
    words: Tensor = None  # type: ignore[assignment]
    word_mask: Tensor | None = None

    def real_frames(self) -> tuple[Tensor, Tensor]:
        """Return the frames and their mask, all True where it is None."""
        return self.frames, full_mask(self.frames, self.mask)

    def real_words(self) -> tuple[Tensor, Tensor]:
        """Return the words and their mask, all True where it is None."""
        return self.words, full_mask(self.words, self.word_mask)


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


class BackEnd(Protocol):
    """A second learner: fitted on the train part, its settings selected on the dev part where there is one.

    A model defines one with ``back_end(classes, **options)``. The method ``summary(batch) -> (batch, dims)`` of its
    network gives the vectors.
    """

    def fit(self, vectors: Vectors, labels: Labels) -> list[str]:
        """Fit on part ``train`` and select on ``dev``, if given; return remarks for the record of the run."""

    def scores(self, vectors: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return (utterances, classes), the largest is the prediction; their softmax is stored as probabilities."""

    def weights(self) -> dict[str, NDArray[Any]]:
        """Return the fitted numbers, which are stored with the network's weights.

        The module's ``restored_back_end(weights, classes, **options)`` makes a back end of them that has ``scores``.
        """
