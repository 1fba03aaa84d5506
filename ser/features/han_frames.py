"""12 cepstra, log energy, pitch period and harmonics-to-noise ratio with deltas: 30 values every 10 ms.

Han, Yu and Tashev, "Speech Emotion Recognition Using Deep Neural Network and Extreme Learning Machine", 2014: 25 ms
frames, MFCC, pitch period τ, 10·log10(R(τ) / (R(0) − R(τ))) of the autocorrelation R, and deltas, 30 values in all.
Our defaults, where the paper gives no value: HTK's 12 cepstra and log energy, pitch and R from openSMILE over the 55 ms
around the centre of the frame, Gaussian window. R includes the window: a low voice has a lower ratio.
"""

import numpy as np

from ser.features import _htk, _pitch
from ser.features._frames import Matrix, Signal, require

DTYPE = "float32"
HOP = 0.01  # seconds
DEPENDS = ("numpy", "opensmile", "scipy")

VOICE = slice(13, 15)  # columns of pitch period and harmonics-to-noise ratio


def dims() -> int:
    """Return the values per row."""
    return 30


def extract(signal: Signal, rate: int) -> Matrix:
    """Return per frame c1 to c12, log energy (index 12, ln of 16-bit steps squared), pitch period (s) and
    harmonics-to-noise ratio (dB), both 0 where unvoiced, then their 15 deltas.

    Shape (floor((samples − 400) / 160) + 1, 30), float32. The deltas of the last two are 0 unless five frames are
    voiced.
    SerError if the rate is not 16 kHz, the signal is shorter than 25 ms, or openSMILE is not installed.
    """
    require(signal, rate, minimum=_htk.WINDOW)
    f0, _, hnr = _pitch.contours(signal, _htk.WINDOW)
    voiced = f0 > 0
    period = np.divide(1, f0, out=np.zeros_like(f0), where=voiced)
    static = np.column_stack([_htk.cepstra_and_energy(_htk.framed(signal)), period, hnr])
    slope = _htk.deltas(static)
    slope[~_pitch.inside(voiced), VOICE] = 0
    return np.concatenate([static, slope], axis=1)
