"""The rule for "none of these": recordings unlike those of the training, and answers that are too unsure.

It finds what is quieter, shorter or longer than nearly all of the train part, and what the system is unsure about. It
does not find speech of another language or another emotion that sounds like the training's.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ser.audio.measures import LOWEST
from ser.errors import SerError
from ser.inference.stated import Part

NONE = "none"  # the label of an answer that the rule takes away
BEYOND = 0.01  # share of the train part that is quieter than the limit, shorter, or longer
KEPT = 0.95  # share of the right answers on dev that are at least as sure as the limit
QUIET, SHORT, LONG, UNSURE = "too quiet", "too short", "too long", "unsure"


class UnlikeError(SerError):
    """A recording that no system answers for: it is silent or too short. reason: as the rule gives it."""

    def __init__(self, text: str, reason: str):
        super().__init__(text)
        self.reason = reason


class Limits(Part):
    """What the training saw; None: not known, and no reason.

    quietest: dB of full scale, before the trim; shortest, longest: seconds, of what the trim keeps; confidence: the
    least calibrated probability of the predicted class, 0…1.
    """

    quietest: float | None = None
    shortest: float | None = None
    longest: float | None = None
    confidence: float | None = None

    def reason(self, level: float | None, seconds: float | None, confidence: float) -> str | None:
        """Return why the answer should be none of the classes; None without a reason."""
        if level is not None and self.quietest is not None and level < self.quietest:
            return QUIET
        if seconds is not None and self.shortest is not None and seconds < self.shortest:
            return SHORT
        if seconds is not None and self.longest is not None and seconds > self.longest:
            return LONG
        return UNSURE if self.confidence is not None and confidence < self.confidence else None


def sound_limits(levels: Sequence[float], seconds: Sequence[float]) -> Limits:
    """Return the limits of level and length: quantiles ``BEYOND`` and 1 − ``BEYOND`` of the train part."""
    quietest = float(np.quantile(levels, BEYOND)) if len(levels) else None
    if not len(seconds):
        return Limits(quietest=quietest)
    shortest, longest = np.quantile(seconds, [BEYOND, 1 - BEYOND]).tolist()
    return Limits(quietest=quietest, shortest=shortest, longest=longest)


def confidence_limit(probabilities: ArrayLike, truth: ArrayLike) -> float | None:
    """Return the probability of the predicted class that ``KEPT`` of the right answers reach; None without one.

    probabilities: calibrated, (utterances, classes); truth: index of the true class, (utterances,).
    """
    given, true = np.asarray(probabilities, dtype=np.float64), np.asarray(truth)
    right = given.max(axis=1)[given.argmax(axis=1) == true]
    return float(np.quantile(right, 1 - KEPT, method="lower")) if right.size else None


def level(signal: NDArray[np.float32]) -> float:
    """Return the level of a signal, (samples,), in dB of full scale without its offset, as ``ser.audio.measures``."""
    power = float(signal.var(dtype=np.float64)) if signal.size else 0.0
    return float(max(LOWEST, 10 * np.log10(max(power, 1e-20))))
