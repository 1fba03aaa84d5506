"""One utterance as a trained system reads it, and its answer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Prepared:
    """matrices: (frames, dims) by feature, as stored; words: of its transcript, None where the system reads none.

    level: dB of full scale, before the trim; seconds: after it; None where they are not known.
    """

    matrices: Mapping[str, NDArray[np.generic]]
    words: Sequence[str] | None = None
    speaker: str | None = None
    level: float | None = None
    seconds: float | None = None


@dataclass(frozen=True, eq=False)
class TimedAttention:
    """One attention of a network over the time of an utterance. weights: (positions,), sum 1 with ``after``.

    start: middle of the first position; step: to the next, both in seconds; equal: the weight that every position would
    have if all were equal; after: the sum of the weights after the utterance's end, on the padding of a view of fixed
    length.
    """

    name: str
    start: float
    step: float
    weights: NDArray[np.float32]
    equal: float
    after: float = 0.0

    def within(self, begin: float, seconds: float) -> "TimedAttention":
        """Return the attention of an utterance that begins at ``begin``, without what is after its ``seconds``."""
        inside = self.start + self.step * (np.arange(len(self.weights)) - 0.5) < seconds
        after = float(self.weights[~inside].sum())
        return replace(self, start=begin + self.start, weights=self.weights[inside], after=after)


@dataclass(frozen=True)
class Answer:
    """What a system predicts. label: the most probable class; probabilities: of every class, 0…1, sum 1.

    start, end: seconds into the signal; None for the whole. attention: over time, where it was asked for and the system
    has one; its times are those of the recording. reason: why it should rather be none of the classes, by the rule of a
    bundle (``ser.inference.none_rule``): too quiet, too short, too long or unsure; None without a reason.
    """

    label: str
    probabilities: Mapping[str, float]
    start: float | None = None
    end: float | None = None
    attention: tuple[TimedAttention, ...] = ()
    reason: str | None = None
