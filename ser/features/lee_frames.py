"""F0, voicing, zero crossings, 12 cepstra, log energy, their deltas, and a voiced flag: 33 values every 10 ms.

The 32 values of Lee and Tashev, "High-level Feature Representation using Recurrent Neural Network for Speech Emotion
Recognition", 2015, and a flag for the segments of their objective, which is no input of a model. Our defaults, where
the paper gives no value: 25 ms frames (of Han, Yu and Tashev, 2014, the same laboratory) every 10 ms, HTK's cepstra and
log energy, F0 and voicing from openSMILE's tracker over the 55 ms around the centre of the frame. A frame is voiced if
the tracker gives an F0 above 0: its voicing value is not a calibrated probability, low-pass noise reaches 0.6.
"""

import numpy as np

from ser.features import _htk, _pitch
from ser.features._frames import Matrix, Signal, require

DTYPE = "float32"
HOP = 0.01  # seconds
DEPENDS = ("numpy", "opensmile", "scipy")


def dims() -> int:
    """Return the values per row."""
    return 33


def extract(signal: Signal, rate: int) -> Matrix:
    """Return per frame F0 (Hz, 0 where unvoiced), voicing (0…1), zero crossings per sample, c1 to c12, log energy
    (index 15, ln of 16-bit steps squared), their 16 deltas, and 1 if voiced, else 0.

    Shape (floor((samples − 400) / 160) + 1, 33), float32. The delta of F0 is 0 unless five frames are voiced.
    SerError if the rate is not 16 kHz, the signal is shorter than 25 ms, or openSMILE is not installed.
    """
    require(signal, rate, minimum=_htk.WINDOW)
    f0, voicing, _ = _pitch.contours(signal, _htk.WINDOW)
    frames = _htk.framed(signal)
    crossings = np.mean(np.diff(np.signbit(frames), axis=1), axis=1, dtype=np.float32)
    static = np.column_stack([f0, voicing, crossings, _htk.cepstra_and_energy(frames)])
    slope = _htk.deltas(static)
    slope[~_pitch.inside(f0 > 0), 0] = 0
    return np.column_stack([static, slope, f0 > 0]).astype(np.float32)
