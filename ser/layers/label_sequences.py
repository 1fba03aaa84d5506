"""Loss of an utterance's label over all allowed sequences of frame labels: Lee & Tashev 2015, Section 3.2.

The label of a frame is the utterance's emotion or no emotion, *Null*. The utterance is cut into segments around its
voiced regions; in each the labels go Null → emotion → Null, and neighbouring segments share the Null between them. The
loss is minus the logarithm of the summed probability of all such sequences. (Equation 4 prints the sum of the
logarithms, whose gradient would not depend on the network's outputs, which contradicts the text and Figure 5.)
"""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

NEVER = -1e30  # log-probability of a barred state; finite, since differences of infinities are no numbers
NULL = 0
SHORTEST = 3  # frames that Null → emotion → Null needs


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
