"""What is to be predicted: files, folders, tables and standard input, one request per utterance or window."""

import struct
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np
import soundfile

from ser.audio import reading
from ser.audio.decoding import opened
from ser.audio.formats import SUFFIXES
from ser.corpus import Utterance
from ser.errors import SerError, offenders
from ser.files.listing import recordings
from ser.inference import none_rule
from ser.inference.none_rule import UnlikeError
from ser.inference.system import Signal, window_bounds
from ser.inference.trained import AudioSettings
from ser.preparation.trimming import Inspected, trimmed
from ser.user_table import file as table_file
from ser.user_table.cells import CellError, clean, seconds

COLUMNS = ("path", "utterance", "start", "end", "text", "speaker")
TABLES = (".csv", ".tsv")
LONGEST = 600.0  # seconds of one utterance: features and attention of more do not fit into memory everywhere
MOST_INPUT = 1 << 30  # bytes of standard input, 1 GiB: 9.3 hours of 16-bit mono at 16 kHz
BLOCK = 1 << 20  # bytes


class Sound(NamedTuple):
    """Samples, (samples,) float32 mono at 16 kHz; where they begin, seconds into the file; level, dB of full scale.

    The level is that before the silence was cut.
    """

    signal: Signal
    begin: float
    level: float


@dataclass(frozen=True)
class Request:
    """One utterance to predict. name: as it is given; start, end: seconds into the file; None: from or to its end."""

    path: Path
    name: str
    start: float | None = None
    end: float | None = None
    text: str | None = None
    speaker: str | None = None
    window: bool = False  # its bounds are a window's, not those of an utterance

    def __str__(self) -> str:
        span = "" if self.start is None and self.end is None else f" from {self.start or 0:g} s"
        return f"{self.name}{span}"


def requests(paths: Sequence[Path], speaker: str | None = None) -> list[Request]:
    """Return a request for every recording: the files, those below the folders, and the rows of the tables.

    speaker: of every request whose row has none. SerError where a folder has no recordings or a table no column
    ``path``; whether a file can be read is found out when it is.
    """
    found: list[Request] = []
    for path in paths:
        if path.is_dir():
            inside = [path / name for name in recordings(path, SUFFIXES, links=True)]
            if not inside:
                raise SerError(f"{path}: the folder has no recordings; suffixes that are looked for: wav, flac, mp3 ….")
            found += [Request(one, str(one)) for one in inside]
        elif path.suffix.lower() in TABLES:
            found += rows(path)
        else:
            found.append(Request(path, str(path)))
    return [replace(one, speaker=one.speaker or speaker) for one in found]


def with_text(found: list[Request], text: str | None) -> list[Request]:
    """Return the requests, the only one with ``text``; SerError for a text of several."""
    if text is not None and len(found) > 1:
        raise SerError(f"--text is the text of one utterance, and there are {len(found)}; give a CSV with path,text.")
    return found if text is None else [replace(one, text=text) for one in found]


def rows(path: Path) -> list[Request]:
    """Return the rows of the table at ``path``: a column path and any of utterance, start, end, text and speaker.

    Paths are relative to the table. An empty cell has no value. SerError naming the row that is broken.
    """
    if not path.is_file():
        raise SerError(f"{path} does not exist.")
    table = table_file.read(path, path.read_bytes(), {*COLUMNS, "file"})
    header = ["path" if name.casefold() == "file" else name.casefold() for name in table.header]
    if "path" not in header:
        raise SerError(f"{path}:1: there is no column 'path'; found: {offenders(header)}.")
    if table.faults:
        raise SerError(f"{table.faults[0].where}: {table.faults[0].reason}.")
    found = []
    for where, cells in table.rows:
        row = {name: clean(cell) for name, cell in zip(header, cells, strict=True) if name in COLUMNS}
        try:
            start, end = (seconds(row[name]) if row.get(name) else None for name in ("start", "end"))
        except CellError as error:
            raise SerError(f"{where}: {error}.") from error
        name = row.get("utterance") or row["path"]
        text, speaker = row.get("text") or None, row.get("speaker") or None
        found.append(Request(path.parent / row["path"], name, start, end, text, speaker))
    return found


def windows(request: Request, length: float, step: float) -> Iterator[Request]:
    """Yield the request of each window of ``length`` seconds of a recording; SerError where it cannot be read."""
    file = opened(request.path)
    first = request.start or 0.0
    last = min(file.frames / file.samplerate, request.end or float("inf"))
    for start, end in window_bounds(last - first, length, step):
        yield replace(request, start=first + start, end=first + end, window=True)


def signal(request: Request, audio: AudioSettings) -> Signal:
    """Return the samples of ``request``, as ``sound`` does."""
    return sound(request, audio).signal


def sound(request: Request, audio: AudioSettings) -> Sound:
    """Return the sound of ``request``, cut as the corpus's key ``trim`` says; a window is not cut.

    SerError with the reason, without the file's name, where it cannot be used; UnlikeError where it is silent or too
    short.
    """
    shortest, channel = audio.minimum_seconds, audio.channel
    try:
        file = opened(request.path)
        duration = (request.end or file.frames / file.samplerate) - (request.start or 0.0)
    except SerError as error:
        raise SerError(_reason(error, request.path)) from error
    if duration > LONGEST:
        raise SerError(
            f"lasts {duration:.0f} s, and one utterance at most {LONGEST:g} s; --window predicts it in parts."
        )
    recording, samples = reading.examine(request.path, request.start, request.end, shortest, channel)
    _refuse(recording)
    read = reading.resample(reading.mono(samples, channel), recording.rate)
    level = none_rule.level(read)
    if audio.trim == "none" or request.window:
        return Sound(np.ascontiguousarray(read, dtype=np.float32), request.start or 0.0, level)
    row = Utterance(request.name, request.path.name, request.name, start=request.start, end=request.end)
    kept = trimmed(read, Inspected(row, recording), audio.trim, shortest)
    _refuse(kept.recording)
    cut = reading.load(request.path, kept.row.start, kept.row.end, channel)
    return Sound(cut, kept.row.start or 0.0, level)


def _refuse(recording: reading.Inspection) -> None:
    """Raise SerError for the fault of a recording; UnlikeError where it is silent or too short."""
    if recording.fault is not None:
        reason = {"silent": none_rule.QUIET, "short": none_rule.SHORT}.get(recording.kind or "")
        text = f"{recording.fault}."
        raise SerError(text) if reason is None else UnlikeError(text, reason)


def _reason(error: SerError, path: Path) -> str:
    return str(error).removeprefix(f"{path}: ")


def standard_input(stream: BinaryIO, folder: Path, raw: int | None = None) -> Path:
    """Return a file in ``folder`` with the recording on ``stream``: any format that is read, or 16-bit mono samples.

    raw: rate in Hz of samples without a header, little-endian. SerError where there is nothing, or more than
    ``MOST_INPUT`` bytes, which a WAV declares before it is read.
    """
    first = stream.read(BLOCK)
    if not first:
        raise SerError("standard input is empty.")
    declared = struct.unpack("<I", first[4:8])[0] if first[:4] == b"RIFF" and len(first) >= 8 else 0
    if MOST_INPUT < declared < 0x7FFFFF00:  # beyond: a program that could not know the length
        raise SerError(f"standard input declares {declared >> 20} MiB, more than {MOST_INPUT >> 20} MiB; give a file.")
    with tempfile.NamedTemporaryFile(dir=folder, prefix="stdin-", delete=False) as file:
        written, block = 0, first
        while block:
            written += len(block)
            if written > MOST_INPUT:
                raise SerError(f"standard input has more than {MOST_INPUT >> 20} MiB; give a file.")
            file.write(block)
            block = stream.read(BLOCK)
    path = Path(file.name)
    if raw is None:
        return path
    if written % 2:
        raise SerError(f"standard input has {written} bytes, which is no whole number of 16-bit samples.")
    converted = path.with_suffix(".wav")
    with soundfile.SoundFile(converted, "w", raw, 1, "PCM_16") as wav, path.open("rb") as samples:
        while block := samples.read(BLOCK):
            wav.write(np.frombuffer(block, "<i2"))
    return converted
