"""Mixed examples: λ of one and 1 − λ of another of the batch, with their losses in the same shares.

Zhang et al. (2018), "mixup: beyond empirical risk minimization". The losses are mixed and not the labels, so that any
loss of logits and targets can be; cross-entropy is linear in the target, and so both are the same.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from ser.config.augmentation import Mixup
from ser.layers.interface import Batch
from ser.training.device import move

Loss = Callable[[Tensor, Tensor], Tensor]  # of logits (batch, …) and targets (batch, …): the mean


@dataclass(frozen=True)
class MixedTargets:
    """The targets of both examples of each pair, (batch, …), and the share of the first."""

    first: Tensor
    second: Tensor
    share: float


def changing(
    mixup: Mixup, draw: np.random.Generator
) -> Callable[[Batch, Tensor, NDArray[np.int64]], tuple[Batch, MixedTargets]]:
    """Return the change of a batch and its targets: each example is mixed with one that is drawn from the batch.

    One share λ ~ Beta(α, α) is drawn for the batch, as in the authors' code. An example that is shorter than its
    partner ends in the partner's share alone.
    """

    def change(batch: Batch, targets: Tensor, real: NDArray[np.int64]) -> tuple[Batch, MixedTargets]:
        share, partner = float(draw.beta(mixup.alpha, mixup.alpha)), draw.permutation(len(real))
        rows = move(partner, targets.device)
        return mixed(batch, rows, share), MixedTargets(targets, targets[rows], share)

    return change


def mixed(batch: Batch, rows: Tensor, share: float) -> Batch:
    """Return ``share`` of each example and 1 − ``share`` of that in ``rows`` (batch,); a frame of either is real."""
    found = {
        name: share * x + (1 - share) * x[rows]
        for name in ("frames", "vector")
        if (x := getattr(batch, name)) is not None
    }
    mask = None if batch.mask is None else batch.mask | batch.mask[rows]
    return replace(batch, **found, mask=mask)


def mixed_loss(loss: Loss) -> Callable[[Tensor, MixedTargets], Tensor]:
    """Return λ · loss of the first targets + (1 − λ) · loss of the second."""
    return lambda logits, of: of.share * loss(logits, of.first) + (1 - of.share) * loss(logits, of.second)
