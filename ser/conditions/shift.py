"""Time shift.

Digital silence before the utterance, of which nothing is lost: a recording that began too early.
"""

from collections.abc import Sequence

import numpy as np

from ser.audio.reading import RATE
from ser.conditions._levels import Signal

AXIS = "silence before, s"
LIMITS = (0.0, 10.0)
STRENGTHS = (0.05, 0.5, 2.0)


def disturb(signal: Signal, strength: float, random: np.random.Generator, others: Sequence[Signal]) -> Signal:
    """Return ``signal`` after ``strength`` seconds of silence."""
    del random, others
    return np.pad(signal, (round(strength * RATE), 0))
