"""Attention that turns a sequence into one vector."""

from typing import Literal

import torch
from torch import Tensor, nn

from ser.layers import dot_attention


class TimestepAttention(nn.Module):
    """Weights from the whole time course of the mean feature (Cao et al. 2019, Equations 5–7).

    a_t is the mean over features, s = softmax(W2 ReLU(W1 a + b1) + b2) over time, y = Σ_t s_t x_t. The layers span
    ``time`` frames, so the length is fixed; the hidden layer has ``ratio`` · time units, rounded down, at least one.
    """

    def __init__(self, time: int, ratio: float = 0.25):
        super().__init__()
        hidden = max(1, int(time * ratio))
        self.layers = nn.Sequential(nn.Linear(time, hidden), nn.ReLU(), nn.Linear(hidden, time))

    def forward(self, x: Tensor) -> Tensor:
        """(batch, time, features) -> (batch, features)."""
        return torch.einsum("bt,btf->bf", self.weights(x), x)

    def weights(self, x: Tensor) -> Tensor:
        """(batch, time, features) -> (batch, time), summing to 1."""
        return self.layers(x.mean(2)).softmax(-1)


class TimeAttention(nn.Module):
    """softmax over frames of (query W hᵀ), then the weighted sum of the frames (Xie et al. 2019, Equations 5 and 7).

    The query is the last valid output of the top layer, (batch, query); h is (batch, time, features).
    """

    def __init__(self, query: int, features: int):
        super().__init__()
        self.score = nn.Linear(query, features, bias=False)  # its weight is Wᵀ

    def forward(self, query: Tensor, h: Tensor, mask: Tensor) -> Tensor:
        """(batch, query), (batch, time, features), (batch, time) -> (batch, features)."""
        return torch.einsum("bt,btf->bf", self.weights(query, h, mask), h)

    def weights(self, query: Tensor, h: Tensor, mask: Tensor) -> Tensor:
        """(batch, query), (batch, time, features), (batch, time) -> (batch, time), summing to 1, 0 on padding."""
        return dot_attention.weights(self.score(query), h, mask)


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
        total: Tensor = (weight * h * mask.unsqueeze(-1)).sum(1)
        return total / mask.sum(1, keepdim=True) if self.reduction == "mean" else total
