"""Opus at a low bit rate, in Ogg.

As in calls over the internet. The rate is a mean: Opus spends less on silence, and the container adds some 2 kbit/s.
"""

from collections.abc import Sequence

import numpy as np

from ser.conditions._codecs import decoded, encoded
from ser.conditions._levels import Signal

AXIS = "bit rate, kbit/s"
LIMITS = (6.0, 256.0)
STRENGTHS = (32.0, 16.0, 8.0, 6.0)
DEPENDS = ("soundfile",)


def disturb(signal: Signal, strength: float, random: np.random.Generator, others: Sequence[Signal]) -> Signal:
    """Return ``signal`` after Opus; strength: kbit/s."""
    del random, others
    return decoded(file(signal, strength), len(signal), 0)


def file(signal: Signal, kilobits: float) -> bytes:
    """Return ``signal`` as an Ogg file with Opus of ``kilobits`` per second."""
    return encoded(signal, "OGG", "OPUS", 1 - (kilobits - 6) / 250)
