"""Outlines as paths of SVG: a column is one unit wide, heights are 0 at the top to ``HEIGHT`` at the bottom."""

import numpy as np
from numpy.typing import NDArray

HEIGHT = 100


def waveform(peaks: NDArray[np.float32]) -> str:
    """Return the outline of ``peaks``, (columns, 2), scaled to the largest; a line where all are 0."""
    top = float(np.abs(peaks).max()) or 1.0
    low, high = (np.rint(HEIGHT / 2 * (1 - peaks[:, side] / top)).astype(int) for side in (0, 1))
    points = [*enumerate(high), *reversed(list(enumerate(low)))]
    return "M" + "L".join(f"{x} {y}" for x, y in points) + "Z"


def stairs(values: NDArray[np.float64]) -> str:
    """Return the area below ``values``, (columns,) of 0…1; NaN is 0. Columns of one height are one step."""
    heights = np.rint(HEIGHT * (1 - np.nan_to_num(values))).astype(int)
    ends = np.append(np.flatnonzero(np.diff(heights)) + 1, len(heights))
    steps = "".join(f"V{heights[end - 1]}H{end}" for end in ends)
    return f"M0 {HEIGHT}{steps}V{HEIGHT}Z"
