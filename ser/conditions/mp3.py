"""MP3 at a constant bit rate, by LAME.

At 16 kHz MPEG-2 has the rates of ``ONLY``.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np

from ser.conditions._codecs import decoded, encoded
from ser.conditions._levels import Signal
from ser.errors import SerError

AXIS = "bit rate, kbit/s"
LIMITS = (8.0, 160.0)
STRENGTHS = (64.0, 32.0, 16.0, 8.0)
DEPENDS = ("soundfile",)
ONLY: Final = (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
DELAY = 1105  # samples of encoder and decoder, where a frame is too small for the header that states them


def disturb(signal: Signal, strength: float, random: np.random.Generator, others: Sequence[Signal]) -> Signal:
    """Return ``signal`` after MP3; strength: one of ``ONLY``, kbit/s. SerError for another one."""
    del random, others
    return decoded(file(signal, strength), len(signal), DELAY)


def file(signal: Signal, kilobits: float) -> bytes:
    """Return ``signal`` as an MP3 file of ``kilobits`` per second."""
    if kilobits not in ONLY:
        known = ", ".join(map(str, ONLY))
        raise SerError(f"MP3 at 16 kHz has no {kilobits:g} kbit/s; known: {known}.")
    return encoded(signal, "MP3", "MPEG_LAYER_III", (160 - kilobits) / 152, bitrate_mode="CONSTANT")
