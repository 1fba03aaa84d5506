"""Log power of mel bands: 40 values every 10 ms, in dB.

25 ms Hamming frames, 512-point power spectrum, Slaney's triangles of equal area, 0–8000 Hz, 10·log10 with a floor of
−100 dB, which 16-bit rounding noise does not reach. The usual input of a convolutional network; all values are our
defaults.
"""

from ser.errors import SerError
from ser.features._frames import Matrix, Signal, decibels, hamming, powers, require
from ser.features.mfcc import mel_filters

DTYPE = "float32"
HOP = 0.01  # seconds
DEPENDS = ("numpy", "scipy")

WINDOW = 400  # samples
POINTS = 512  # of the DFT


def dims(*, mels: int = 40) -> int:
    """Return the values per row."""
    return mels


def extract(signal: Signal, rate: int, *, mels: int = 40) -> Matrix:
    """Return the level of ``mels`` bands per frame, (floor((samples − 400) / 160) + 1, mels), float32, dB from −100.

    SerError if the rate is not 16 kHz, the signal is shorter than one frame, or mels < 1.
    """
    require(signal, rate, minimum=WINDOW)
    if mels < 1:
        raise SerError(f"mels={mels} must be at least 1.")
    return decibels(powers(signal, hamming(WINDOW), POINTS, mel_filters(mels, POINTS)))
