"""Statistics of a sequence over time."""

import torch
from torch import Tensor

SMALLEST = 1e-12  # variance below which the sd is held constant: the root has no finite slope at 0


def valid(x: Tensor, mask: Tensor | None) -> Tensor:
    """Return ``mask``, or all True of shape (batch, time) for x (batch, time, …)."""
    return torch.ones(x.shape[:2], dtype=torch.bool, device=x.device) if mask is None else mask


def maximum(x: Tensor, mask: Tensor | None = None) -> Tensor:
    """Return the maximum over valid frames, (batch, time, channels) -> (batch, channels)."""
    return (x if mask is None else x.masked_fill(~mask.unsqueeze(-1), -torch.inf)).amax(1)


def mean(x: Tensor, mask: Tensor | None = None) -> Tensor:
    """Return the mean over valid frames, (batch, time, channels) -> (batch, channels)."""
    if mask is None:
        return x.mean(1)
    return (x * mask.unsqueeze(-1)).sum(1) / mask.sum(1, keepdim=True)


def deviation(x: Tensor, mask: Tensor | None = None) -> Tensor:
    """Return the standard deviation (divided by n) over valid frames, (batch, time, channels) -> (batch, channels).

    Its gradient is finite everywhere; a constant channel gives 1e-6 instead of 0 and gets no gradient.
    """
    centred = x - mean(x, mask).unsqueeze(1)
    return mean(centred.square(), mask).clamp_min(SMALLEST).sqrt()


def last(x: Tensor, mask: Tensor | None = None) -> Tensor:
    """Return the last valid frame, (batch, time, channels) -> (batch, channels)."""
    if mask is None:
        return x[:, -1]
    return x[torch.arange(len(x), device=x.device), mask.sum(1) - 1]


POOLINGS = {"max": maximum, "mean": mean, "std": deviation, "last": last}


def pooled(x: Tensor, mask: Tensor | None = None, which: tuple[str, ...] = ("max", "mean", "std")) -> Tensor:
    """Return the named statistics side by side: (batch, time, channels) -> (batch, len(which) · channels).

    The statistical pooling unit of Peng et al. 2021, Equation 3.
    """
    return torch.cat([POOLINGS[name](x, mask) for name in which], dim=-1)
