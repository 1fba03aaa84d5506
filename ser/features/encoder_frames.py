"""Layers of a pretrained encoder of speech, a row every 20 ms, stored as float16.

wav2vec 2.0 (Baevski et al. 2020), HuBERT (Hsu et al. 2021), WavLM (Chen et al. 2022), data2vec (Baevski et al. 2022),
Whisper's encoder (Radford et al. 2023) and w2v-BERT 2.0 (Barrault et al. 2023), as ``transformers`` computes them, in
float32. The weights are not trained here.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ser.bounds import Overlap, Seconds
from ser.features import _encoders
from ser.features._encoders import EncoderReading
from ser.features._frames import Signal
from ser.features._windows import halved
from ser.layers.pretrained import Layers

DTYPE = "float16"
HOP = 0.02  # seconds
DEPENDS = ("torch", "transformers")


def dims(**options: Any) -> int:
    """Return the values per row: the width of a layer times the number of layers, one layer after the other."""
    return EncoderReading(**options).width()


def files(**options: Any) -> list[Path]:
    """Return the local files of the model: none of one on the hub, which its revision pins."""
    return EncoderReading(**options).files()


def provenance(**options: Any) -> str:
    """Return one line on the model, for tables and run cards."""
    return EncoderReading(**options).provenance()


def extract(
    signal: Signal,
    rate: int,
    *,
    model: str,
    revision: str | None = None,
    sha256: str | None = None,
    layers: Layers = "last",
    window: Seconds = 30.0,
    overlap: Overlap = 2.0,
    batch: Seconds = 60.0,
    device: Literal["auto", "cpu", "cuda"] = "auto",
) -> NDArray[np.float16]:
    """Return the rows of the layers, (rows, layers · width), float16.

    model: a folder as ``save_pretrained`` writes it, or a name on the hub; revision: its commit there; sha256: that the
    file of weights must have; layers: last, all, or numbers, from 0 (the input of the first layer); window and overlap:
    seconds of the pieces in which a longer utterance is read, and of what two neighbours have in common; batch: seconds
    of sound that are computed at once. SerError for another rate than 16 kHz, an utterance shorter than 25 ms (w2v-BERT
    35, Whisper 20), a model that cannot be had or is of another architecture, or a value beyond float16.
    """
    source = {"model": model, "revision": revision, "sha256": sha256, "layers": layers}
    computed = {"window": window, "overlap": overlap, "batch": batch, "device": device}
    return extract_many([signal], rate, **source, **computed)[0]


def extract_many(signals: Sequence[Signal], rate: int, **options: Any) -> list[NDArray[np.float16]]:
    """Return what ``extract`` does, of several signals, computed in batches by length."""
    return [halved(rows) for rows in _encoders.states(signals, rate, EncoderReading(**options))]
