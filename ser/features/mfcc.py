"""Mel-frequency cepstra with first and second differences: 32 + 32 + 32 values every 10 ms.

librosa's definition, as Peng et al. use it ("Efficient Speech Emotion Recognition Using Multi-Scale CNN and Attention",
2021): power spectrum of 25 ms Hamming frames centred on every 160th sample (zeros beyond the ends), Slaney's mel
filters of equal area, 10·log10 with a floor of 1e-10 and a range of 80 dB, orthonormal DCT-II; differences are
Savitzky-Golay derivatives over nine frames. A test compares the two; librosa itself would load and compile numba code
for seconds in every process, longer than 500 utterances take here.
"""

from functools import cache

import numpy as np

from ser.errors import SerError
from ser.features._frames import RATE, Matrix, Signal, hamming, magnitudes, require, triangles

DTYPE = "float32"
HOP = 0.01  # seconds
DEPENDS = ("numpy", "scipy")

WINDOW = 400  # samples
DELTA_FRAMES = 9
FLOOR = 1e-10  # power
RANGE = 80.0  # dB below the loudest band of the utterance

# Slaney's mel scale (Auditory Toolbox, 1998): linear to 1000 Hz, then 27 steps for each factor of 6.4.
LINEAR_STEP = 200 / 3  # Hz
BREAK = 1000.0  # Hz
LOG_STEP = np.log(6.4) / 27


def dims(*, coefficients: int = 32, **_: object) -> int:
    """Return the values per row."""
    return 3 * coefficients


def extract(signal: Signal, rate: int, *, coefficients: int = 32, mels: int = 128, n_fft: int = 512) -> Matrix:
    """Return ``coefficients`` cepstra (c0 first), their first and their second differences.

    Shape (floor(samples / 160) + 1, 3 · coefficients), float32. An utterance of fewer than nine frames has its edge
    frames repeated for the differences (mode "nearest"); a longer one has a polynomial fitted at its ends (mode
    "interp").
    SerError if the rate is not 16 kHz, the signal is empty, or coefficients > mels or n_fft < 400.
    """
    from scipy.fft import dct
    from scipy.signal import savgol_filter

    require(signal, rate, minimum=1)
    if not 1 <= coefficients <= mels:
        raise SerError(f"coefficients={coefficients} must lie between 1 and mels={mels}.")
    if n_fft < WINDOW:
        raise SerError(f"n_fft={n_fft} must be at least {WINDOW}, the 25 ms window.")
    before = (n_fft - WINDOW) // 2
    window = np.pad(hamming(WINDOW), (before, n_fft - WINDOW - before))
    power = np.square(magnitudes(np.pad(signal, n_fft // 2), window, n_fft)) @ mel_filters(mels, n_fft)
    level = 10 * np.log10(np.maximum(power, np.float32(FLOOR)))
    bands = np.maximum(level, level.max() - np.float32(RANGE))
    static = dct(bands, type=2, norm="ortho", axis=1)[:, :coefficients]
    mode = "interp" if len(static) >= DELTA_FRAMES else "nearest"
    slopes = [savgol_filter(static, DELTA_FRAMES, polyorder=k, deriv=k, axis=0, mode=mode) for k in (1, 2)]
    return np.concatenate([static, *slopes], axis=1, dtype=np.float32)


@cache
def mel_filters(mels: int, n_fft: int) -> Signal:
    """Return the triangular filters of equal area on Slaney's scale, 0–8000 Hz: (n_fft // 2 + 1, mels), float32."""
    knee = BREAK / LINEAR_STEP
    edges = np.linspace(0, knee + np.log(RATE / 2 / BREAK) / LOG_STEP, mels + 2)
    hertz = np.where(edges < knee, edges * LINEAR_STEP, BREAK * np.exp(LOG_STEP * (edges - knee)))
    bins = np.linspace(0, RATE / 2, n_fft // 2 + 1)
    return (triangles(bins, hertz) * 2 / (hertz[2:] - hertz[:-2])).astype(np.float32)
