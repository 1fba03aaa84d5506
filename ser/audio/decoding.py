"""Recordings as files in which every frame can be reached exactly: by libsndfile, or decoded once, by FFmpeg.

libsndfile reads what it reads exactly, sample by sample. Everything else that is compressed is decoded from beginning
to end into a temporary file, because a position in it cannot be reached without what comes before. A thread keeps the
recording that it opened last, so that many utterances of one recording are read in one pass.
"""

import errno
import math
import os
import tempfile
import threading
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any

import numpy as np
import soundfile

from ser.audio import lengths
from ser.audio.formats import MP3, WAV, AudioFormat, recognise
from ser.audio.headers import completed, header, missing_bytes
from ser.audio.statistics import Signal
from ser.errors import SerError

BLOCK = 1 << 18  # frames read at a time: hours fit into memory, and no header decides how much memory is used
PIECE = 1 << 16  # frames converted at a time
WIDE = 8  # channels; with more, fewer frames are read at a time
LONGEST_FILM = 12 * 3600  # seconds: a film is decoded to disk, and a small file can hold days of silence
RATES = (1_000, 1_000_000)  # Hz, lowest and highest
SUBTYPES = ("PCM_", "FLOAT", "DOUBLE", "ULAW", "ALAW", "IMA_ADPCM", "MS_ADPCM")  # of which each frame can be reached
DECLARING = ("mov", "wv", "tta", "ape")  # demuxers that know how long a track is
DECLARING_ALL = ("matroska", "flv", "asf")  # that know how long the whole is
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)  # of the folder for temporary files
UNDECLARED = 0.1  # seconds of sound after what a header declares
GAPS = 0.5  # seconds by which the times of a track may leave sound out
SHORTER = 0.25  # seconds by which the sound of such a track may be shorter than declared
TAGS = (b"ID3", b"TAG", b"APETAGEX", b"LYRICSBEGIN")  # begin what is no sound between joined MP3 files
RAW = {".aac": "aac", ".g722": "g722", ".mp3": "mp3", ".ts": "mpegts"}  # suffix: demuxer, where no header is found
RAW_SAMPLES = "'sox -t raw -r RATE -e signed -b 16 -c CHANNELS IN OUT.wav' gives them one"  # where they have none

Note = tuple[str, str]  # name of a check that a file does not pass, and what was found


class TooLongError(SerError):
    """A recording lasts longer than it may."""


class _Last(threading.local):
    """The recording that a thread opened last."""

    identity: tuple[Path, int, int] | None = None
    file: soundfile.SoundFile | None = None
    fault = SerError()  # where it could not be opened
    notes: tuple[Note, ...] = ()


_LAST = _Last()


def opened(path: Path, longest: float = math.inf) -> soundfile.SoundFile:
    """Return the recording, open until the thread opens another: do not close it.

    longest: seconds that are decoded at most, of a film never more than ``LONGEST_FILM``; TooLongError beyond.
    SerError if there is none, it is no audio, holds no sample, or is shorter than it declares.
    """
    try:
        if not path.is_file():
            raise SerError(f"{path}: {'is a folder' if path.is_dir() else 'does not exist'}.")
        status = path.stat()
        identity = (path.absolute(), status.st_size, status.st_mtime_ns)
        if _LAST.identity != identity:
            close()
            try:
                _LAST.file = _open(path, status.st_size, longest)
            except SerError as error:  # the same for each of its utterances, without decoding it again
                _LAST.fault = error
            _LAST.identity = identity
        if _LAST.file is None:
            raise type(_LAST.fault)(str(_LAST.fault))
        return _LAST.file
    except OSError as error:
        if error.errno in FULL:  # no fault of the recording, which 'allow' could leave out
            raise OSError(error.errno, error.strerror, tempfile.gettempdir()) from error
        raise SerError(f"{path}: cannot be read as audio ({reason(error)}).") from error


def notes() -> tuple[Note, ...]:
    """Return what is strange about the recording that the thread opened last."""
    return _LAST.notes


def _note(kind: str, found: str) -> None:
    _LAST.notes = (*_LAST.notes, (kind, found))


def close() -> None:
    """Forget the recording that the thread opened last."""
    if _LAST.file is not None:
        _LAST.file.close()
    _LAST.identity, _LAST.file, _LAST.fault, _LAST.notes = None, None, SerError(), ()


def blocks(file: soundfile.SoundFile, first: int, last: int, path: Path) -> Iterator[Signal]:
    """Yield the frames from ``first`` to ``last`` in blocks, (frames, channels); SerError if the file ends before."""
    step = max(1, BLOCK * WIDE // max(WIDE, file.channels))
    for begin in range(first, last, step):
        wanted = min(step, last - begin)
        try:
            if file.seekable() and file.tell() != begin:
                file.seek(begin)
            block: Signal = file.read(wanted, dtype="float32", always_2d=True)
        except (soundfile.SoundFileError, OSError) as error:
            raise SerError(f"{path}: cannot be decoded at frame {begin} ({reason(error)}).") from error
        if len(block):
            yield block
        if len(block) < wanted:
            done = begin - first + len(block)
            raise SerError(f"{path}: is truncated: {done} of {last - first} frames can be read.")


def reason(error: Exception) -> str:
    """Return the message of a library without the path, which soundfile puts before and FFmpeg after its own text."""
    return str(getattr(error, "strerror", None) or error).rsplit(": ", 1)[-1].rstrip(".")


def _open(path: Path, size: int, longest: float) -> soundfile.SoundFile:
    if size == 0:
        raise SerError(f"{path}: is an empty file.")
    if declared := missing_bytes(path):
        raise SerError(f"{path}: is truncated: {declared}.")
    found = recognise(path)
    if found and not found.demuxer and not found.libsndfile:
        remedy = f"; {found.remedy}" if found.remedy else ""
        raise SerError(f"{path}: cannot be read as audio: it is {found.title}{remedy}.")
    if lengths.lost_end(path, found):
        raise SerError(f"{path}: is truncated: it ends within a page.")
    if lengths.joined(path, found):
        raise SerError(
            f"{path}: is several files joined into one, of which only the first can be read; take them apart."
        )
    file = _by_libsndfile(path, found, longest)
    file = _by_ffmpeg(path, found, longest) if file is None else file
    if RATES[0] <= file.samplerate <= RATES[1] and file.frames:
        more = lengths.surplus(path)
        if (after := more / max(1, size - more) * file.frames / file.samplerate) > UNDECLARED:
            _note("undeclared-sound", f"{after:.2f} s may follow what the header of its file declares")
        return file
    rate, frames = file.samplerate, file.frames
    file.close()
    if not frames:
        raise SerError(f"{path}: holds no samples.")
    raise SerError(f"{path}: {rate} Hz is not a rate of speech; allowed: {RATES[0]} to {RATES[1]} Hz.")


def _by_libsndfile(path: Path, found: AudioFormat | None, longest: float) -> soundfile.SoundFile | None:
    """Return the recording as libsndfile reads it; None where it cannot or would not read all, and FFmpeg may."""
    if found and not (found.libsndfile and lengths.known(path, found)):
        return None
    source = completed(path) or (os.open(path, os.O_RDONLY) if found else path)  # without a name: no guess by suffix
    try:
        file = soundfile.SoundFile(source)
    except (soundfile.SoundFileError, TypeError) as error:  # TypeError: formats without a header (.raw) need a rate
        if (found and found.demuxer) or path.suffix.lower() in RAW:
            return None
        unknown = "" if found else f"; samples without a header: {RAW_SAMPLES}"
        raise SerError(f"{path}: cannot be read as audio ({reason(error)}{unknown}).") from error
    if found is None and file.format == "MP3":  # after bytes that are none
        file.close()
        return _by_ffmpeg(path, MP3, longest)
    if file.format == "RAW" and path.suffix.lower() in (".au", ".snd"):  # libsndfile takes anything for 8 kHz μ-law
        file.close()
        raise SerError(f"{path}: cannot be read as audio: it has no AU header.")
    if file.frames > longest * file.samplerate:
        file.close()
        raise _too_long(path, longest)
    if file.seekable() and file.subtype.startswith(SUBTYPES):
        return file
    with file:
        decoded = TemporaryFile()  # noqa: SIM115 (open until the next recording)
        for block in blocks(file, 0, file.frames, path):
            decoded.write(np.ascontiguousarray(block).data)
        return _raw(decoded, file.samplerate, file.channels)


def _raw(decoded: IO[bytes], rate: int, channels: int) -> soundfile.SoundFile:
    decoded.seek(0)
    return soundfile.SoundFile(decoded, "r", rate, channels, "FLOAT", "FILE", "RAW")


def _by_ffmpeg(path: Path, found: AudioFormat | None, longest: float) -> soundfile.SoundFile:
    """Return the first audio track, decoded to the end; SerError if there is none, or less than it declares."""
    title = found.title if found else f"a file '{path.suffix}'"
    try:
        import av
    except ImportError as error:
        raise SerError(f"{path}: is {title}, which needs FFmpeg: pip install 'ser[video]'.") from error
    source, demuxer = str(path.absolute()), found.demuxer if found else RAW[path.suffix.lower()]
    if found is WAV and header(path).codec == lengths.MP3_IN_WAV:
        begin, end = lengths.part(path)
        source, demuxer = f"subfile,,start,{begin},end,{end},,:{source}", "mp3"
    decoded = TemporaryFile()  # noqa: SIM115 (open until the next recording)
    try:
        options = {"protocol_whitelist": "file,subfile"}
        with av.open(source, format=demuxer, options=options, metadata_errors="replace") as container:
            rate, channels = _decode(path, container, demuxer, min(longest, LONGEST_FILM), decoded)
    except (av.FFmpegError, ValueError, IndexError) as error:  # IndexError: a stream that the head does not name
        decoded.close()
        damaged = ", but may be damaged or truncated" if isinstance(error, av.error.InvalidDataError) else ""
        raise SerError(
            f"{path}: cannot be read as audio (it begins like {title}{damaged}; {reason(error)})."
        ) from error
    except SerError:
        decoded.close()
        raise
    return _raw(decoded, rate, channels)


def _decode(path: Path, container: Any, demuxer: str, longest: float, to: IO[bytes]) -> tuple[int, int]:
    """Write the first audio track to ``to``, frame by frame as float32; return its rate and channels."""
    import av

    tracks = container.streams.audio
    if not tracks:
        raise SerError(f"{path}: has no audio track.")
    if len(tracks) > 1:
        _note("other-tracks", f"has {len(tracks)} tracks of sound, of which the first is read")
    form, frames, waiting = (0, 0), 0, av.AudioFifo()  # many frames at a time: a call for each takes most of the time
    # keeps rate and channels; packed, since PyAV 18 counts nine planes for eight channels
    to_float = av.AudioResampler(format="flt")
    begun, ended = None, None  # seconds, by the times of the track
    for frame in chain(_frames(container, tracks[0]), [None]):
        if frame is not None:
            form = _form(form, frame, frames, path)
            frames += frame.samples
            begun = frame.time if begun is None else begun
            ended = (frame.time, frame.samples)
            frame.pts = None  # a gap in time is none in the sound
            waiting.write(frame)
        if frames > longest * max(1, form[0]):
            raise _too_long(path, longest)
        if waiting.samples >= PIECE or (frame is None and waiting.samples):
            for part in to_float.resample(waiting.read()):
                to.write(part.to_ndarray().data)
    if not frames or ended is None:
        raise SerError(f"{path}: holds no samples.")
    seconds, last = frames / form[0], None if ended[0] is None else ended[0] + ended[1] / form[0]
    if begun is not None and container.start_time is not None:  # pictures may begin before the sound
        begun = min(begun, container.start_time / 1e6)
    _check_times(path, seconds, begun, last, _declared_seconds(container, tracks[0], demuxer))
    return form


def _too_long(path: Path, longest: float) -> TooLongError:
    return TooLongError(f"{path}: has more than {longest / 60:g} minutes of sound; cut it into parts.")


def _check_times(path: Path, seconds: float, begun: float | None, ended: float | None, declared: float) -> None:
    """Raise SerError if a track is shorter than declared; note times that leave sound out.

    seconds: of the sound; begun, ended: of the whole and of the track by their times, None where it has none. A
    recorder that leaves silence out is not truncated, but has gaps between its times.
    """
    reached = max(seconds, ended or 0.0)
    if reached < declared - SHORTER:
        raise SerError(f"{path}: is truncated: {reached:.2f} of {declared:.2f} s can be read.")
    if begun is not None and ended is not None and ended - begun - seconds > GAPS:
        _note("gaps", f"its times leave out {ended - begun - seconds:.2f} s, which start and end of rows do not count")


def _declared_seconds(container: Any, track: Any, demuxer: str) -> float:
    """Return how long a track is by its header; 0 where that declares nothing, or counts a film's pictures in."""
    if demuxer in DECLARING and track.duration:
        return float(track.duration * track.time_base)
    if demuxer in DECLARING_ALL and container.duration and len(container.streams) == 1:
        return float(container.duration / 1e6)
    return 0.0


def _frames(container: Any, track: Any) -> Iterator[Any]:
    """Yield the decoded frames of a track; tags between joined MP3 files are left out."""
    import av

    for packet in container.demux(track):
        try:
            yield from packet.decode()
        except av.error.InvalidDataError:
            if not bytes(packet).startswith(TAGS):
                raise


def _form(form: tuple[int, int], frame: Any, frames: int, path: Path) -> tuple[int, int]:
    """Return rate and channels of ``frame``; SerError if they are not ``form``, those of the ``frames`` before."""
    here = frame.sample_rate, frame.layout.nb_channels
    if frames and here != form:
        before, after = (f"{channels} channels at {rate} Hz" for rate, channels in (form, here))
        raise SerError(f"{path}: changes from {before} to {after} after {frames / form[0]:.2f} s; cut it there.")
    return here
