"""What a model is given: several modalities of the same utterances in one typed structure."""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Shape:
    """What a model may count on when it is built; ``None`` where the recipe feeds no such modality."""

    frames: int | None = None  # dimensions of a frame
    length: int | None = None  # frames of every utterance or segment, where the view fixes it
    vector: int | None = None  # dimensions of the utterance's vector


@dataclass(frozen=True)
class Batch:
    """``size`` utterances (or segments), padded to the longest.

    frames: (batch, time, dims) float32, zero on padding; mask: (batch, time) bool, True on real frames;
    vector: (batch, dims) float32. Absent modalities are None. A view with a fixed ``length`` counts its zero-padding as
    real (mask all True): the papers that fix a length have no mask.
    """

    frames: Tensor | None = None
    mask: Tensor | None = None
    vector: Tensor | None = None

    def to(self, device: torch.device) -> "Batch":
        """Return the same batch on ``device``."""
        move = (None if part is None else part.to(device) for part in (self.frames, self.mask, self.vector))
        return Batch(*move)
