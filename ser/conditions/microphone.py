"""Another microphone.

The curve of a small condenser microphone: little below 300 Hz, a resonance at 4 kHz, less at 8 kHz. Its shape is fixed
and its range is the strength, so that a strength of 0 changes nothing.
"""

from collections.abc import Sequence

import numpy as np

from ser.conditions._filters import filtered
from ser.conditions._levels import Signal

AXIS = "range of the curve, dB"
LIMITS = (0.0, 60.0)
STRENGTHS = (10.0, 20.0, 30.0)
CURVE = {0.0: -0.7, 100.0: -0.6, 300.0: -0.2, 500.0: 0.0, 2000.0: 0.0, 4000.0: 0.4, 6000.0: 0.0, 8000.0: -0.6}
RANGE = 1.1  # from 0 Hz to the resonance


def disturb(signal: Signal, strength: float, random: np.random.Generator, others: Sequence[Signal]) -> Signal:
    """Return ``signal`` through the microphone; strength: its highest less its lowest gain, dB."""
    del random, others
    return filtered(signal, list(CURVE), [gain * strength / RANGE for gain in CURVE.values()])
