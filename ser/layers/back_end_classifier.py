"""What may follow a trained network: a second learner on what the network says of each utterance."""

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Vectors = Mapping[str, NDArray[np.float64]]  # part: (utterances, dims)
Labels = Mapping[str, NDArray[np.int64]]  # part: (utterances,), index of the class


class BackEnd(Protocol):
    """Fitted on the train part, with its settings chosen on the dev part where there is one.

    A model offers one through ``back_end(classes, **options)`` and describes utterances with the method
    ``summary(batch) -> (batch, dims)`` of its network.
    """

    def fit(self, vectors: Vectors, labels: Labels) -> list[str]:
        """Learn from parts ``train`` and, if it is there, ``dev``; return remarks for the record of the run."""

    def scores(self, vectors: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return (utterances, classes), the largest is the answer; a softmax over them is kept as probabilities."""

    def weights(self) -> dict[str, NDArray[Any]]:
        """Return the fitted numbers, to be kept beside the network's."""
