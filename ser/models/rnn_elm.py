"""Recurrent network that finds the emotional frames, and extreme learning machine: Lee & Tashev 2015.

The last column of the feature is above 0 for a voiced frame, also after normalisation; the network reads the others.
Its outputs are the classes and, last, Null: no emotion.

The label of a frame is the utterance's emotion or Null. The utterance is cut into segments around its voiced regions;
in each the labels go Null → emotion → Null, and neighbouring segments share the Null between them. The loss is minus
the logarithm of the summed probability of all such sequences (Section 3.2). Equation 4 prints the sum of the
logarithms, whose gradient would not depend on the network's outputs, which contradicts the text and Figure 5.
"""

from dataclasses import dataclass
from typing import Annotated, Literal

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional as F

from ser.bounds import Count, Index
from ser.layers import extreme_learning
from ser.layers.interface import Batch, Shape
from ser.layers.recurrent import Recurrent

Objective = Literal["strict", "floating", "frames"]
back_end = extreme_learning.back_end
restored_back_end = extreme_learning.restored_back_end
NEVER = -1e30  # log-probability of a barred state; finite, since differences of infinities are no numbers
NULL = 0
SHORTEST = 3  # frames that Null → emotion → Null needs


class EmotionFinder(nn.Module):
    """Bidirectional LSTM layers, per frame a softmax over the classes and Null.

    cells: per direction; objective: "strict" allows one run of the emotion in each voiced segment, "floating" as many
    runs as segments, "frames" is the cross-entropy of all frames, without Null; outer: the first and last frame are
    Null; run, gap: frames of the shortest voiced region and of the shortest gap between two. The other options belong
    to the back end.
    """

    def __init__(
        self,
        shape: Shape,
        classes: int,
        *,
        cells: Count = 64,
        layers: Count = 2,
        objective: Objective = "strict",
        outer: bool = True,
        run: Annotated[int, Field(ge=3)] = 5,  # SHORTEST
        gap: Count = 10,
        machine: extreme_learning.Kind = "kernel",
        nodes: Count = 120,
        seed: Index = 0,
    ):
        super().__init__()
        dims = shape.frame_dims(2)  # the last column marks voiced frames
        del machine, nodes, seed  # of the back end
        self.classes, self.objective, self.outer, self.run, self.gap = classes, objective, outer, run, gap
        self.recurrent = Recurrent(dims - 1, cells, layers=layers, both=True)
        self.output = nn.Linear(self.recurrent.dims, classes if objective == "frames" else classes + 1)

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
            regions = voiced_regions(batch.frames[..., -1] > 0, mask, run=self.run, gap=self.gap)
            most = most_segments(mask.shape[1], self.run, self.gap)
            segments, strict = segmented(regions), self.objective == "strict"
            null = log_posteriors[..., self.classes]
            cost = path_loss(emotion, null, mask, segments, most, strict=strict, outer=self.outer)
        weight = torch.ones_like(cost) if weights is None else weights[labels]
        return (cost * weight).sum() / (mask.sum(1) * weight).sum()

    def summary(self, batch: Batch) -> Tensor:
        """Return maxima, minima, means and shares above 0.2 of all outputs, Null included (batch, 4 · outputs)."""
        log_posteriors, mask = self._log_posteriors(batch)
        return extreme_learning.described(log_posteriors.exp(), mask)


@dataclass(frozen=True)
class VoicedSegments:
    """number: (batch, time) int64 from 0, the segment of a frame; cut: (batch, time) bool, the Null between two
    segments, which counts to the later one; count: (batch,) int64, at least 1.
    """

    number: Tensor
    cut: Tensor
    count: Tensor


def voiced_regions(voiced: Tensor, mask: Tensor, *, run: int, gap: int) -> Tensor:
    """Return which frames are in a voiced region: (batch, time), (batch, time) -> (batch, time) bool.

    First voiced runs of less than ``run`` frames are dropped, then gaps of less than ``gap`` between the others closed.
    """
    steady = _runs(voiced & mask, run, beyond=False)
    return ~_runs(~steady, gap, beyond=True)


def _runs(x: Tensor, least: int, *, beyond: bool) -> Tensor:
    """Return ``x`` (batch, time) without its runs of True shorter than ``least``; ``beyond`` is what lies outside."""
    edge = least - 1
    padded = F.pad(x.float(), (edge, edge), value=float(beyond)).unsqueeze(1)
    begins = -F.max_pool1d(-padded, least, 1)  # 1 where the next ``least`` are all True
    return F.max_pool1d(begins, least, 1).squeeze(1) > 0


def segmented(regions: Tensor) -> VoicedSegments:
    """Cut utterances in the middle of each gap between two voiced regions, (batch, time) bool.

    What lies before the first region and after the last belongs to their segments; without a region the whole utterance
    is one segment.
    """
    time = torch.arange(regions.shape[1], device=regions.device).expand_as(regions)
    before = torch.where(regions, time, -1).cummax(1).values  # the last voiced frame so far
    after = torch.where(regions, time, regions.shape[1]).flip(1).cummin(1).values.flip(1)  # the next one
    between = ~regions & (before >= 0) & (after < regions.shape[1])
    cut = between & (time == (before + after) // 2)
    number = cut.cumsum(1)
    return VoicedSegments(number, cut, number[:, -1] + 1)


def most_segments(frames: int, run: int, gap: int) -> int:
    """Return the largest number of segments in an utterance of ``frames`` frames."""
    return max(1, (frames + gap) // (run + gap))


def path_loss(
    emotion: Tensor, null: Tensor, mask: Tensor, segments: VoicedSegments, most: int, *, strict: bool, outer: bool
) -> Tensor:
    """Return minus the log of the summed probability of all allowed sequences, (batch,), in nats.

    emotion, null: (batch, time), log-probabilities of the utterance's label and of Null; ``most``: an upper bound of
    ``segments.count``. ``strict``: one run of the emotion in each segment, Null at the cuts; otherwise as many runs as
    segments, wherever they are. ``outer``: the first and last frame are Null (not below 3 frames), as in Figure 3.

    Connectionist temporal classification sums the same sequences: Null is its blank, and where two runs must not share
    a segment, segments alternate between two symbols for the emotion.
    """
    lengths = mask.sum(1)
    barred = segments.cut if strict else torch.zeros_like(segments.cut)
    if outer:
        time = torch.arange(mask.shape[1], device=mask.device)
        ends = (time == 0) | (time == lengths.unsqueeze(1) - 1)
        barred = barred | (ends & (lengths >= SHORTEST).unsqueeze(1))
    second = (segments.number % 2).bool() & strict
    turns = torch.arange(most, device=mask.device) % 2 + 1 if strict else torch.ones(most, device=mask.device).long()
    closed = torch.stack([torch.zeros_like(barred), barred | second, barred | ~second], dim=-1)
    states = torch.stack([null, emotion, emotion], dim=-1).float().masked_fill(closed, NEVER)
    allowed = states.logsumexp(-1)  # ctc_loss has the right gradient only for what sums to 1 over states
    summed = F.ctc_loss(
        (states - allowed.unsqueeze(-1)).transpose(0, 1),
        turns.expand(len(mask), most),
        lengths,
        segments.count,
        blank=NULL,
        reduction="none",
    )
    return summed - (allowed * mask).sum(1)


build = EmotionFinder
