"""End missing.

A recording that ended too early. At least 0.2 s are kept, which every system reads.
"""

from collections.abc import Sequence

import numpy as np

from ser.conditions._cuts import kept
from ser.conditions._levels import Signal

AXIS = "missing, % of the utterance"
LIMITS = (0.0, 95.0)
STRENGTHS = (10.0, 30.0, 50.0)


def disturb(signal: Signal, strength: float, random: np.random.Generator, others: Sequence[Signal]) -> Signal:
    """Return ``signal`` without its end; strength: the share that is missing, percent."""
    del random, others
    return signal[: kept(signal, strength)].copy()
