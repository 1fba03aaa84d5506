"""Recurrent network that finds the emotional frames, and extreme learning machine: Lee & Tashev 2015.

The last column of the feature is above 0 for a voiced frame, also after normalisation; the network reads the others.
Its outputs are the classes and, last, Null: no emotion.
"""

from typing import Annotated, Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from ser.bounds import Count, Index
from ser.layers import extreme_learning, label_sequences
from ser.layers.batch import Batch, Shape
from ser.layers.recurrent import Recurrent

Objective = Literal["strict", "floating", "frames"]
back_end = extreme_learning.back_end


def build(
    shape: Shape,
    classes: int,
    *,
    cells: Count = 64,
    layers: Count = 2,
    objective: Objective = "strict",
    outer: bool = True,
    run: Annotated[int, Field(ge=3)] = 5,  # label_sequences.SHORTEST
    gap: Count = 10,
    machine: extreme_learning.Kind = "kernel",
    nodes: Count = 120,
    seed: Index = 0,
) -> nn.Module:
    """Return the network: frames (batch, time, dims) -> (batch, classes).

    cells: per direction; objective: "strict" allows one run of the emotion in each voiced segment, "floating" as many
    runs as segments, "frames" is the cross-entropy of all frames, without Null; outer: the first and last frame are
    Null; run, gap: frames of the shortest voiced region and of the shortest gap between two. The other options belong
    to the back end.
    """
    dims = shape.frame_dims(2)  # the last column marks voiced frames
    del machine, nodes, seed  # of the back end
    recurrent = Recurrent(dims - 1, cells, layers=layers, both=True)
    return EmotionFinder(recurrent, classes, objective, outer=outer, run=run, gap=gap)


class EmotionFinder(nn.Module):
    """Bidirectional LSTM layers, per frame a softmax over the classes and Null."""

    def __init__(self, recurrent: Recurrent, classes: int, objective: Objective, *, outer: bool, run: int, gap: int):
        super().__init__()
        self.classes, self.objective, self.outer, self.run, self.gap = classes, objective, outer, run, gap
        self.recurrent = recurrent
        self.output = nn.Linear(recurrent.dims, classes if objective == "frames" else classes + 1)

    def _log_posteriors(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Return log posteriors (batch, time, outputs) and the mask (batch, time)."""
        frames, mask = batch.real_frames()
        return self.output(self.recurrent(frames[..., :-1], mask)).float().log_softmax(-1), mask

    def forward(self, batch: Batch) -> Tensor:
        """Frames (batch, time, dims) -> log of the summed posteriors without Null, normalised (batch, classes)."""
        log_posteriors, mask = self._log_posteriors(batch)
        emotions = log_posteriors[..., : self.classes].masked_fill(~mask.unsqueeze(2), -torch.inf)
        return emotions.logsumexp(1).log_softmax(-1)

    def loss(self, batch: Batch, labels: Tensor, weights: Tensor | None) -> Tensor:
        """Return −ln of the probability of all allowed frame labels, over utterances, divided by their frames."""
        log_posteriors, mask = self._log_posteriors(batch)
        emotion = log_posteriors.gather(2, labels[:, None, None].expand(-1, log_posteriors.shape[1], 1)).squeeze(2)
        if self.objective == "frames":
            cost = -(emotion * mask).sum(1)
        else:
            regions = label_sequences.voiced_regions(batch.frames[..., -1] > 0, mask, run=self.run, gap=self.gap)
            most = label_sequences.most_segments(mask.shape[1], self.run, self.gap)
            segments, strict = label_sequences.segmented(regions), self.objective == "strict"
            null = log_posteriors[..., self.classes]
            cost = label_sequences.path_loss(emotion, null, mask, segments, most, strict=strict, outer=self.outer)
        weight = torch.ones_like(cost) if weights is None else weights[labels]
        return (cost * weight).sum() / (mask.sum(1) * weight).sum()

    def summary(self, batch: Batch) -> Tensor:
        """Return maxima, minima, means and shares above 0.2 of all outputs, Null included (batch, 4 · outputs)."""
        log_posteriors, mask = self._log_posteriors(batch)
        return extreme_learning.described(log_posteriors.exp(), mask)
