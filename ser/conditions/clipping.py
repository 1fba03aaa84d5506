"""Clipping.

The largest samples are cut to one limit, as by a recording that was too loud; then the sound is as loud as before.
"""

from collections.abc import Sequence

import numpy as np

from ser.conditions._levels import Signal, as_loud_as

AXIS = "clipped samples, %"
LIMITS = (0.0, 90.0)
STRENGTHS = (1.0, 5.0, 20.0)


def disturb(signal: Signal, strength: float, random: np.random.Generator, others: Sequence[Signal]) -> Signal:
    """Return ``signal`` with its largest samples cut; strength: their share, percent."""
    del random, others
    limit = np.quantile(np.abs(signal), 1 - strength / 100)
    return as_loud_as(signal, np.clip(signal, -limit, limit))
