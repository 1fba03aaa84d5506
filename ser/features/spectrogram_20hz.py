"""Magnitude spectrogram with a 20 Hz grid: 20 ms frames every 10 ms, 800-point DFT, 200 bins, 0–3980 Hz.

The coarser grid of Satt, Rozenberg and Hoory, "Efficient Emotion Recognition from Speech Using Deep Learning on
Spectrograms", 2017: 3 s give 200 × 300 values. By default, since the paper was read in re-implementations only: Hamming
window, and 5 ms of zeros at either end, without which 3 s had 299 frames. Linear: a view takes the logarithm.
"""

import numpy as np
from numpy.typing import NDArray

from ser.features._frames import Signal, magnitudes, require

DTYPE = "float16"
HOP = 0.01  # seconds
DEPENDS = ("numpy", "scipy")

WINDOW = 320  # samples
POINTS = 800  # of the DFT: 16000 Hz / 800 = 20 Hz
BINS = 200
PAD = 80  # samples at either end


def dims() -> int:
    """Return the values per row."""
    return BINS


def extract(signal: Signal, rate: int) -> NDArray[np.float16]:
    """Return the magnitudes of ``signal``, (floor((samples − 160) / 160) + 1, 200), float16, 0…173 for |x| ≤ 1.

    SerError if the rate is not 16 kHz or the signal is shorter than 160 samples.
    """
    require("spectrogram_20hz", signal, rate, minimum=WINDOW - 2 * PAD)
    return magnitudes(np.pad(signal, PAD), WINDOW, POINTS)[:, :BINS].astype(np.float16)
