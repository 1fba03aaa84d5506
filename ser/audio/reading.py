"""Recordings: read, check for faults, mix down, resample.

What libsndfile or FFmpeg reads, whatever the name of the file (``ser.audio.decoding``), with any number of channels.
Samples are float32, −1…1 for integer formats.
"""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import soundfile
import soxr

from ser.audio.decoding import Note, blocks, notes, opened
from ser.audio.statistics import ChannelStatistics, Signal, best_channel, statistics
from ser.bounds import Channel
from ser.errors import SerError

RATE = 16_000  # Hz, of everything after the resample stage
SILENCE = 1e-5  # peak below which a recording is silent; a 16-bit step is 3e-5
EDGE = 0.011  # seconds by which an end may exceed the file's: transcripts round to hundredths
LONGEST = 1 << 28  # samples in memory at once, 1 GiB: 93 minutes of mono at 48 kHz
LOUDEST = 1e10  # full scale is 1; 32-bit integers stored as floats are below this
CANCELLED = 0.1  # of the power of channels, relative to what unrelated ones leave: 10 dB

UNREADABLE = np.empty((0, 1), np.float32)


@dataclass(frozen=True)
class Inspection:
    """The properties of a recording, and its first fault if it has one.

    ``seconds`` is the length of the part between start and end. ``fault`` is a phrase for a message, ``kind`` its
    class: ``unreadable`` (missing, unreadable, empty, truncated, not finite, start or end outside), ``silent``,
    ``opposite-phase``, ``short``; both are None without a fault. Unknown rate, channels and seconds are 0.
    ``notes``: checks that the file does not pass, with what was found.
    """

    rate: int
    channels: int
    seconds: float
    fault: str | None = None
    kind: str | None = None
    notes: tuple[Note, ...] = ()
    statistics: ChannelStatistics | None = field(default=None, compare=False, repr=False)


def read(path: Path, start: float | None = None, end: float | None = None) -> tuple[Signal, int]:
    """Return the samples between ``start`` and ``end`` in seconds (None: of the whole file), and the rate in Hz.

    The signal is float32, (frames, channels). SerError if the file is missing, unreadable or a film without sound, if
    start or end are outside it, or if it has fewer frames than it declares.
    """
    file = opened(path)
    first, last = _span(file, start, end, path)
    samples = np.concatenate([np.empty((0, file.channels), np.float32), *blocks(file, first, last, path)])
    return samples, int(file.samplerate)


def mono(signal: Signal, channel: Channel = "mix") -> Signal:
    """Return one channel or the mean over the channels: (frames, channels) -> (frames,).

    first, left: the first; right: the second, or the only one; best: the one with the most power above its own noise.
    """
    if signal.shape[1] == 1:
        return signal[:, 0]
    if channel == "mix":
        return signal.mean(axis=1, dtype=np.float32)
    return signal[:, best_channel(signal) if channel == "best" else int(channel == "right")]


def resample(signal: Signal, rate: int) -> Signal:
    """Return ``signal``, (frames,), at 16 kHz by the soxr resampler's HQ setting (linear phase, 20 bits).

    The level is unchanged; a signal at full scale may overshoot 1 slightly.
    """
    return signal if rate == RATE else np.asarray(soxr.resample(signal, rate, RATE, quality="HQ"))


def load(path: Path, start: float | None = None, end: float | None = None, channel: Channel = "mix") -> Signal:
    """Return the recording, or its part between ``start`` and ``end`` seconds, as mono float32 at 16 kHz."""
    signal, rate = read(path, start, end)
    return np.ascontiguousarray(resample(mono(signal, channel), rate), dtype=np.float32)


def inspect(
    path: Path,
    start: float | None = None,
    end: float | None = None,
    minimum_seconds: float = 0.0,
    channel: Channel = "mix",
) -> Inspection:
    """Read the recording between ``start`` and ``end`` seconds (None: all of it) and return its properties and fault.

    No SerError: a fault is part of the result. Silent: without its offset, no sample of the channels that ``channel``
    reads reaches ``SILENCE``. Opposite phase: the mean over the channels has less than ``CANCELLED`` of the power that
    unrelated channels leave.
    """
    return examine(path, start, end, minimum_seconds, channel)[0]


def examine(
    path: Path, start: float | None, end: float | None, minimum_seconds: float, channel: Channel
) -> tuple[Inspection, Signal]:
    """Return what ``inspect`` returns, and the samples, (frames, channels); none where they cannot be read."""
    rate, channels, seconds = 0, 0, 0.0
    try:
        file = opened(path)
        rate, channels = int(file.samplerate), int(file.channels)
        first, last = _span(file, start, end, path)
        seconds = (last - first) / rate
        signal = read(path, start, end)[0]
        if not np.isfinite(signal).all():
            raise SerError(f"{path}: holds samples that are not numbers (NaN or infinite).")
        if (loudest := float(max(signal.max(), -signal.min()))) > LOUDEST:
            raise SerError(f"{path}: holds samples of {loudest:.0e}, where 1 is full scale.")
    except SerError as error:
        reason = str(error).removeprefix(f"{path}: ").rstrip(".")
        return Inspection(rate, channels, seconds, reason, "unreadable"), UNREADABLE
    about = statistics(signal if channel == "mix" else mono(signal, channel)[:, None])
    whole = statistics(signal) if channel != "mix" and channels > 1 else about
    kind, fault = _fault(about, seconds, minimum_seconds)
    return Inspection(rate, channels, seconds, fault, kind, notes(), whole), signal


def _fault(about: ChannelStatistics, seconds: float, minimum_seconds: float) -> tuple[str | None, str | None]:
    """Return the first fault of what is read of a recording: its kind and a phrase."""
    if about.swing < SILENCE:
        offset = float(about.mean[np.abs(about.mean).argmax()])
        besides = f" but for an offset of {offset:.3g}" if abs(offset) >= SILENCE else ""
        return "silent", f"is silent{besides}: its peak is {about.swing:.1e}"
    if about.mixed < CANCELLED:
        lost = -10 * np.log10(max(about.mixed / len(about.power), 1e-12))
        return "opposite-phase", f"its channels cancel each other: their mean is {lost:.0f} dB below them"
    if seconds < minimum_seconds:
        return "short", f"lasts {seconds:.3f} s, less than {minimum_seconds:g} s"
    return None, None


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
    if last <= first:
        raise SerError(f"{path}: end {length if end is None else end:g} s is not after start {start or 0:g} s.")
    return first, last
