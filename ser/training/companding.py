"""μ-law companding of a feature (Li et al. 2018), per utterance or segment."""

import math

import torch
from torch import Tensor

MU = 255.0  # of the μ-law


def padding(kind: str) -> float:
    """Return the value of padding after ``compand``: the lowest level of the scale, 0 where nothing is companded."""
    return -1.0 if kind in ("minmax_mulaw", "literal_mulaw") else 0.0


def compand(x: Tensor, real: Tensor, kind: str) -> Tensor:
    """Return ``x`` (batch, time, dims) mapped to [-1, 1] and μ-law companded, example by example.

    ``real`` (batch, time) marks the frames that the extrema are taken from: padding is not part of the signal. An
    example without range becomes -1. Li et al. (2018), section 2: sgn(x) · ln(1 + 255·|x|) / ln 256.
    """
    if kind == "none":
        return x
    inside = real.unsqueeze(-1)
    high = x.masked_fill(~inside, -torch.inf).amax((1, 2), keepdim=True)
    if kind == "minmax_mulaw":
        low = x.masked_fill(~inside, torch.inf).amin((1, 2), keepdim=True)
        span = high - low
        x = 2 * (x - low) / torch.where(span > 0, span, 1.0) - 1
    else:
        x = x / torch.where(high > 0, high, 1.0)
        x = 2 * x - 1 if kind == "literal_mulaw" else x
    return torch.sign(x) * torch.log1p(MU * x.abs()) / math.log1p(MU)
