"""Losses against class imbalance, which a recipe can name for a network that is trained by cross-entropy."""

from collections.abc import Callable

from torch import Tensor
from torch.nn import functional as F

from ser.choices import Choices
from ser.config.recipe import Training

Loss = Callable[[Tensor, Tensor], Tensor]  # of logits (batch, classes) and labels (batch,) int64: the mean
SMALLEST = 1e-12  # of 1 − p: its power below 1 has no finite slope at 0


def _focal(training: Training, shares: Tensor, weights: Tensor | None) -> Loss:
    """Lin et al. 2017, "Focal loss for dense object detection", equations 4 and 5: −w (1 − p)^γ ln p of the label.

    The mean is divided by the sum of the weights w, as that of cross-entropy is, which γ = 0 gives.
    """
    del shares

    def loss(logits: Tensor, labels: Tensor) -> Tensor:
        surprise = F.cross_entropy(logits, labels, reduction="none")  # −ln p
        focused = (-(-surprise).expm1()).clamp_min(SMALLEST) ** training.gamma * surprise
        if weights is None:
            return focused.mean()
        return (weights[labels] * focused).sum() / weights[labels].sum()

    return loss


def _logit_adjusted(training: Training, shares: Tensor, weights: Tensor | None) -> Loss:
    """Menon et al. 2021, "Long-tail learning via logit adjustment", equation 10: cross-entropy of f + τ ln π.

    π are the classes' shares of train. Predictions are by f alone, which then has the classes equally likely (τ = 1).
    """
    offset = training.tau * shares.log()
    return lambda logits, labels: F.cross_entropy(logits + offset, labels, weight=weights)


# From the recipe, the share of each class in train and its weight, both (classes,); without weights all are equal.
LOSSES: Choices[Callable[[Training, Tensor, Tensor | None], Loss]] = Choices(
    {"focal": _focal, "logit_adjusted": _logit_adjusted}
)
