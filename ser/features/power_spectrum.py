"""Power spectrum of the pre-emphasised signal: 257 bins, 31.25 Hz apart, 0–8000 Hz, every 10 ms.

|DFT|² of 25 ms Hamming frames of x[n] − 0.97·x[n−1], 512 points, not its logarithm: the audio input of Xu et al.,
"Learning Alignment for Multimodal Emotion Recognition from Speech", 2019, in the configuration that its authors
released. Their samples are in 16-bit steps; here full scale is 1. A view's normalisation removes that factor.
"""

import numpy as np

from ser.features._frames import Matrix, Signal, hamming, magnitudes, require

DTYPE = "float32"  # the largest float16 is 65504
HOP = 0.01  # seconds
DEPENDS = ("numpy", "scipy")

WINDOW = 400  # samples
POINTS = 512  # of the DFT
EMPHASIS = np.float32(0.97)


def dims() -> int:
    """Return the values per row."""
    return POINTS // 2 + 1


def extract(signal: Signal, rate: int) -> Matrix:
    """Return the power of ``signal``, (floor((samples − 400) / 160) + 1, 257), float32, 0…1.9e5 for |x| ≤ 1.

    SerError if the rate is not 16 kHz or the signal is shorter than one frame.
    """
    require(signal, rate, minimum=WINDOW)
    emphasised = np.concatenate([signal[:1], signal[1:] - EMPHASIS * signal[:-1]])
    return np.concatenate([np.square(block) for block in magnitudes(emphasised, hamming(WINDOW), POINTS)])
