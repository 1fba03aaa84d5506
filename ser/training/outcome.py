"""What training one system on one fold gives, whether a network or an estimator."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from ser.training.focus import Look
from ser.training.history import Epoch


@dataclass(frozen=True)
class Outcome:
    """probabilities: (test utterances, classes) float32; weights: what model.safetensors holds; best_epoch: from 1.

    looks: the attentions of a few test utterances, none for a system without attention.
    """

    probabilities: NDArray[np.float32]
    history: list[Epoch]
    weights: Mapping[str, Tensor]
    parameters: int
    best_epoch: int
    resumes: int
    notes: list[str]
    looks: list[Look] = field(default_factory=list)


def softmax(scores: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return exp(score) / sum over the classes of each row."""
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    shares: NDArray[np.float32] = (powers / powers.sum(axis=1, keepdims=True)).astype(np.float32)
    return shares
