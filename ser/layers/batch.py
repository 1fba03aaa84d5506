"""The input of a model: several modalities of the same utterances in one typed structure."""

from dataclasses import dataclass, fields

import torch
from torch import Tensor

from ser.layers.statistics import valid


@dataclass(frozen=True, eq=False)
class Shape:
    """Sizes that a model is built for; ``None`` where the recipe has no such modality."""

    frames: int | None = None  # dimensions of a frame
    length: int | None = None  # frames of every utterance or segment, where the view fixes it
    vector: int | None = None  # dimensions of the utterance's vector
    table: Tensor | None = None  # (words, dims) float32: initial word vectors; row 0 padding, row 1 any unknown word
    sentence: int | None = None  # words of every transcript, where the recipe fixes it
    classes: tuple[str, ...] = ()  # names, in the order of the logits


@dataclass(frozen=True)
class Batch:
    """Several utterances or segments, padded to the longest; absent modalities are None.

    frames: (batch, time, dims) float32, zero on padding; mask: (batch, time) bool, True on real frames;
    vector: (batch, dims) float32; words: (batch, words) int64, rows of ``Shape.table``, 0 on padding; word_mask:
    (batch, words) bool, True on real words, at least one. Where a recipe fixes the ``length`` of frames or words,
    padding counts as real (the masks are all True): the papers that fix a length have no mask.
    """

    frames: Tensor | None = None
    mask: Tensor | None = None
    vector: Tensor | None = None
    words: Tensor | None = None
    word_mask: Tensor | None = None

    def to(self, device: torch.device) -> "Batch":
        """Return the same batch on ``device``."""
        parts = (getattr(self, field.name) for field in fields(self))
        return Batch(*(None if part is None else part.to(device) for part in parts))

    def real_frames(self) -> tuple[Tensor, Tensor]:
        """Return the frames, which the batch must have, and their mask, all True where it is None."""
        assert self.frames is not None
        return self.frames, valid(self.frames, self.mask)

    def real_words(self) -> tuple[Tensor, Tensor]:
        """Return the words, which the batch must have, and their mask, all True where it is None."""
        assert self.words is not None
        return self.words, valid(self.words, self.word_mask)
