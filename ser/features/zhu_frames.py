"""26 mel-frequency cepstra every 32 ms: the input of Zhu and Li's network with global-aware multi-scale attention.

"Speech Emotion Recognition with Global-Aware Fusion on Multi-Scale Feature Representation", ICASSP 2022. librosa's
defaults, as the authors' code calls it: power spectrum of 128 ms Hann windows centred on every 512th sample (zeros
beyond the ends), 128 of Slaney's mel filters, 10·log10 with a floor of 1e-10 and a range of 80 dB, orthonormal DCT-II.
The code computes them of each segment of 2 s by itself, here they are computed of the whole utterance.
"""

import numpy as np

from ser.features._frames import Matrix, Signal, decibels, hann, powers, require
from ser.features.mfcc import RANGE, cosines, mel_filters

DTYPE = "float32"
HOP = 0.032  # seconds
DEPENDS = ("numpy", "scipy")

HOP_SAMPLES, WINDOW, MELS, COEFFICIENTS = 512, 2048, 128, 26


def dims() -> int:
    """Return the values per row."""
    return COEFFICIENTS


def extract(signal: Signal, rate: int) -> Matrix:
    """Return the cepstra, c0 first: (floor(samples / 512) + 1, 26), float32.

    SerError if the rate is not 16 kHz or the signal is empty.
    """
    require(signal, rate, minimum=1)
    centred = np.pad(signal, WINDOW // 2)
    level = decibels(powers(centred, hann(WINDOW), WINDOW, mel_filters(MELS, WINDOW), HOP_SAMPLES))
    np.maximum(level, level.max() - np.float32(RANGE), out=level)
    return level @ cosines(MELS)[:, :COEFFICIENTS]
