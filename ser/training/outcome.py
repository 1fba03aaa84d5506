"""What training one system on one fold gives, whether a network or an estimator."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from ser.training.history import Epoch


@dataclass(frozen=True)
class Outcome:
    """probabilities: (test utterances, classes) float32; weights: what model.safetensors holds; best_epoch: from 1."""

    probabilities: NDArray[np.float32]
    history: list[Epoch]
    weights: Mapping[str, Tensor]
    parameters: int
    best_epoch: int
    resumes: int
    notes: list[str]
