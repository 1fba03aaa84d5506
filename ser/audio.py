"""Recordings: read, check for faults, mix down, resample.

What libsndfile or FFmpeg reads, whatever the name of the file (``ser.audio_decoding``), with any number of channels.
Samples are float32, −1…1 for integer formats.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
import soxr

from ser.audio_decoding import Signal, blocks, opened
from ser.errors import SerError

RATE = 16_000  # Hz, of everything after the resample stage
SILENCE = 1e-5  # peak below which a recording is silent; a 16-bit step is 3e-5
EDGE = 0.011  # seconds by which an end may exceed the file's: transcripts round to hundredths
LONGEST = 1 << 28  # samples in memory at once, 1 GiB: 93 minutes of mono at 48 kHz
LOUDEST = 1e10  # full scale is 1; 32-bit integers stored as floats are below this


@dataclass(frozen=True)
class Inspection:
    """The properties of a recording, and its first fault if it has one.

    ``seconds`` is the length of the part between start and end. ``fault`` is a phrase for a message, ``kind`` its
    class: ``unreadable`` (missing, unreadable, empty, truncated, not finite, start or end outside), ``silent``,
    ``short``; both are None without a fault. Unknown rate, channels and seconds are 0.
    """

    rate: int
    channels: int
    seconds: float
    fault: str | None = None
    kind: str | None = None


def read(path: Path, start: float | None = None, end: float | None = None) -> tuple[Signal, int]:
    """Return the samples between ``start`` and ``end`` in seconds (None: of the whole file), and the rate in Hz.

    The signal is float32, (frames, channels). SerError if the file is missing, unreadable or a film without sound, if
    start or end are outside it, or if it has fewer frames than it declares.
    """
    file = opened(path)
    first, last = _span(file, start, end, path)
    samples = np.concatenate([np.empty((0, file.channels), np.float32), *blocks(file, first, last, path)])
    return samples, int(file.samplerate)


def mono(signal: Signal) -> Signal:
    """Return the mean over the channels: (frames, channels) -> (frames,)."""
    return signal[:, 0] if signal.shape[1] == 1 else signal.mean(axis=1, dtype=np.float32)


def resample(signal: Signal, rate: int) -> Signal:
    """Return ``signal``, (frames,), at 16 kHz by the soxr resampler's HQ setting (linear phase, 20 bits).

    The level is unchanged; a signal at full scale may overshoot 1 slightly.
    """
    return signal if rate == RATE else np.asarray(soxr.resample(signal, rate, RATE, quality="HQ"))


def load(path: Path, start: float | None = None, end: float | None = None) -> Signal:
    """Return the recording, or its part between ``start`` and ``end`` seconds, as mono float32 at 16 kHz."""
    signal, rate = read(path, start, end)
    return np.ascontiguousarray(resample(mono(signal), rate), dtype=np.float32)


def inspect(
    path: Path, start: float | None = None, end: float | None = None, minimum_seconds: float = 0.0
) -> Inspection:
    """Read the recording between ``start`` and ``end`` seconds (None: all of it) and return its properties and fault.

    No SerError: a fault is part of the result. Silent: the peak of the mono mix is below ``SILENCE``.
    """
    rate, channels, seconds, peak = 0, 0, 0.0, 0.0
    try:
        file = opened(path)
        rate, channels = int(file.samplerate), int(file.channels)
        first, last = _span(file, start, end, path)
        seconds = (last - first) / rate
        for block in blocks(file, first, last, path):
            if not np.isfinite(block).all():
                raise SerError(f"{path}: holds samples that are not numbers (NaN or infinite).")
            if (loudest := float(np.abs(block).max())) > LOUDEST:
                raise SerError(f"{path}: holds samples of {loudest:.0e}, where 1 is full scale.")
            peak = max(peak, float(np.abs(mono(block)).max()))
    except SerError as error:
        return Inspection(rate, channels, seconds, str(error).removeprefix(f"{path}: ").rstrip("."), "unreadable")
    if peak < SILENCE:
        return Inspection(rate, channels, seconds, f"is silent: its peak is {peak:.1e}", "silent")
    if seconds < minimum_seconds:
        fault = f"lasts {seconds:.3f} s, less than {minimum_seconds:g} s"
        return Inspection(rate, channels, seconds, fault, "short")
    return Inspection(rate, channels, seconds)


def _span(file: soundfile.SoundFile, start: float | None, end: float | None, path: Path) -> tuple[int, int]:
    """Return the first frame and the one after the last; an end up to EDGE after the file's is the file's."""
    rate, frames = file.samplerate, file.frames
    length = frames / rate
    if start is not None and not 0 <= start < length:
        raise SerError(f"{path}: start {start:g} s is outside the file, which lasts {length:.3f} s.")
    if end is not None and not 0 < end <= length + EDGE:
        raise SerError(f"{path}: end {end:g} s is outside the file, which lasts {length:.3f} s.")
    first = 0 if start is None else round(start * rate)
    last = frames if end is None else min(frames, round(end * rate))
    if (last - first) * max(file.channels, RATE / rate) > LONGEST:
        raise SerError(
            f"{path}: {(last - first) / rate:.0f} s of {file.channels} channels at {rate} Hz do not fit into memory; "
            "split it, or give start and end of its utterances."
        )
    if start is not None and last <= first:
        raise SerError(f"{path}: end {length if end is None else end:g} s is not after start {start:g} s.")
    return first, last
