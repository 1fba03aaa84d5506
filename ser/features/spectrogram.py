"""Magnitude spectrogram of 25 ms frames every 10 ms: 201 bins, 40 Hz apart, 0–8000 Hz.

|Σ w[n]·x[n]·exp(−2πikn/400)|, linear: a view takes the logarithm. The DFT is as long as the window, hence 201 bins (Cao
et al., "Pyramid Memory Block and Timestep Attention for Speech Emotion Recognition", 2019). The paper names no window;
Hamming is the convention of speech processing.
"""

import numpy as np
from numpy.typing import NDArray

from ser.features._frames import Signal, magnitudes, require

DTYPE = "float16"
HOP = 0.01  # seconds
DEPENDS = ("numpy", "scipy")

WINDOW = 400  # samples; also the length of the DFT


def dims() -> int:
    """Return the values per row."""
    return WINDOW // 2 + 1


def extract(signal: Signal, rate: int) -> NDArray[np.float16]:
    """Return the magnitudes of ``signal``, (floor((samples − 400) / 160) + 1, 201), float16, 0…216 for |x| ≤ 1.

    SerError if the rate is not 16 kHz or the signal is shorter than one frame.
    """
    require("spectrogram", signal, rate, minimum=WINDOW)
    return magnitudes(signal, WINDOW, WINDOW).astype(np.float16)
