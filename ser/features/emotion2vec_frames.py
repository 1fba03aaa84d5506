"""Layers of emotion2vec (Ma et al. 2024), a row every 20 ms, stored as float16.

The network learned from emotional speech without labels. It is read from the files that its authors publish, see
``_emotion2vec``; ``transformers`` does not have it. The weights are not trained here.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ser.bounds import Overlap, Seconds
from ser.features import _emotion2vec
from ser.features._emotion2vec import Emotion2vecReading
from ser.features._frames import Signal
from ser.features._windows import halved
from ser.layers.pretrained import Layers

DTYPE = "float16"
HOP = 0.02  # seconds
DEPENDS = ("torch",)


def dims(**options: Any) -> int:
    """Return the values per row: the width of a layer times the number of layers, one layer after the other."""
    return Emotion2vecReading(**options).width()


def files(**options: Any) -> list[Path]:
    """Return the local files of the model: none of one on the hub, which its revision pins."""
    return Emotion2vecReading(**options).files()


def provenance(**options: Any) -> str:
    """Return one line on the model, for tables and run cards."""
    return Emotion2vecReading(**options).provenance()


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
    device: Literal["auto", "cpu", "cuda"] = "auto",
) -> NDArray[np.float16]:
    """Return the rows of the layers, (rows, layers · width), float16.

    model: a folder with config.yaml and weights, or a name on the hub; revision: its commit there; sha256: that the
    file of weights must have; layers: last, all, or numbers, from 0 (the input of the first block); window and overlap:
    seconds of the pieces in which a longer utterance is read, and of what two neighbours have in common. SerError for
    another rate than 16 kHz, an utterance shorter than 25 ms, a model that cannot be had or is of another architecture,
    or a value beyond float16.
    """
    source: dict[str, Any] = {"model": model, "revision": revision, "sha256": sha256, "layers": layers}
    return extract_many([signal], rate, **source, window=window, overlap=overlap, device=device)[0]


def extract_many(signals: Sequence[Signal], rate: int, **options: Any) -> list[NDArray[np.float16]]:
    """Return what ``extract`` does, of several signals."""
    return [halved(rows) for rows in _emotion2vec.states(signals, rate, Emotion2vecReading(**options))]
