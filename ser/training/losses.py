"""The losses that a recipe can name, and those of targets that are no labels.

For labels: against class imbalance, in place of cross-entropy. For targets: of the raters' votes and of dimensions.
"""

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


def soft_cross_entropy(weights: Tensor | None) -> Loss:
    """Return −Σ v ln p / Σ v of logits (batch, classes) and votes v (batch, classes), the sum over both.

    With shares of votes its gradient is that of the Kullback-Leibler divergence from the raters' distribution, which is
    smaller by their entropy; with counts every vote is an example. weights: (classes,) factors of the votes.
    """

    def loss(logits: Tensor, votes: Tensor) -> Tensor:
        weighted = votes if weights is None else votes * weights
        return -(weighted * logits.log_softmax(-1)).sum() / weighted.sum()

    return loss


def sigmoid_cross_entropy(weights: Tensor | None) -> Loss:
    """Return the binary cross-entropy of logits (batch, classes) and labels 0 or 1, the mean over both, weighted."""
    return lambda logits, labels: F.binary_cross_entropy_with_logits(logits, labels, weight=weights)


def _concordance(outputs: Tensor, values: Tensor) -> Tensor:
    """1 − CCC of each dimension over the batch (Lin 1989), mean over the dimensions; both (batch, dimensions)."""
    x, y = outputs - outputs.mean(0), values - values.mean(0)
    apart = (outputs.mean(0) - values.mean(0)).square()
    spread = x.square().mean(0) + y.square().mean(0) + apart
    return (1 - 2 * (x * y).mean(0) / spread.clamp_min(SMALLEST)).mean()


# Of outputs and values (batch, dimensions); the first is the default.
DIMENSION_LOSSES: Choices[Loss] = Choices({"ccc": _concordance, "mse": F.mse_loss})
