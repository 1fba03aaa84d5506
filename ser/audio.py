"""Recordings: read, look for faults, mix down, resample.

Any format and number of channels that libsndfile reads, and the first audio track of AVI, MP4 and the like, by
FFmpeg, at any rate that speech is recorded at. Samples are float32, -1…1 for integer formats.
"""

import threading
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import soundfile
import soxr

from ser.audio_headers import missing_bytes
from ser.errors import SerError

if TYPE_CHECKING:
    import av

RATE = 16_000  # Hz, of everything after the resample stage
SILENCE = 1e-5  # peak below which nothing was recorded; a 16-bit step is 3e-5
EDGE = 0.011  # seconds that an end may lie behind the file's: transcripts round to hundredths
BLOCK = 1 << 18  # frames read at a time: a recording of hours fits into memory, and no header decides how much is taken
WIDE = 8  # channels; of a recording with more, fewer frames are read at a time
KEPT = 1 << 20  # frames of a film that may be read again, since utterances overlap: 22 s at 48 kHz
LONGEST = 1 << 28  # samples that are held at once, 1 GiB: 93 minutes of mono at 48 kHz
RATES = (1_000, 1_000_000)  # Hz; the least and the most that a recording of speech may have
LOUDEST = 1e10  # of full scale 1; integers of 32 bits that were stored as they are stay below
CONTAINERS = {".avi", ".m4a", ".mkv", ".mov", ".mp4", ".mpg", ".webm", ".wmv"}  # read by FFmpeg

Signal = np.ndarray[Any, np.dtype[np.float32]]


@dataclass(frozen=True)
class Inspection:
    """What a recording is like, and its first fault if it has one.

    ``seconds`` is the length of the part between start and end. ``fault`` is a phrase for a message, ``kind`` what it
    counts as: ``unreadable`` (missing, unreadable, empty, truncated, not finite, start or end outside), ``silent``,
    ``short``; both are None for a sound recording. Rate, channels and seconds are 0 where they are not known.
    """

    rate: int
    channels: int
    seconds: float
    fault: str | None = None
    kind: str | None = None


def read(path: Path, start: float | None = None, end: float | None = None) -> tuple[Signal, int]:
    """Return the samples between ``start`` and ``end`` in seconds (None: of the whole file), and the rate in Hz.

    The signal is float32, (frames, channels). SerError if the file is missing, unreadable or a film without sound, if
    start or end lie outside it, or if it holds fewer frames than it declares.
    """
    with _open(path) as file:
        first, last = _span(file, start, end, path)
        samples = np.concatenate([np.empty((0, file.channels), np.float32), *_blocks(file, first, last, path)])
        if len(samples) < last - first:
            raise SerError(f"{path}: is truncated: {len(samples)} of {last - first} frames can be read.")
        return samples, int(file.samplerate)


def mono(signal: Signal) -> Signal:
    """Return the mean over the channels: (frames, channels) -> (frames,)."""
    return signal[:, 0] if signal.shape[1] == 1 else signal.mean(axis=1, dtype=np.float32)


def resample(signal: Signal, rate: int, to: int = RATE) -> Signal:
    """Return ``signal``, (frames,), at ``to`` Hz by the soxr resampler's HQ setting (linear phase, 20 bits).

    The level is kept; a signal at full scale may ring a little above 1.
    """
    if rate == to:
        return signal
    resampled: Signal = soxr.resample(signal, rate, to, quality="HQ")
    return resampled


def load(path: Path, start: float | None = None, end: float | None = None, *, to: int = RATE) -> Signal:
    """Return the recording, or its part between ``start`` and ``end`` seconds, as mono float32 at ``to`` Hz."""
    signal, rate = read(path, start, end)
    return np.ascontiguousarray(resample(mono(signal), rate, to), dtype=np.float32)


def inspect(
    path: Path, start: float | None = None, end: float | None = None, minimum_seconds: float = 0.0
) -> Inspection:
    """Read the recording between ``start`` and ``end`` seconds (None: all of it) and return what was found.

    Nothing is raised: a fault is an entry of the result. Silent: the peak of the mono mix is below ``SILENCE``.
    """
    try:
        with _open(path) as file:
            rate, channels = int(file.samplerate), int(file.channels)
            if declared := missing_bytes(path):
                return Inspection(rate, channels, 0.0, f"is truncated: {declared}", "unreadable")
            if file.frames == 0:
                return Inspection(rate, channels, 0.0, "holds no samples", "unreadable")
            first, last = _span(file, start, end, path)
            fault, kind = _faults(file, first, last, path)
    except SerError as error:
        return Inspection(0, 0, 0.0, str(error).removeprefix(f"{path}: ").rstrip("."), "unreadable")
    seconds = (last - first) / rate
    if fault is None and seconds < minimum_seconds:
        fault, kind = f"lasts {seconds:.3f} s, less than {minimum_seconds:g} s", "short"
    return Inspection(rate, channels, seconds, fault, kind)


def _faults(file: "Recording", first: int, last: int, path: Path) -> tuple[str | None, str | None]:
    """Read the frames from ``first`` to ``last`` block by block; return the fault and its kind, or None twice."""
    done, peak = 0, 0.0
    for block in _blocks(file, first, last, path):
        done += len(block)
        if not np.isfinite(block).all():
            return "holds samples that are not numbers (NaN or infinite)", "unreadable"
        if (loudest := float(np.abs(block).max())) > LOUDEST:
            return f"holds samples of {loudest:.0e}, where 1 is full scale", "unreadable"
        peak = max(peak, float(np.abs(mono(block)).max()))
    if done < last - first:
        return f"is truncated: {done} of {last - first} frames can be read", "unreadable"
    return (f"is silent: its peak is {peak:.1e}", "silent") if peak < SILENCE else (None, None)


def _blocks(file: "Recording", first: int, last: int, path: Path) -> Iterator[Signal]:
    """Yield the frames from ``first`` to ``last`` piece by piece; they end early where the file does."""
    step = max(1, BLOCK * WIDE // max(WIDE, file.channels))
    for begin in range(first, last, step):
        wanted = min(step, last - begin)
        block = _frames(file, begin, wanted, path)
        if len(block):
            yield block
        if len(block) < wanted:
            return


class _Track:
    """The first audio track of a container: what SoundFile offers, as far as it is used here.

    How many frames it holds stands in no header, so that opening decodes it once, piece by piece. Nor can it be entered
    in the middle, so that a thread keeps the track that it opened last, and goes on where it is. SerError where there
    is no track, no sample, or less than an AVI declares.
    """

    def __init__(self, path: Path):
        self._path = path
        self.frames = self.samplerate = self.channels = 0
        if path.suffix.lower() == ".avi" and (declared := missing_bytes(path)):
            raise SerError(f"{path}: is truncated: {declared}.")
        for part in _decoded(path):
            self.frames += part.samples
            self.samplerate, self.channels = part.sample_rate, part.layout.nb_channels
        if self.frames == 0:
            raise SerError(f"{path}: holds no samples.")
        self._begin()

    @classmethod
    def of(cls, path: Path) -> "_Track":
        """Return the track of ``path``; the one that this thread had before where it is the same."""
        status = path.stat()
        named = (path.absolute(), status.st_size, status.st_mtime_ns)
        if getattr(_BEFORE, "named", None) != named:
            _BEFORE.track, _BEFORE.named = cls(path), named
        track: _Track = _BEFORE.track
        return track

    def __enter__(self) -> "_Track":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Nothing: the file is let go of when the thread opens another."""

    def _begin(self) -> None:
        self._at, self._parts = 0, _decoded(self._path)
        self._rest = self._kept = np.empty((0, self.channels), np.float32)

    def tell(self) -> int:
        """Return the frame that is read next."""
        return self._at

    def seek(self, frame: int) -> None:
        """Go to ``frame``, from here or from the beginning: what lies between is decoded and dropped."""
        back = self._at - frame
        if 0 < back <= len(self._kept):
            self._rest = np.concatenate([self._kept[-back:], self._rest])
            self._kept, self._at = self._kept[:-back], frame
        elif back > 0:
            self._begin()
        while self._at < frame and len(self.read(min(BLOCK, frame - self._at))):
            pass

    def read(self, count: int, **_: object) -> Signal:
        """Return the next ``count`` frames, (frames, channels) float32; fewer at the end."""
        blocks = [np.empty((0, self.channels), np.float32)]
        while count > 0:
            if not len(self._rest):
                part = next(self._parts, None)
                if part is None:
                    break
                self._rest = np.asarray(part.to_ndarray().reshape(-1, self.channels), dtype=np.float32)
            blocks.append(self._rest[:count])
            self._rest = self._rest[count:]
            count -= len(blocks[-1])
            self._at += len(blocks[-1])
        samples = np.concatenate(blocks)
        self._kept = np.concatenate([self._kept, samples[-KEPT:]])[-KEPT:]
        return samples


def _decoded(path: Path) -> "Generator[av.AudioFrame]":
    """Yield a film's track piece by piece as packed float32; the film is closed with the generator."""
    import av

    try:
        with av.open(path.absolute()) as container:
            if not container.streams.audio:
                raise SerError(f"{path}: has no audio track.")
            # rate and channels stay as they are; packed, since PyAV 18 counts nine planes of eight channels
            to_float = av.AudioResampler(format="flt")
            for frame in container.decode(audio=0):
                yield from to_float.resample(frame)
    except (av.FFmpegError, ValueError) as error:  # ValueError: rate or channels change on the way
        _BEFORE.named = None
        raise SerError(f"{path}: cannot be read as audio ({_reason(error)}).") from error


_BEFORE = threading.local()  # named: path, size and time; track: of that file

Recording: TypeAlias = soundfile.SoundFile | _Track


def _open(path: Path) -> Recording:
    try:
        if not path.is_file():
            raise SerError(f"{path}: {'is a folder' if path.is_dir() else 'does not exist'}.")
        if path.stat().st_size == 0:
            raise SerError(f"{path}: is an empty file.")
        file = _Track.of(path) if path.suffix.lower() in CONTAINERS else soundfile.SoundFile(path)
        if not RATES[0] <= file.samplerate <= RATES[1]:
            file.close()
            raise SerError(f"{path}: {file.samplerate} Hz is no rate of speech; known: {RATES[0]} to {RATES[1]} Hz.")
        return file
    except (soundfile.SoundFileError, OSError, TypeError) as error:
        # TypeError: headerless formats (.raw) ask for a rate that nobody wrote down
        raise SerError(f"{path}: cannot be read as audio ({_reason(error)}).") from error


def _frames(file: Recording, first: int, count: int, path: Path) -> Signal:
    """Return ``count`` frames from frame ``first`` on, (frames, channels); fewer where the file ends early."""
    try:
        if file.tell() != first:
            file.seek(first)
        samples: Signal = file.read(count, dtype="float32", always_2d=True)
    except (soundfile.SoundFileError, OSError) as error:
        raise SerError(f"{path}: cannot be decoded at frame {first} ({_reason(error)}).") from error
    return samples


def _reason(error: Exception) -> str:
    # soundfile puts the path before libsndfile's own words, FFmpeg after its own
    return str(getattr(error, "strerror", None) or error).rsplit(": ", 1)[-1].rstrip(".")


def _span(file: Recording, start: float | None, end: float | None, path: Path) -> tuple[int, int]:
    """Return the first frame and the one after the last; an end at most EDGE behind the file's means the file's."""
    rate, frames = file.samplerate, file.frames
    length = frames / rate
    if start is not None and not 0 <= start < length:
        raise SerError(f"{path}: start {start:g} s lies outside the file, which lasts {length:.3f} s.")
    if end is not None and not 0 < end <= length + EDGE:
        raise SerError(f"{path}: end {end:g} s lies outside the file, which lasts {length:.3f} s.")
    first = 0 if start is None else round(start * rate)
    last = frames if end is None else min(frames, round(end * rate))
    if (last - first) * max(file.channels, RATE / rate) > LONGEST:
        raise SerError(
            f"{path}: {(last - first) / rate:.0f} s of {file.channels} channels at {rate} Hz are too much to hold; cut "
            "it up, or give start and end of its utterances."
        )
    if start is not None and last <= first:
        raise SerError(f"{path}: end {length if end is None else end:g} s is not after start {start:g} s.")
    return first, last
