"""Where the speech of a recording begins and ends: the rule of ``trim: speech`` of a corpus.

The rule knows nothing of voices: what is loud for long enough counts as speech.

1. Level: the variance of the samples of a frame (25 ms, one every 10 ms) in dB, so that an offset has no effect, then
   the median over 9 frames, so that a click or another sound shorter than about 40 ms has none.
2. Threshold: 40 dB below the loudest frame, or 10 dB above the quietest one where that is higher, but at least 25 dB
   below the loudest. The quietest frame is never one of digital silence.
3. Speech lasts from the first to the last frame that reaches the threshold; 0.1 s before and after it are kept. The
   rule is repeated on what is kept until it cuts nothing, so that a trimmed recording stays as it is.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ser.audio.reading import RATE, SILENCE
from ser.audio.statistics import Signal

FRAME, HOP = RATE // 40, RATE // 100  # samples
STEP = RATE // 200  # samples; frame and hop are multiples of it
SMOOTHED = 9  # frames of the median
DEPTH, LEAST_DEPTH, ABOVE_NOISE = 40.0, 25.0, 10.0  # dB
MARGIN = RATE // 10  # samples


def speech_bounds(signal: Signal) -> tuple[int, int] | None:
    """Return the first sample to keep and the one after the last, of a mono ``signal`` (samples,) at 16 kHz.

    None where no speech is found: less than one frame, or digital silence with nothing but clicks in it.
    """
    found = _found(signal)
    return None if found is None else found[:2]


def silence(signal: Signal) -> tuple[float, float] | None:
    """Return the seconds before and after the speech of a mono ``signal`` (samples,) at 16 kHz, without a margin.

    None where no speech is found.
    """
    found = _found(signal)
    return None if found is None else (found[2] / RATE, (len(signal) - found[3]) / RATE)


def _found(signal: Signal) -> tuple[int, int, int, int] | None:
    """Return the first sample to keep and the one after the last, and the same of the speech without a margin."""
    first, last = 0, len(signal)
    while (active := _active(levels(signal[first:last]))).size:
        speech = first + int(active[0]) * HOP, first + int(active[-1]) * HOP + FRAME
        kept = max(first, speech[0] - MARGIN), min(last, speech[1] + MARGIN)
        if kept == (first, last):
            return *kept, *speech
        first, last = kept
    return None


def levels(signal: Signal) -> NDArray[Any]:
    """Return the smoothed level of each whole frame of ``signal`` in dB, (frames,); -120 for digital silence."""
    from scipy.ndimage import median_filter

    steps = signal[: len(signal) // STEP * STEP].reshape(-1, STEP).astype(np.float64)
    sums = np.stack([steps.sum(axis=1), np.square(steps).sum(axis=1)])  # (2, steps)
    frames = max(0, (sums.shape[1] - FRAME // STEP) // (HOP // STEP) + 1)
    every = [sums[:, first :: HOP // STEP][:, :frames] for first in range(FRAME // STEP)]
    mean, square = np.sum(every, axis=0) / FRAME  # (frames,) each
    level = 10 * np.log10(np.maximum(square - mean**2, 0) + 1e-12)
    return np.asarray(median_filter(level, SMOOTHED, mode="nearest")) if frames else level


def _active(level: NDArray[Any]) -> NDArray[Any]:
    """Return the frames that reach the threshold; none where all are digital silence."""
    sounding = level[level > 20 * np.log10(SILENCE)]
    if not sounding.size:
        return np.array([], dtype=np.int64)
    loudest, quietest = float(sounding.max()), float(sounding.min())
    threshold = max(loudest - DEPTH, min(quietest + ABOVE_NOISE, loudest - LEAST_DEPTH))
    return np.flatnonzero(level >= threshold)
