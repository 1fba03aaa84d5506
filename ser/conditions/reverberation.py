"""Reverberation of a room.

The impulse response is a direct sound and Gaussian noise that decays exponentially (Polack 1988), with as much energy
as the direct sound: a microphone at the critical distance. The sound is as loud and as long as before.
"""

from collections.abc import Sequence

import numpy as np
from scipy.signal import fftconvolve

from ser.audio.reading import RATE
from ser.conditions._levels import Floats, Signal, as_loud_as

AXIS = "RT60, s"
LIMITS = (0.1, 5.0)
STRENGTHS = (0.3, 0.6, 1.0, 2.0)


def disturb(signal: Signal, strength: float, random: np.random.Generator, others: Sequence[Signal]) -> Signal:
    """Return ``signal`` in a room; strength: the time in which the sound decays by 60 dB, seconds."""
    del others
    wet = fftconvolve(signal, impulse_response(strength, random))[: len(signal)]
    return as_loud_as(signal, wet)


def impulse_response(seconds: float, random: np.random.Generator) -> Floats:
    """Return the response of a room whose sound decays by 60 dB in ``seconds``, (samples,) at 16 kHz."""
    time = np.arange(int(RATE * seconds)) / RATE
    tail = random.normal(size=len(time)) * 10 ** (-3 * time / seconds)  # 60 dB of power are 10^-3 of amplitude
    tail[0] = 0.0
    response = tail / np.sqrt((tail**2).sum())
    response[0] = 1.0
    return response
