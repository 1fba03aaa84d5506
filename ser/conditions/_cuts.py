"""How much of an utterance is kept where a part of it is missing."""

from ser.audio.reading import RATE
from ser.conditions._levels import Signal

LEAST = 0.2  # seconds that are kept, which every system reads


def kept(signal: Signal, missing: float) -> int:
    """Return the samples that are kept of ``signal`` (samples,). missing: percent."""
    return min(len(signal), max(round(len(signal) * (1 - missing / 100)), round(LEAST * RATE)))
