"""Signals after a codec of libsndfile, as long as before and without the codec's delay."""

from io import BytesIO
from typing import Any

import numpy as np
import soundfile

from ser.audio.reading import RATE
from ser.conditions._levels import Signal

LAST = 0.9999  # compression level; libsndfile refuses 1 for MP3


def encoded(signal: Signal, container: str, codec: str, compression: float, **options: Any) -> bytes:
    """Return ``signal`` as the bytes of a file. compression: 0 (largest) to 1, as libsndfile counts it."""
    file = BytesIO()
    level = min(max(compression, 0.0), LAST)
    soundfile.write(file, signal, RATE, format=container, subtype=codec, compression_level=level, **options)
    return file.getvalue()


def decoded(content: bytes, samples: int, delay: int) -> Signal:
    """Return the signal in a file, ``samples`` long. delay: of a file that does not say its own, which is too long."""
    found, _ = soundfile.read(BytesIO(content), dtype="float32")
    if len(found) > samples:
        found = found[delay:]
    return np.pad(found[:samples], (0, max(0, samples - len(found)))).astype(np.float32)
