"""The contract of a feature: a matrix of the declared width and type from every signal, or a SerError."""

import numpy as np
from numpy.typing import NDArray

from ser.config import extractors
from ser.config.schema import Feature
from ser.errors import SerError, require

RATE = 16000  # Hz
TOLERANCE = 10  # rows that windows at the edges of an utterance may add or take


def noise(seconds: float) -> NDArray[np.float32]:
    """Return a tone of 200 Hz in noise, (samples,), within ±1."""
    time = np.arange(round(seconds * RATE)) / RATE
    signal = 0.5 * np.sin(2 * np.pi * 200 * time) + 0.1 * np.random.default_rng(0).normal(size=len(time))
    return signal.clip(-1, 1).astype(np.float32)


def _extract(entry: Feature, seconds: float) -> NDArray[np.generic]:
    matrix: NDArray[np.generic] = entry.load().extract(noise(seconds), RATE, **entry.options)
    return matrix


def matrix_is_as_declared(entry: Feature) -> None:
    """extract() returns a finite matrix (rows, dims()) of type DTYPE."""
    matrix = _extract(entry, 1.0)
    extractors.check_matrix(entry.load(), entry.load().dims(**entry.options), matrix)
    require(np.isfinite(matrix).all(), "some values are not finite")


def rows_are_a_hop_apart(entry: Feature) -> None:
    """There is one row per HOP seconds, or one per utterance."""
    hop = entry.load().HOP
    for seconds in (1.0, 2.0):
        rows = len(_extract(entry, seconds))
        wanted, slack = (1, 0) if hop is None else (seconds / hop, TOLERANCE)
        require(abs(rows - wanted) <= slack, f"{seconds:g} s give {rows} rows, HOP = {hop} promises {wanted:g}")


def short_signals_are_refused_or_finite(entry: Feature) -> None:
    """A signal that is too short is refused by a SerError, any other gives finite values."""
    for seconds in (1 / RATE, 0.01, 0.2):
        try:
            matrix = _extract(entry, seconds)
        except SerError:
            continue
        require(np.isfinite(matrix).all(), f"{seconds:g} s give values that are not finite")


def another_rate_is_refused(entry: Feature) -> None:
    """A signal at another rate is refused by a SerError."""
    try:
        entry.load().extract(noise(1.0), 8000, **entry.options)
    except SerError:
        return
    require(False, "8000 Hz is taken for 16000 Hz")


def repeats(entry: Feature) -> None:
    """The same signal gives the same matrix."""
    require(np.array_equal(_extract(entry, 0.5), _extract(entry, 0.5)), "a second call gives other values")


CHECKS = (
    matrix_is_as_declared,
    rows_are_a_hop_apart,
    short_signals_are_refused_or_finite,
    another_rate_is_refused,
    repeats,
)
