"""The back end: a second learner, fitted on the outputs of a trained network."""

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Vectors = Mapping[str, NDArray[np.float64]]  # part: (utterances, dims)
Labels = Mapping[str, NDArray[np.int64]]  # part: (utterances,), index of the class


class BackEnd(Protocol):
    """Fitted on the train part, its settings selected on the dev part where there is one.

    A model defines one with ``back_end(classes, **options)``. The method ``summary(batch) -> (batch, dims)`` of its
    network gives the vectors.
    """

    def fit(self, vectors: Vectors, labels: Labels) -> list[str]:
        """Fit on part ``train`` and select on ``dev``, if given; return remarks for the record of the run."""

    def scores(self, vectors: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return (utterances, classes), the largest is the prediction; their softmax is stored as probabilities."""

    def weights(self) -> dict[str, NDArray[Any]]:
        """Return the fitted numbers, which are stored with the network's weights."""
