"""Gain.

The whole utterance is louder or quieter. Samples beyond full scale stay as they are: the condition ``clipping`` cuts.
"""

from collections.abc import Sequence

import numpy as np

from ser.conditions._levels import Signal

AXIS = "gain, dB"
LIMITS = (-60.0, 40.0)
STRENGTHS = (-6.0, 6.0, -20.0, 20.0)


def disturb(signal: Signal, strength: float, random: np.random.Generator, others: Sequence[Signal]) -> Signal:
    """Return ``signal`` times a factor; strength: dB."""
    del random, others
    return signal * np.float32(10 ** (strength / 20))
