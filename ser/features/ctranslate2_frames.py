"""Last layer of Whisper's encoder through CTranslate2, a row every 20 ms, stored as float16; needs no torch.

Radford et al. (2023), "Robust speech recognition via large-scale weak supervision". The models are those of the
recogniser ``faster_whisper``.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ser.bounds import Overlap, Seconds
from ser.features import _whisper_ct2
from ser.features._frames import Signal
from ser.features._whisper_ct2 import WhisperReading
from ser.features._windows import halved

DTYPE = "float16"
HOP = 0.02  # seconds
DEPENDS = ("faster-whisper", "ctranslate2")


def dims(**options: Any) -> int:
    """Return the width of the encoder."""
    return WhisperReading(**options).width()


def files(**options: Any) -> list[Path]:
    """Return the local files of the model: none of one on the hub, which its revision pins."""
    return WhisperReading(**options).files()


def provenance(**options: Any) -> str:
    """Return one line on the model, for tables and run cards."""
    return WhisperReading(**options).provenance()


def extract(
    signal: Signal,
    rate: int,
    *,
    model: str,
    revision: str | None = None,
    sha256: str | None = None,
    window: Seconds = 30.0,
    overlap: Overlap = 2.0,
    padding: Seconds = 30.0,
    compute_type: str = "float32",
    device: Literal["auto", "cpu", "cuda"] = "auto",
) -> NDArray[np.float16]:
    """Return the rows of the last layer that lie in the utterance, (ceil(samples / 320), width), float16.

    model: folder of a model in CTranslate2's format, or its name on the hub; revision: its commit there; sha256: that
    ``model.bin`` must have; window, at most 30, and overlap: seconds of the pieces in which a longer utterance is read,
    and of what two neighbours have in common; padding, at most 30: seconds up to which silence follows a shorter piece,
    30 in Whisper's training; compute_type: CTranslate2's number format. SerError for another rate than 16 kHz, an
    utterance shorter than 20 ms, or a model that cannot be had or is no Whisper model.
    """
    source = {"model": model, "revision": revision, "sha256": sha256, "compute_type": compute_type}
    read = {"window": window, "overlap": overlap, "padding": padding, "device": device}
    return extract_many([signal], rate, **source, **read)[0]


def extract_many(signals: Sequence[Signal], rate: int, **options: Any) -> list[NDArray[np.float16]]:
    """Return what ``extract`` does, of several signals."""
    return [halved(rows) for rows in _whisper_ct2.states(signals, rate, WhisperReading(**options))]
