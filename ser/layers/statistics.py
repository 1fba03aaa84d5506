"""Statistics of a sequence over time: (batch, time, channels), (batch, time) -> (batch, channels).

A mask is True on real frames, at least one per row; None: all frames are real.
"""

import torch
from torch import Tensor
from torch.nn import functional as F

MIN_SD = 1e-6  # at 0 the square root of a variance has no finite gradient


def maximum(x: Tensor, mask: Tensor | None = None) -> Tensor:
    """Return the maximum over real frames."""
    if mask is None:
        return F.adaptive_max_pool1d(x.transpose(1, 2), 1).squeeze(2)  # a third less time than amax
    return x.masked_fill(~mask.unsqueeze(-1), -torch.inf).amax(1)


def mean(x: Tensor, mask: Tensor | None = None) -> Tensor:
    """Return the mean over real frames."""
    if mask is None:
        return x.mean(1)
    return (x * mask.unsqueeze(-1)).sum(1) / mask.sum(1, keepdim=True)


def std(x: Tensor, mask: Tensor | None = None) -> Tensor:
    """Return the standard deviation (divisor n) over real frames; a constant channel gives 1e-6 and no gradient."""
    centred = x - mean(x, mask).unsqueeze(1)
    if mask is None:
        return (torch.linalg.vector_norm(centred, dim=1) * x.shape[1] ** -0.5).clamp_min(MIN_SD)  # a third less time
    return mean(centred.square(), mask).clamp_min(MIN_SD**2).sqrt()


def last(x: Tensor, mask: Tensor | None = None) -> Tensor:
    """Return the last real frame; padding must be at the end."""
    if mask is None:
        return x[:, -1]
    return x[torch.arange(len(x), device=x.device), mask.sum(1) - 1]


POOLINGS = {"max": maximum, "mean": mean, "std": std, "last": last}


def pooled(x: Tensor, mask: Tensor | None = None, names: tuple[str, ...] = ("max", "mean", "std")) -> Tensor:
    """Return the statistics ``names`` concatenated, (batch, time, channels) -> (batch, len(names) · channels).

    The default is the statistical pooling unit of Peng et al. 2021, Equation 3.
    """
    return torch.cat([POOLINGS[name](x, mask) for name in names], dim=-1)
