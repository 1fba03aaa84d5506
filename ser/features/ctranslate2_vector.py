"""Statistics of the last layer of Whisper's encoder through CTranslate2: one vector per utterance; needs no torch.

See ``ctranslate2_frames``. Only rows within the utterance count, not those of the silence up to 30 s.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from ser.bounds import Overlap, Seconds
from ser.features import _whisper_ct2
from ser.features._frames import Matrix, Signal
from ser.features._whisper_ct2 import WhisperReading
from ser.features._windows import Statistics, statistics_of, values_per_row

DTYPE = "float32"
HOP = None
DEPENDS = ("faster-whisper", "ctranslate2")


def dims(*, statistics: Statistics = "mean", **options: Any) -> int:
    """Return the values of the vector: means, then standard deviations where asked for."""
    return values_per_row(statistics) * WhisperReading(**options).width()


def files(*, statistics: Statistics = "mean", **options: Any) -> list[Path]:
    """Return the local files of the model: none of one on the hub, which its revision pins."""
    del statistics
    return WhisperReading(**options).files()


def provenance(*, statistics: Statistics = "mean", **options: Any) -> str:
    """Return one line on the model, for tables and run cards."""
    return f"{WhisperReading(**options).provenance()}; {statistics} over the utterance"


def extract(
    signal: Signal,
    rate: int,
    *,
    model: str,
    revision: str | None = None,
    sha256: str | None = None,
    statistics: Statistics = "mean",
    window: Seconds = 30.0,
    overlap: Overlap = 2.0,
    padding: Seconds = 30.0,
    compute_type: str = "float32",
    device: Literal["auto", "cpu", "cuda"] = "auto",
) -> Matrix:
    """Return the statistics over the rows of the utterance, (1, dims), float32.

    statistics: the mean, or the mean and the standard deviation (divisor n); the other options and the errors are those
    of ``ctranslate2_frames``.
    """
    source: dict[str, Any] = {"model": model, "revision": revision, "sha256": sha256, "compute_type": compute_type}
    computed: dict[str, Any] = {"window": window, "overlap": overlap, "padding": padding, "device": device}
    return extract_many([signal], rate, statistics=statistics, **source, **computed)[0]


def extract_many(
    signals: Sequence[Signal], rate: int, *, statistics: Statistics = "mean", **options: Any
) -> list[Matrix]:
    """Return what ``extract`` does, of several signals."""
    return [statistics_of(rows, statistics) for rows in _whisper_ct2.states(signals, rate, WhisperReading(**options))]
