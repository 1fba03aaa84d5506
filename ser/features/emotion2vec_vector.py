"""Statistics of the layers of emotion2vec: one vector per utterance. See ``emotion2vec_frames``."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from ser.bounds import Overlap, Seconds
from ser.features import _emotion2vec
from ser.features._emotion2vec import Emotion2vecReading
from ser.features._frames import Matrix, Signal
from ser.features._windows import Statistics, statistics_of, values_per_row
from ser.layers.pretrained import Layers

DTYPE = "float32"
HOP = None
DEPENDS = ("torch",)


def dims(*, statistics: Statistics = "mean", **options: Any) -> int:
    """Return the values of the vector: the means of all layers, then their standard deviations where asked for."""
    return values_per_row(statistics) * Emotion2vecReading(**options).width()


def files(*, statistics: Statistics = "mean", **options: Any) -> list[Path]:
    """Return the local files of the model: none of one on the hub, which its revision pins."""
    del statistics
    return Emotion2vecReading(**options).files()


def provenance(*, statistics: Statistics = "mean", **options: Any) -> str:
    """Return one line on the model, for tables and run cards."""
    return f"{Emotion2vecReading(**options).provenance()}; {statistics} over the utterance"


def extract(
    signal: Signal,
    rate: int,
    *,
    model: str,
    revision: str | None = None,
    sha256: str | None = None,
    layers: Layers = "last",
    statistics: Statistics = "mean",
    window: Seconds = 30.0,
    overlap: Overlap = 2.0,
    device: Literal["auto", "cpu", "cuda"] = "auto",
) -> Matrix:
    """Return the statistics over the rows of the utterance, (1, dims), float32.

    statistics: the mean, or the mean and the standard deviation (divisor n); the other options and the errors are those
    of ``emotion2vec_frames``.
    """
    source: dict[str, Any] = {"model": model, "revision": revision, "sha256": sha256, "layers": layers}
    computed: dict[str, Any] = {"window": window, "overlap": overlap, "device": device}
    return extract_many([signal], rate, statistics=statistics, **source, **computed)[0]


def extract_many(
    signals: Sequence[Signal], rate: int, *, statistics: Statistics = "mean", **options: Any
) -> list[Matrix]:
    """Return what ``extract`` does, of several signals."""
    rows = _emotion2vec.states(signals, rate, Emotion2vecReading(**options))
    return [statistics_of(one, statistics) for one in rows]
