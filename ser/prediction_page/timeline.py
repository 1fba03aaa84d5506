"""Values of windows, or of positions of an attention, in columns of equal length over a recording."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from ser.inference.utterance import TimedAttention

Values = NDArray[np.float64]


def columns(starts: Values, ends: Values, values: Values, span: tuple[float, float], count: int) -> Values:
    """Return the mean over what covers each of ``count`` columns of ``span``, (count, values); NaN where nothing does.

    starts, ends: seconds, (windows,); values: (windows, values). A window covers one column at least.
    """
    width = (span[1] - span[0]) / count
    first = np.clip(np.rint((starts - span[0]) / width), 0, count - 1).astype(np.int64)
    last = np.clip(np.rint((ends - span[0]) / width).astype(np.int64), first + 1, count)
    sums, covered = np.zeros((count + 1, values.shape[1])), np.zeros(count + 1, np.int64)
    for step, rows in ((1, first), (-1, last)):
        np.add.at(sums, rows, step * values)
        np.add.at(covered, rows, step)
    covered = covered.cumsum()[:-1, None]
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(covered, sums.cumsum(axis=0)[:-1] / covered, np.nan)


def attention(found: Iterable[TimedAttention], span: tuple[float, float], count: int) -> dict[str, Values]:
    """Return each attention by name in ``count`` columns, (count,): how often the weight is that of equal weights."""
    by_name: dict[str, list[TimedAttention]] = {}
    for one in found:
        by_name.setdefault(one.name, []).append(one)
    return {name: _relative(those, span, count) for name, those in by_name.items()}


def _relative(those: list[TimedAttention], span: tuple[float, float], count: int) -> Values:
    middles = [one.start + one.step * np.arange(len(one.weights)) for one in those]
    halves = np.repeat([one.step / 2 for one in those], [len(one.weights) for one in those])
    weights = np.concatenate([one.weights / one.equal for one in those])[:, None].astype(np.float64)
    middle = np.concatenate(middles)
    return columns(middle - halves, middle + halves, weights, span, count)[:, 0]
