"""LSTM layers whose outputs all reach the classifier, weighted by attention: Xie et al. 2019.

Sequences are padded and masked: a unidirectional LSTM does not depend on later frames, so the result is exact, and on a
CPU 25 times faster than packing. "Last" is the last real frame.
"""

from itertools import pairwise
from typing import Literal

import torch
from torch import Tensor, nn

from ser.bounds import Count, Counts
from ser.layers.dot_attention import weights
from ser.layers.interface import FRAMES, AttentionWeights, Batch, Shape
from ser.layers.recurrent import Initial, initialise
from ser.layers.statistics import last


class TimeAttention(nn.Module):
    """softmax over frames of (query W hᵀ), then the weighted sum of the frames (Xie et al. 2019, Equations 5 and 7).

    The query is the top layer's output at the last real frame, (batch, query); h is (batch, time, features).
    """

    def __init__(self, query: int, features: int):
        super().__init__()
        self.score = nn.Linear(query, features, bias=False)  # its weight is Wᵀ

    def forward(self, query: Tensor, h: Tensor, mask: Tensor) -> Tensor:
        """(batch, query), (batch, time, features), (batch, time) -> (batch, features)."""
        return torch.einsum("bt,btf->bf", self.weights(query, h, mask), h)

    def weights(self, query: Tensor, h: Tensor, mask: Tensor) -> Tensor:
        """(batch, query), (batch, time, features), (batch, time) -> (batch, time), summing to 1, 0 on padding."""
        return weights(self.score(query), h, mask)


class FeatureAttention(nn.Module):
    """softmax(V tanh(W h)) over the features of each frame, times h, summed over frames (Xie et al., Equations 6, 7).

    The axis of the softmax is not printed; "weights on features" is read as over features, frame by frame.
    ``reduction`` "sum" is as printed and grows with the length; "mean" divides by the number of frames.
    """

    def __init__(self, features: int, reduction: Literal["sum", "mean"] = "sum"):
        super().__init__()
        self.inner = nn.Linear(features, features, bias=False)
        self.outer = nn.Linear(features, features, bias=False)
        self.reduction = reduction

    def forward(self, h: Tensor, mask: Tensor) -> Tensor:
        """(batch, time, features), (batch, time) -> (batch, features)."""
        weight = self.outer(torch.tanh(self.inner(h))).softmax(-1)  # (batch, time, features)
        total = (weight * h * mask.unsqueeze(-1)).sum(1)
        return total / mask.sum(1, keepdim=True) if self.reduction == "mean" else total


class DenseLSTM(nn.Module):
    """LSTM layers, one pooled vector from each (or from the top one), dense ReLU layer, linear output.

    ``attention``: "none" is the plain LSTM (last output of the top layer), "general" joins the last outputs of all
    layers, "time" and "feature" weight every layer (Equations 5–7). ``reduction``: of feature attention over time.
    ``projection`` maps every joined layer that is wider than it to this width (the paper's eNTERFACE table prints
    256 · 2 inputs where layers of 512 and 256 cells give 768). ``initial``: of the LSTMs, see
    ``ser.layers.recurrent.initialise``.
    """

    def __init__(
        self,
        shape: Shape,
        classes: int,
        *,
        cells: Counts = (256, 256),
        attention: Literal["none", "general", "time", "feature"] = "feature",
        reduction: Literal["sum", "mean"] = "sum",
        projection: Count | None = None,
        dense: Count = 128,
        initial: Initial = "glorot",
    ):
        super().__init__()
        sizes = pairwise((shape.frame_dims(), *cells))
        layers = [nn.LSTM(*size, batch_first=True) for size in sizes]
        for layer in layers:
            initialise(layer, initial)
        self.layers = nn.ModuleList(layers)
        self.attention: nn.ModuleList | None = None
        if attention == "time":
            self.attention = nn.ModuleList(TimeAttention(cells[-1], width) for width in cells)
        elif attention == "feature":
            self.attention = nn.ModuleList(FeatureAttention(width, reduction) for width in cells)
        joined = cells[-1:] if attention == "none" else cells
        narrowed = [width if projection is None else min(width, projection) for width in joined]
        self.projections = nn.ModuleList(
            nn.Identity() if width == narrow else nn.Linear(width, narrow)
            for width, narrow in zip(joined, narrowed, strict=True)
        )
        self.dense = nn.Linear(sum(narrowed), dense)
        self.output = nn.Linear(dense, classes)

    def forward(self, batch: Batch) -> Tensor:
        """Frames (batch, time, dims), mask (batch, time) -> logits (batch, classes)."""
        outputs, mask = self._outputs(batch)
        if self.attention is None:  # all layers, or the top one alone
            pooled = [last(h, mask) for h in outputs[-len(self.projections) :]]
        else:
            query = last(outputs[-1], mask)
            pooled = [
                attend(query, h, mask) if isinstance(attend, TimeAttention) else attend(h, mask)
                for attend, h in zip(self.attention, outputs, strict=True)
            ]
        joined = torch.cat([narrow(part) for narrow, part in zip(self.projections, pooled, strict=True)], dim=-1)
        return self.output(torch.relu(self.dense(joined)))

    def attention_weights(self, batch: Batch) -> dict[str, AttentionWeights]:
        """Return the time attention of every layer; none for feature attention, which weights features instead of
        frames."""
        if self.attention is None:
            return {}
        outputs, mask = self._outputs(batch)
        query = last(outputs[-1], mask)
        return {
            f"layer {number}": AttentionWeights(attend.weights(query, h, mask), FRAMES)
            for number, (attend, h) in enumerate(zip(self.attention, outputs, strict=True), start=1)
            if isinstance(attend, TimeAttention)
        }

    def _outputs(self, batch: Batch) -> tuple[list[Tensor], Tensor]:
        """Return the outputs of every layer, (batch, time, cells), and the mask (batch, time)."""
        x, mask = batch.real_frames()
        outputs = []
        for layer in self.layers:
            x = layer(x)[0]
            outputs.append(x)
        return outputs, mask


build = DenseLSTM
