"""Text for a terminal."""

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import TextIO

BLOCKS = "▁▂▃▄▅▆▇█"  # from low to high
ASCII = "_.-:=+*#"


def aligned(rows: Sequence[Sequence[str]]) -> str:
    """Return rows of equally many cells as lines with aligned columns."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ("  ".join(f"{cell:{width}}" for cell, width in zip(row, widths, strict=True)) for row in rows)
    return "\n".join(line.rstrip() for line in lines)


def has_blocks(stream: TextIO) -> bool:
    """Return whether the encoding of ``stream`` has block characters."""
    try:
        BLOCKS.encode(stream.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def sparkline(values: Sequence[float | None], width: int, *, blocks: bool = True) -> str:
    """Return ``values`` as a line of at most ``width`` characters, from the lowest value to the highest.

    Where there are more values than columns, a column has the mean of its values; a missing value is a space.
    blocks: block characters; otherwise ASCII.
    """
    count = max(0, min(len(values), width))
    edges = [len(values) * column // count for column in range(count + 1)] if count else [0]
    groups = [[one for one in values[first:end] if one is not None] for first, end in pairwise(edges)]
    means = [sum(group) / len(group) if group else None for group in groups]
    known = [mean for mean in means if mean is not None and math.isfinite(mean)]
    if not known:
        return ""
    low, span = min(known), max(known) - min(known)
    levels = BLOCKS if blocks else ASCII

    def level(mean: float | None) -> str:
        if mean is None or not math.isfinite(mean):
            return " "
        share = (mean - low) / span if span else 0.5
        return levels[min(int(share * len(levels)), len(levels) - 1)]

    return "".join(map(level, means))
