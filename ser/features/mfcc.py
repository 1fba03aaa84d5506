"""Mel-frequency cepstra with first and second differences: 32 + 32 + 32 values every 10 ms.

librosa's definition, as Peng et al. use it ("Efficient Speech Emotion Recognition Using Multi-Scale CNN and Attention",
2021): power spectrum of 25 ms Hamming frames centred on every 160th sample (zeros beyond the ends), Slaney's mel
filters of equal area, 10·log10 with a floor of 1e-10 and a range of 80 dB, orthonormal DCT-II; differences are
Savitzky-Golay derivatives over nine frames. A test compares the two; librosa itself would load and compile numba code
for seconds in every process, longer than 500 utterances take here.
"""

from functools import cache
from math import factorial

import numpy as np

from ser.errors import SerError
from ser.features._frames import RATE, Matrix, Signal, decibels, hamming, powers, require, triangles

DTYPE = "float32"
HOP = 0.01  # seconds
DEPENDS = ("numpy", "scipy")

WINDOW = 400  # samples
DELTA_FRAMES = 9
REACH = DELTA_FRAMES // 2
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
    require(signal, rate, minimum=1)
    if not 1 <= coefficients <= mels:
        raise SerError(f"coefficients={coefficients} must lie between 1 and mels={mels}.")
    if n_fft < WINDOW:
        raise SerError(f"n_fft={n_fft} must be at least {WINDOW}, the 25 ms window.")
    centred = np.pad(signal, WINDOW // 2)
    level = decibels(powers(centred, hamming(WINDOW), n_fft, mel_filters(mels, n_fft)))
    np.maximum(level, level.max() - np.float32(RANGE), out=level)
    static = level @ cosines(mels)[:, :coefficients]
    return np.concatenate([static, *(differences(static, order) for order in (1, 2))], axis=1)


def differences(values: Matrix, order: int) -> Matrix:
    """Return the ``order``-th derivative of the polynomial of that order nearest to nine frames: of (frames, dims).

    It is a constant, so the first and the last four frames repeat the nearest derivative. With fewer than nine frames,
    the edge frames of ``values`` are repeated instead.
    """
    whole = len(values) >= DELTA_FRAMES
    around = values if whole else np.pad(values, ((REACH, REACH), (0, 0)), mode="edge")
    inner = np.zeros((len(around) - 2 * REACH, values.shape[1]), np.float32)
    for first, weight in enumerate(derivative(order)):
        inner += weight * around[first : first + len(inner)]
    return np.pad(inner, ((REACH, REACH), (0, 0)), mode="edge") if whole else inner


@cache
def derivative(order: int) -> Signal:
    """Return the weights of nine frames in a derivative (Savitzky and Golay, 1964): (9,), float32."""
    moments = np.vander(np.arange(-REACH, REACH + 1), order + 1)
    return (factorial(order) * np.linalg.pinv(moments)[0]).astype(np.float32)


@cache
def cosines(mels: int) -> Matrix:
    """Return the orthonormal DCT-II as a matrix: (mels, mels), float32."""
    from scipy.fft import dct

    return dct(np.eye(mels), type=2, norm="ortho", axis=1).astype(np.float32)


@cache
def mel_filters(mels: int, n_fft: int) -> Signal:
    """Return the triangular filters of equal area on Slaney's scale, 0–8000 Hz: (n_fft // 2 + 1, mels), float32."""
    knee = BREAK / LINEAR_STEP
    edges = np.linspace(0, knee + np.log(RATE / 2 / BREAK) / LOG_STEP, mels + 2)
    hertz = np.where(edges < knee, edges * LINEAR_STEP, BREAK * np.exp(LOG_STEP * (edges - knee)))
    bins = np.linspace(0, RATE / 2, n_fft // 2 + 1)
    return (triangles(bins, hertz) * 2 / (hertz[2:] - hertz[:-2])).astype(np.float32)
