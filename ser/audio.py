"""Recordings: read, check for faults, mix down, resample.

libsndfile's formats, and the first audio track of AVI, MP4 and other containers through FFmpeg, with any number of
channels. Samples are float32, −1…1 for integer formats.
"""

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any

import numpy as np
import soundfile
import soxr

from ser.audio_headers import missing_bytes
from ser.errors import SerError

RATE = 16_000  # Hz, of everything after the resample stage
SILENCE = 1e-5  # peak below which a recording is silent; a 16-bit step is 3e-5
EDGE = 0.011  # seconds by which an end may exceed the file's: transcripts round to hundredths
BLOCK = 1 << 18  # frames read at a time: hours fit into memory, and no header decides how much memory is used
WIDE = 8  # channels; with more, fewer frames are read at a time
LONGEST = 1 << 28  # samples in memory at once, 1 GiB: 93 minutes of mono at 48 kHz
LONGEST_FILM = 12 * 3600  # seconds: a film is decoded to disk, and a small file can hold days of silence
RATES = (1_000, 1_000_000)  # Hz, lowest and highest
LOUDEST = 1e10  # full scale is 1; 32-bit integers stored as floats are below this
CONTAINERS = {".avi", ".m4a", ".mkv", ".mov", ".mp4", ".mpg", ".webm", ".wmv"}  # read by FFmpeg

Signal = np.ndarray[Any, np.dtype[np.float32]]


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
    with _open(path) as file:
        first, last = _span(file, start, end, path)
        samples = np.concatenate([np.empty((0, file.channels), np.float32), *_blocks(file, first, last, path)])
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
        with _open(path) as file:
            rate, channels = int(file.samplerate), int(file.channels)
            if declared := missing_bytes(path):
                raise SerError(f"{path}: is truncated: {declared}.")
            if file.frames == 0:
                raise SerError(f"{path}: holds no samples.")
            first, last = _span(file, start, end, path)
            seconds = (last - first) / rate
            for block in _blocks(file, first, last, path):
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


def _blocks(file: soundfile.SoundFile, first: int, last: int, path: Path) -> Iterator[Signal]:
    """Yield the frames from ``first`` to ``last`` in blocks; SerError if the file ends before."""
    step = max(1, BLOCK * WIDE // max(WIDE, file.channels))
    for begin in range(first, last, step):
        wanted = min(step, last - begin)
        try:
            if file.tell() != begin:
                file.seek(begin)
            block: Signal = file.read(wanted, dtype="float32", always_2d=True)
        except (soundfile.SoundFileError, OSError) as error:
            raise SerError(f"{path}: cannot be decoded at frame {begin} ({_reason(error)}).") from error
        if len(block):
            yield block
        if len(block) < wanted:
            done = begin - first + len(block)
            raise SerError(f"{path}: is truncated: {done} of {last - first} frames can be read.")


def _track(path: Path) -> soundfile.SoundFile:
    """Open the first audio track of a container, as float32 in a temporary file: FFmpeg finds no position exactly.

    A thread keeps the file of the track that it opened last, so that the utterances of a film are decoded once.
    SerError if there is no track, no sample, or less than an AVI declares.
    """
    status = path.stat()
    identity = (path.absolute(), status.st_size, status.st_mtime_ns)
    if getattr(_LAST, "identity", None) != identity:
        _LAST.identity, _LAST.decoded = None, TemporaryFile()  # noqa: SIM115 (open until the next film)
        _LAST.rate, _LAST.channels = _decode(path, _LAST.decoded)
        _LAST.identity = identity
    _LAST.decoded.seek(0)
    return soundfile.SoundFile(_LAST.decoded, "r", _LAST.rate, _LAST.channels, "FLOAT", "FILE", "RAW")


def _decode(path: Path, to: IO[bytes]) -> tuple[int, int]:
    """Write the first audio track of ``path`` to ``to``, frame by frame as float32; return its rate and channels."""
    import av

    if path.suffix.lower() == ".avi" and (declared := missing_bytes(path)):
        raise SerError(f"{path}: is truncated: {declared}.")
    rate = channels = frames = 0
    try:
        with av.open(path.absolute()) as container:
            if not container.streams.audio:
                raise SerError(f"{path}: has no audio track.")
            # keeps rate and channels; packed, since PyAV 18 counts nine planes for eight channels
            to_float = av.AudioResampler(format="flt")
            for part in (part for frame in container.decode(audio=0) for part in to_float.resample(frame)):
                rate, channels, frames = part.sample_rate, part.layout.nb_channels, frames + part.samples
                if frames > LONGEST_FILM * rate:
                    raise SerError(f"{path}: has more than {LONGEST_FILM / 3600:g} hours of sound; cut it into parts.")
                to.write(part.to_ndarray().data)
    except (av.FFmpegError, ValueError) as error:  # ValueError: rate or channels change
        raise SerError(f"{path}: cannot be read as audio ({_reason(error)}).") from error
    if not channels:
        raise SerError(f"{path}: holds no samples.")
    return rate, channels


_LAST = threading.local()  # identity: path, size and time; decoded: the track of that file, with its rate and channels


def _open(path: Path) -> soundfile.SoundFile:
    try:
        if not path.is_file():
            raise SerError(f"{path}: {'is a folder' if path.is_dir() else 'does not exist'}.")
        if path.stat().st_size == 0:
            raise SerError(f"{path}: is an empty file.")
        file = _track(path) if path.suffix.lower() in CONTAINERS else soundfile.SoundFile(path)
        if not RATES[0] <= file.samplerate <= RATES[1]:
            file.close()
            raise SerError(
                f"{path}: {file.samplerate} Hz is not a rate of speech; allowed: {RATES[0]} to {RATES[1]} Hz."
            )
        return file
    except (soundfile.SoundFileError, OSError, TypeError) as error:
        # TypeError: formats without a header (.raw) need a rate
        raise SerError(f"{path}: cannot be read as audio ({_reason(error)}).") from error


def _reason(error: Exception) -> str:
    # soundfile puts the path before libsndfile's message, FFmpeg after its own
    return str(getattr(error, "strerror", None) or error).rsplit(": ", 1)[-1].rstrip(".")


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
