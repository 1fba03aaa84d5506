"""Magnitude spectrogram of 25 ms frames every 10 ms: 201 bins, 40 Hz apart, 0–8000 Hz.

|Σ w[n]·x[n]·exp(−2πikn/N)|, linear: a view takes the logarithm. By default the DFT is as long as the window, hence 201
bins (Cao et al., "Pyramid Memory Block and Timestep Attention for Speech Emotion Recognition", 2019). The paper names
no window; Hamming is the convention of speech processing.
"""

import numpy as np
from numpy.typing import NDArray

from ser.errors import SerError
from ser.features._frames import Matrix, Signal, hamming, magnitudes, require

DTYPE = "float16"
HOP = 0.01  # seconds
DEPENDS = ("numpy", "scipy")

# Of float16 as an integer: the smallest of its numbers with a full fraction, and infinity.
SMALLEST, INFINITY = np.uint16(1 << 10), np.uint16(31 << 10)
SURPLUS = np.uint32(13)  # bits that the fraction of a float32 has beyond that of a float16
OFFSET = np.uint32((1 << 32) - (113 << 23) + (1 << 12))  # makes SMALLEST 0 and adds half of the last bit that is kept


def dims(*, bins: int = 201, **_: object) -> int:
    """Return the values per row."""
    return bins


def extract(
    signal: Signal, rate: int, *, window: int = 400, points: int = 400, bins: int = 201, pad: int = 0
) -> NDArray[np.float16]:
    """Return the first ``bins`` magnitudes of the ``points``-point DFT of frames of ``window`` samples.

    ``pad`` zeros are put before and after the signal. Shape (floor((samples + 2·pad − window) / 160) + 1, bins),
    float16, 0 to 0.54·window for |x| ≤ 1.
    SerError if the rate is not 16 kHz, the signal is shorter than window − 2·pad samples, or the options do not fit
    together.
    """
    if not (0 < window <= points and 0 < bins <= points // 2 + 1 and 0 <= 2 * pad < window):
        raise SerError(
            f"window={window} must be at most points={points}, bins={bins} at most points / 2 + 1, and pad={pad} less "
            "than half the window."
        )
    require(signal, rate, minimum=window - 2 * pad)
    padded = np.pad(signal, pad) if pad else signal
    return np.concatenate([halves(block) for block in magnitudes(padded, hamming(window), points, bins)])


def halves(values: Matrix) -> NDArray[np.float16]:
    """Return ``values``, not negative and contiguous, as the nearest float16; of two equally near ones the larger.

    ``astype``, which takes the even one, converts number by number: a third of the time of a spectrogram. Here the
    integers that hold the numbers are rounded, as far as float16 has the exponent.
    """
    bits = values.view(np.uint32) + OFFSET
    bits >>= SURPLUS
    rounded = (bits.astype(np.uint16) + SMALLEST).view(np.float16)
    outside = bits >= INFINITY - SMALLEST  # digital silence, and what is not a number
    if outside.any():
        rounded[outside] = values[outside].astype(np.float16)
    return rounded
