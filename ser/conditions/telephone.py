"""Telephone band.

From 300 Hz to an upper edge: 3400 Hz is that of a fixed telephone, 7000 Hz that of a wideband call. Beyond the edges,
after 50 Hz, there is 80 dB less.
"""

from collections.abc import Sequence

import numpy as np

from ser.conditions._filters import filtered
from ser.conditions._levels import Signal

AXIS = "upper edge, Hz"
LIMITS = (1000.0, 7500.0)
STRENGTHS = (7000.0, 3400.0, 2500.0)
LOWER, SLOPE, STOPPED = 300.0, 50.0, -80.0  # Hz, Hz, dB


def disturb(signal: Signal, strength: float, random: np.random.Generator, others: Sequence[Signal]) -> Signal:
    """Return ``signal`` between 300 Hz and ``strength``, Hz."""
    del random, others
    frequencies = [0.0, LOWER - SLOPE, LOWER, strength, strength + SLOPE, 8000.0]
    return filtered(signal, frequencies, [STOPPED, STOPPED, 0.0, 0.0, STOPPED, STOPPED])
