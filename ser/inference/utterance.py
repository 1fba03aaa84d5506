"""One utterance as a trained system reads it, and its answer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Prepared:
    """matrices: (frames, dims) by feature, as stored; words: of its transcript, None where the system reads none."""

    matrices: Mapping[str, NDArray[np.generic]]
    words: Sequence[str] | None = None
    speaker: str | None = None


@dataclass(frozen=True)
class Answer:
    """What a system predicts. label: the most probable class; probabilities: of every class, 0…1, sum 1.

    start, end: seconds into the signal; None for the whole.
    """

    label: str
    probabilities: Mapping[str, float]
    start: float | None = None
    end: float | None = None
