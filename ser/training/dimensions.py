"""The scale on which dimensions are learned."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ser.errors import SerError

Values = NDArray[np.float32]


@dataclass(frozen=True)
class Scale:
    """Mean and standard deviation of each dimension over the train part, (dimensions,) float32 each.

    A system learns values of mean 0 and sd 1, so that recipes suit any scale of ratings; its outputs are scaled back.
    """

    mean: Values
    sd: Values

    @classmethod
    def fitted(cls, targets: Values) -> "Scale":
        """Return the scale of ``targets`` (utterances, dimensions); SerError for a dimension that is constant."""
        mean, sd = (of(targets.astype(np.float64), axis=0) for of in (np.mean, np.std))
        if (constant := np.flatnonzero(sd == 0)).size:
            raise SerError(f"dimension {constant[0] + 1} of the target has one value in train: nothing can be learned.")
        return cls(mean.astype(np.float32), sd.astype(np.float32))

    @classmethod
    def of_weights(cls, weights: Mapping[str, NDArray[np.float32]]) -> "Scale":
        """Return the scale that ``weights`` stored with a trained system."""
        return cls(weights["targets.mean"], weights["targets.sd"])

    def weights(self) -> dict[str, Values]:
        """Return what is stored with a trained system."""
        return {"targets.mean": self.mean, "targets.sd": self.sd}

    def scaled(self, values: Values) -> Values:
        """Return values (…, dimensions) with mean 0 and sd 1 over the train part."""
        return (values - self.mean) / self.sd

    def restored(self, outputs: NDArray[np.float64]) -> Values:
        """Return scaled values on the scale of the ratings."""
        return (outputs * self.sd + self.mean).astype(np.float32)
