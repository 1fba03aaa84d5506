"""Weighted sum of the layers of an encoder, projection, attentive pooling, linear output.

The usual head on a frozen encoder: Yang et al., "SUPERB: Speech processing universal performance benchmark",
Interspeech 2021. There the weights of the layers are a learnt softmax, frames are projected to 256 values, and the mean
over time is classified. ``pooling`` "attentive" weights the frames instead (Safari et al., "Self-attention encoding and
pooling for speaker recognition", Interspeech 2020, a single linear map to the scores).
"""

from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ser.bounds import Count, Share
from ser.errors import SerError
from ser.layers.interface import FRAMES, AttentionWeights, Batch, Shape
from ser.layers.statistics import mean

Pooling = Literal["attentive", "mean"]


class WeightedLayers(nn.Module):
    """Frames of ``layers`` layers, one after the other in a row: the feature's dimensions are layers · width.

    ``normalise``: each layer of a frame to mean 0 and deviation 1 before the sum, so that a layer with large values
    does not rule it. With one layer there is no sum. SerError where the dimensions are no multiple of ``layers``.
    """

    def __init__(
        self,
        shape: Shape,
        classes: int,
        *,
        layers: Count = 1,
        normalise: bool = False,
        projection: Count = 256,
        pooling: Pooling = "attentive",
        dropout: Share = 0.0,
    ):
        super().__init__()
        dims = shape.frame_dims()
        if dims % layers:
            raise SerError(f"a frame of {dims} dimensions cannot hold {layers} layers: set options.layers.")
        self.count, self.normalise = layers, normalise
        self.layers = nn.Parameter(torch.zeros(layers)) if layers > 1 else None
        self.projection = nn.Linear(dims // layers, projection)
        self.score = nn.Linear(projection, 1) if pooling == "attentive" else None
        self.dropout = nn.Dropout(dropout)
        self.output = nn.Linear(projection, classes)

    def forward(self, batch: Batch) -> Tensor:
        """Frames (batch, time, layers · width) -> logits (batch, classes)."""
        x, mask = self._projected(batch)
        weights = self._weights(x, mask)
        pooled = mean(x, mask) if weights is None else torch.einsum("bt,bth->bh", weights, x)
        return self.output(self.dropout(pooled))

    def attention_weights(self, batch: Batch) -> dict[str, AttentionWeights]:
        """Return the weights of the frames, where they are pooled with attention."""
        weights = self._weights(*self._projected(batch))
        return {} if weights is None else {"frames": AttentionWeights(weights, FRAMES)}

    def _projected(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Return the weighted sum of the layers, projected: (batch, time, projection), and the mask."""
        frames, mask = batch.real_frames()
        x = frames.reshape(*frames.shape[:2], self.count, -1)  # (batch, time, layers, width)
        if self.normalise:
            x = F.layer_norm(x, x.shape[-1:])
        x = x.squeeze(2) if self.layers is None else torch.einsum("l,btlw->btw", self.layers.softmax(0), x)
        return self.projection(x), mask

    def _weights(self, x: Tensor, mask: Tensor) -> Tensor | None:
        """Return (batch, time), 0 on padding, each row summing to 1; None for a mean."""
        if self.score is None:
            return None
        return self.score(x).squeeze(-1).masked_fill(~mask, -torch.inf).softmax(-1)


build = WeightedLayers
