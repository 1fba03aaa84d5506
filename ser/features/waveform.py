"""The samples themselves, 512 per row (32 ms), for networks that learn their own front end.

Sarma et al., "Emotion Identification from Raw Speech Signals Using DNNs", 2018, feed the waveform. The strided
convolutions of its re-implementations reduce 512 samples to one frame.
"""

import numpy as np

from ser.features._frames import Matrix, Signal, require

DTYPE = "float32"  # keeps 16-bit samples exact
HOP = 0.032  # seconds
DEPENDS = ("numpy",)

SAMPLES = 512  # per row


def dims() -> int:
    """Return the values per row."""
    return SAMPLES


def extract(signal: Signal, rate: int) -> Matrix:
    """Return the samples in order, padded with zeros: (ceil(samples / 512), 512), float32.

    SerError if the rate is not 16 kHz or the signal is empty.
    """
    require(signal, rate, minimum=1)
    return np.pad(signal, (0, -len(signal) % SAMPLES)).reshape(-1, SAMPLES).astype(np.float32)
