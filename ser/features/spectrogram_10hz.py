"""Magnitude spectrogram with a 10 Hz grid: 40 ms frames every 10 ms, 1600-point DFT, 400 bins, 0–3990 Hz.

Input of Li et al., "An Attention Pooling based Representation Learning Method for Speech Emotion Recognition", 2018,
section 2.1: 2 s give 400 × 200 values. Whole 40 ms frames would be 197, so 15 ms of zeros are put at either end.
Linear: a view takes the logarithm.
"""

import numpy as np
from numpy.typing import NDArray

from ser.features._frames import Signal, magnitudes, require

DTYPE = "float16"
HOP = 0.01  # seconds
DEPENDS = ("numpy", "scipy")

WINDOW = 640  # samples
POINTS = 1600  # of the DFT: 16000 Hz / 1600 = 10 Hz
BINS = 400
PAD = 240  # samples at either end


def dims() -> int:
    """Return the values per row."""
    return BINS


def extract(signal: Signal, rate: int) -> NDArray[np.float16]:
    """Return the magnitudes of ``signal``, (floor((samples − 160) / 160) + 1, 400), float16, 0…346 for |x| ≤ 1.

    SerError if the rate is not 16 kHz or the signal is shorter than 160 samples.
    """
    require("spectrogram_10hz", signal, rate, minimum=WINDOW - 2 * PAD)
    return magnitudes(np.pad(signal, PAD), WINDOW, POINTS)[:, :BINS].astype(np.float16)
