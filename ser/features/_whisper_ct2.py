"""Whisper's encoder through CTranslate2, without torch: the last layer, a row every 20 ms."""

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from io import BufferedReader
from pathlib import Path
from typing import Any

import numpy as np

from ser.errors import SerError
from ser.features._frames import RATE, Matrix, Signal, require
from ser.features._windows import HOP_SAMPLES, joined, windows
from ser.layers.pretrained import SIZES, Pretrained, is_folder, local_files, located

NEEDED, WEIGHTS = ("config.json",), ("model.bin",)
LONGEST = 30.0  # seconds
SPEC = "WhisperSpec"  # name of the network in the file of weights
MELS = "encoder/conv1/weight"  # (width, mels, 3)
VERSION = 6  # newest layout of the file that is known


@dataclass(frozen=True)
class WhisperReading:
    """The options of an extractor; see ``ser.features.ctranslate2_frames``."""

    model: str
    revision: str | None = None
    sha256: str | None = None
    window: float = LONGEST
    overlap: float = 2.0
    padding: float = LONGEST
    compute_type: str = "float32"
    device: str = "auto"

    def files(self) -> list[Path]:
        """Return the local files that the values depend on: none of a model on the hub."""
        return local_files(self.model, self.revision, NEEDED, WEIGHTS)

    def located(self) -> Pretrained:
        """Return the model on disk, downloaded where the hub's cache lacks it."""
        return located(self.model, self.revision, needed=NEEDED, weights=WEIGHTS, sha=self.sha256)

    def width(self) -> int:
        """Return the values of a row; of a published model without its files."""
        if not is_folder(self.model) and self.model in SIZES:
            return SIZES[self.model][0]
        files = self.files()
        return shape(files[-1] if files else self.located().weights)[0]

    def provenance(self) -> str:
        """Return one line: the model, its weights, its licence, and the number format."""
        padded = "" if self.padding == LONGEST else f", padded to {self.padding:g} s"
        return f"{self.located().provenance()}; last layer, {self.compute_type}{padded}"


def states(signals: Sequence[Signal], rate: int, reading: WhisperReading) -> list[Matrix]:
    """Return the rows of every utterance, (rows, width), float32: those of its sound, not of the silence after it.

    SerError for another rate than 16 kHz, an utterance shorter than a row, or a window longer than 30 s.
    """
    for signal in signals:
        require(signal, rate, minimum=HOP_SAMPLES)
    for name in ("window", "padding"):
        if (seconds := getattr(reading, name)) > LONGEST:
            raise SerError(f"{name}={seconds:g} s: Whisper reads {LONGEST:g} s at most.")
    found = reading.located()
    _, mels = shape(found.weights)
    changed = found.weights.stat().st_mtime_ns
    network = _load(found.folder, found.weights, changed, reading.device, reading.compute_type)
    return [_rows(signal, reading, network, mels) for signal in signals]


def _rows(signal: Signal, reading: WhisperReading, network: Any, mels: int) -> Matrix:
    import ctranslate2

    cuts = windows(-(-len(signal) // HOP_SAMPLES), reading.window, reading.overlap)
    parts = []
    for cut in cuts:
        length = max(cut.end - cut.first, round(reading.padding * RATE / HOP_SAMPLES)) * HOP_SAMPLES
        samples = np.zeros(length, np.float32)
        piece = signal[cut.first * HOP_SAMPLES : cut.end * HOP_SAMPLES]
        samples[: len(piece)] = piece
        spectrum = np.ascontiguousarray(_log_mel(mels)(samples, padding=0)[None], dtype=np.float32)
        rows = np.array(network.encode(ctranslate2.StorageView.from_array(spectrum), to_cpu=True), np.float32)[0]
        parts.append(rows[: cut.end - cut.first])
    return joined(parts, cuts)


@cache
def _log_mel(mels: int) -> Any:
    from faster_whisper.feature_extractor import FeatureExtractor

    return FeatureExtractor(feature_size=mels)


@cache
def _load(folder: Path, weights: Path, _changed: int, device: str, compute_type: str) -> Any:
    import ctranslate2

    if device == "auto":
        device = "cuda" if ctranslate2.get_cuda_device_count() else "cpu"
    try:  # one thread: the last bits depend on the number of cores
        return ctranslate2.models.Whisper(str(folder), device=device, compute_type=compute_type, intra_threads=1)
    except (RuntimeError, ValueError, OSError) as error:
        raise SerError(f"{weights} cannot be loaded on {device} as {compute_type}: {error}.") from error


def shape(weights: Path) -> tuple[int, int]:
    """Return the width of a layer and the number of mel bands; SerError unless the file holds a Whisper model."""
    return _shape(weights, weights.stat().st_mtime_ns)


@cache
def _shape(weights: Path, _changed: int) -> tuple[int, int]:
    try:
        with weights.open("rb") as file:
            (version,) = struct.unpack("<I", file.read(4))
            name = _text(file) if 2 <= version <= VERSION else ""
            if name != SPEC:
                raise SerError(f"{weights} does not hold a Whisper model in CTranslate2's format.")
            for variable, sizes in _variables(file, version):
                if variable == MELS and len(sizes) == 3:
                    return sizes[0], sizes[1]
    except (struct.error, OSError, ValueError) as error:  # ValueError: the file ends, or a name is no text
        raise SerError(f"{weights} is damaged or in no format of CTranslate2 ({error}).") from error
    raise SerError(f"{weights} has no variable {MELS} of three dimensions: it is no Whisper model.")


def _variables(file: BufferedReader, version: int) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Yield name and shape of every variable, without reading its values."""
    _revision, count = struct.unpack("<II", file.read(8))
    for _ in range(count):
        name = _text(file)
        (rank,) = file.read(1)
        sizes = struct.unpack(f"<{rank}I", file.read(4 * rank))
        item, length = struct.unpack("<BI", file.read(5))
        yield name, sizes
        file.seek(length if version >= 4 else item * length, 1)


def _text(file: BufferedReader) -> str:
    (length,) = struct.unpack("<H", file.read(2))
    return file.read(length).rstrip(b"\0").decode()
