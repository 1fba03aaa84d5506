"""HTK's MFCC_E_D_A: 12 mel cepstra and log energy with deltas and accelerations, 39 values every 10 ms.

The audio input of Yoon et al., "Multimodal Speech Emotion Recognition Using Audio and Text", 2018, whose authors ran
openSMILE's MFCC12_E_D_A without its mean and variance normalisation. `ser.features._htk` gives the definition. Unlike
here, openSMILE rounds the signal to 16 bits, and does not repeat the last delta for the accelerations of the last two
frames.
"""

import numpy as np

from ser.features import _htk
from ser.features._frames import Matrix, Signal, require

DTYPE = "float32"
HOP = 0.01  # seconds
DEPENDS = ("numpy", "scipy")


def dims() -> int:
    """Return the values per row."""
    return 3 * (_htk.CEPSTRA + 1)


def extract(signal: Signal, rate: int) -> Matrix:
    """Return c1 to c12 and log energy, their 13 deltas, and the 13 deltas of these.

    Shape (floor((samples − 400) / 160) + 1, 39), float32.
    SerError if the rate is not 16 kHz or the signal is shorter than 25 ms.
    """
    require(signal, rate, minimum=_htk.WINDOW)
    static = _htk.cepstra_and_energy(_htk.framed(signal))
    slope = _htk.deltas(static)
    return np.concatenate([static, slope, _htk.deltas(slope)], axis=1)
