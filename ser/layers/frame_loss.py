"""The loss of networks that classify every frame, or every window of frames, by the utterance's label."""

from torch import Tensor


def frame_cross_entropy(log_posteriors: Tensor, mask: Tensor, labels: Tensor, weights: Tensor | None) -> Tensor:
    """Return the mean cross-entropy of all real frames with their utterance's label, weighted by class.

    log_posteriors: (batch, time, classes); mask: (batch, time), True on real frames; labels: (batch,) int64; weights:
    (classes,), None: all equal.
    """
    cost = -log_posteriors.gather(2, labels[:, None, None].expand(-1, log_posteriors.shape[1], 1)).squeeze(2)
    weight = mask.float() if weights is None else mask * weights[labels].unsqueeze(1)
    return (cost * weight).sum() / weight.sum()
