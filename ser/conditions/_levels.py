"""Powers of signals, equal loudness, and noise at a given ratio to a signal."""

import numpy as np
from numpy.typing import NDArray

Signal = NDArray[np.float32]
Floats = NDArray[np.float64]


def power(signal: Signal | Floats) -> float:
    """Return the mean power of a signal (samples,) without its offset."""
    return float(np.var(signal, dtype=np.float64))


def as_loud_as(signal: Signal, changed: Signal | Floats) -> Signal:
    """Return ``changed`` (samples,) with the mean power of ``signal``; silence stays silent."""
    scale = np.sqrt(power(signal) / max(power(changed), 1e-20))
    return (scale * changed).astype(np.float32)


def with_noise(signal: Signal, noise: Floats, snr: float) -> Signal:
    """Return ``signal`` with ``noise`` (samples,) at a ratio of their mean powers, dB, over the whole utterance.

    A silent signal and silent noise add nothing.
    """
    own, other = power(signal), power(noise)
    if own <= 0 or other <= 0:
        return signal.copy()
    scale = np.sqrt(own / other * 10 ** (-snr / 10))
    return (signal + scale * (noise - noise.mean())).astype(np.float32)
