"""Windows over the rows of a long utterance, what is kept of each, and statistics over the rows of an utterance.

A window is a stretch of rows that a network reads alone. Two neighbours overlap, and each gives the half of the overlap
that is farther from its own end, so that the utterance has as many rows as without windows.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ser.errors import SerError
from ser.features._frames import RATE, Matrix

HOP_SAMPLES = 320  # of every encoder here: 20 ms
ROWS_PER_SECOND = RATE / HOP_SAMPLES
LARGEST = float(np.finfo(np.float16).max)

Statistics = Literal["mean", "mean+sd"]


@dataclass(frozen=True)
class Window:
    """The rows first to end − 1 of an utterance, of which ``keep`` to ``until`` − 1 are kept; last: of its windows."""

    first: int
    end: int
    keep: int
    until: int
    last: bool


def windows(rows: int, size: float, overlap: float) -> list[Window]:
    """Return the windows of ``size`` seconds over an utterance of ``rows``, ``overlap`` seconds in common.

    One where the utterance is not longer than ``size``. SerError unless size > overlap, by one row or more.
    """
    length, shared = round(size * ROWS_PER_SECOND), round(overlap * ROWS_PER_SECOND)
    if length <= shared:
        raise SerError(f"window={size:g} s must be longer than overlap={overlap:g} s.")
    found: list[Window] = []
    first = 0
    while not found or found[-1].end < rows:
        end = min(first + length, rows)
        keep = first + shared // 2 if first else 0
        until = rows if end == rows else end - (shared - shared // 2)
        found.append(Window(first, end, keep, until, end == rows))
        first += length - shared
    return found


def joined(parts: Sequence[Matrix], cuts: Sequence[Window]) -> Matrix:
    """Return the rows of an utterance, (rows, dims), from those of its windows."""
    kept = [part[cut.keep - cut.first : cut.until - cut.first] for part, cut in zip(parts, cuts, strict=True)]
    return kept[0] if len(kept) == 1 else np.concatenate(kept)


def statistics_of(rows: Matrix, which: Statistics) -> Matrix:
    """Return the mean over rows, or mean and standard deviation (divisor n): (1, dims or 2 · dims), float32."""
    found = [rows.mean(axis=0, dtype=np.float64)]
    if which == "mean+sd":
        found.append(rows.std(axis=0, dtype=np.float64))
    return np.concatenate(found)[None].astype(np.float32)


def values_per_row(which: Statistics) -> int:
    """Return how many statistics of a value there are."""
    return 2 if which == "mean+sd" else 1


def halved(rows: Matrix) -> NDArray[np.float16]:
    """Return the rows as float16; SerError where a value is too large for it."""
    if (most := float(np.abs(rows).max(initial=0))) > LARGEST:
        raise SerError(
            f"a value of {most:.3g} is larger than float16 can store ({LARGEST:.0f}); take another layer, or "
            "statistics over the utterance, which are stored as float32."
        )
    return rows.astype(np.float16)
