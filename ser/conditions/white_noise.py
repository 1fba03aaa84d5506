"""White noise.

Gaussian, equally strong at all frequencies up to 8 kHz. The signal's power is that of the whole utterance.
"""

from collections.abc import Sequence

import numpy as np

from ser.conditions._levels import Signal, with_noise

AXIS = "SNR, dB"
LIMITS = (-20.0, 60.0)
STRENGTHS = (30.0, 20.0, 10.0, 0.0)


def disturb(signal: Signal, strength: float, random: np.random.Generator, others: Sequence[Signal]) -> Signal:
    """Return ``signal`` with white noise; strength: ratio of signal to noise, dB."""
    del others
    return with_noise(signal, random.normal(size=len(signal)), strength)
