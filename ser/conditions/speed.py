"""Speed.

The recording is played faster or slower: at 1.1 all its frequencies are 1.1 times as high and it lasts 1 / 1.1 times as
long. Ko et al. (2015), "Audio augmentation for speech recognition", train with 0.9, 1 and 1.1.
"""

from collections.abc import Sequence

import numpy as np
import soxr

from ser.audio.reading import RATE
from ser.conditions._levels import Signal

AXIS = "factor of the speed"
LIMITS = (0.5, 2.0)
STRENGTHS = (0.9, 1.1, 0.8, 1.25)
DEPENDS = ("soxr",)


def disturb(signal: Signal, strength: float, random: np.random.Generator, others: Sequence[Signal]) -> Signal:
    """Return ``signal`` at ``strength`` times its speed."""
    del random, others
    return np.asarray(soxr.resample(signal, RATE * strength, RATE), dtype=np.float32)
