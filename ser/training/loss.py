"""The loss that training minimises, and the weights of the classes in it."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from ser.config.schema import Training
from ser.layers.batch import Batch
from ser.training import device
from ser.training.fold_data import FoldData


def loss_function(model: nn.Module, data: FoldData, training: Training) -> Callable[[Batch, Tensor], Tensor]:
    """Return the loss of a batch and its labels: the model's own ``loss(batch, labels, weights)`` or cross-entropy."""
    own: Callable[[Batch, Tensor, Tensor | None], Tensor] | None = getattr(model, "loss", None)
    weights = None
    if training.class_weights == "balanced":
        weights = device.move(balanced_weights(data.examples("train").label, len(data.fold.classes)), data.device)

    def loss(batch: Batch, labels: Tensor) -> Tensor:
        if own is not None:
            return own(batch, labels, weights)
        return F.cross_entropy(model(batch).float(), labels, weight=weights)

    return loss


def balanced_weights(labels: NDArray[np.int64], classes: int) -> NDArray[np.float32]:
    """Return n / (classes · n_c) per class over the training examples ``labels``: the mean weight of an example is 1.

    King and Zeng (2001), "Logistic regression in rare events data". Every class must occur.
    """
    counts = np.bincount(labels, minlength=classes)
    return (labels.size / (classes * counts)).astype(np.float32)
