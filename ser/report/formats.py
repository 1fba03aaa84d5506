"""Numbers as text and as CSV values: a ``Format`` is both sides of one column of a table."""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final

NONE: Final = "–"  # where a number is unknown


@dataclass(frozen=True)
class Format:
    """text: for Markdown, LaTeX and the page; csv: for the CSV file. Neither is called with None or NaN."""

    text: Callable[[Any], str]
    csv: Callable[[Any], object]
    numeric: bool = True  # aligned right


def percent(value: float) -> str:
    """Return a fraction as percent with two decimals."""
    return NONE if math.isnan(value) else f"{100 * value:.2f}"


def points(value: float, decimals: int = 2) -> str:
    """Return a difference of fractions in percentage points, with its sign."""
    return NONE if math.isnan(value) else f"{100 * value:+.{decimals}f}".replace("-", "−")


def limits(low: float, high: float, decimals: int = 1) -> str:
    """Return ``[57.1, 61.9]`` of two fractions, in percent or points; "" where one is unknown."""
    if math.isnan(low) or math.isnan(high):
        return ""
    return f"[{100 * low:.{decimals}f}, {100 * high:.{decimals}f}]".replace("-", "−")


def p_value(value: float) -> str:
    """Return a p value with three decimals: ``0.012``, ``< 0.001``."""
    return NONE if math.isnan(value) else "< 0.001" if value < 0.001 else f"{value:.3f}"


def decimal(value: float, decimals: int = 3) -> str:
    """Return a number with ``decimals`` decimals."""
    return NONE if math.isnan(value) else f"{value:.{decimals}f}".replace("-", "−")


def duration(seconds: float) -> str:
    """Return seconds as ``42 s``, ``3 min 20 s``, ``5 h 07 min``."""
    if seconds < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"


def count(number: int) -> str:
    """Return a whole number with thin spaces between thousands."""
    return f"{number:,}".replace(",", "\u2009")


def short(number: int) -> str:
    """Return a number of parameters with three digits: ``1.23 M``."""
    for size, unit in ((1_000_000, "M"), (1000, "k")):
        if number >= size:
            return f"{number / size:.3g} {unit}"
    return count(number)


def spans(numbers: Iterable[int]) -> str:
    """Return numbers as text, three or more consecutive ones joined: ``0–4, 7``."""
    groups: list[list[int]] = []
    for number in sorted(numbers):
        if groups and number == groups[-1][-1] + 1:
            groups[-1].append(number)
        else:
            groups.append([number])
    joined = (f"{g[0]}–{g[-1]}" if len(g) > 2 else ", ".join(map(str, g)) for g in groups)
    return ", ".join(joined)


def extent(values: Iterable[int | str]) -> str:
    """Return ``9``, or ``9 to 29`` where the values differ."""
    known = sorted(set(values))
    return str(known[0]) if len(known) == 1 else f"{known[0]} to {known[-1]}"


def _per_cent(value: float) -> float:
    return round(100 * value, 4)


TEXT = Format(str, str, numeric=False)
COUNT = Format(count, int)
PERCENT = Format(percent, _per_cent)  # of a fraction 0…1
POINTS = Format(points, _per_cent)  # of a difference of fractions
DECIMAL = Format(decimal, lambda value: round(value, 6))
SHARE = Format(percent, DECIMAL.csv)  # percent for readers, a fraction in the CSV file
P_VALUE = Format(p_value, float)
INTERVAL = Format(lambda pair: limits(*pair) or NONE, str)  # of (low, high), fractions
PARAMETERS = Format(short, int)
DURATION = Format(duration, lambda seconds: round(seconds, 2))


@dataclass(frozen=True)
class Notation:
    """How a report writes the metrics of its kind of target.

    factor: of a value in the text. value, change, interval: columns of values, differences and pairs of limits. rough:
    a difference in a sentence; limits: an interval there. title: what the values are, as captions begin; unit: that of
    a value in a sentence, " in percent" or ""; points: of differences.
    """

    factor: float
    value: Format
    change: Format
    interval: Format
    rough: Callable[[float], str]
    limits: Callable[[float, float], str]
    title: str
    unit: str
    points: str

    @property
    def size(self) -> Format:
        """A difference without its sign."""
        return Format(lambda value: self.rough(value).lstrip("+"), self.change.csv)


def signed(value: float) -> str:
    """Return a difference with three decimals and its sign."""
    return NONE if math.isnan(value) else f"{value:+.3f}".replace("-", "−")


def plain_limits(low: float, high: float) -> str:
    """Return ``[0.571, 0.619]``; "" where one is unknown."""
    return "" if math.isnan(low) or math.isnan(high) else f"[{low:.3f}, {high:.3f}]".replace("-", "−")


PERCENTS = Notation(
    100, PERCENT, POINTS, INTERVAL, lambda value: points(value, 1), limits, "Percent", " in percent", "points"
)
DECIMALS = Notation(
    1,
    DECIMAL,
    Format(signed, DECIMAL.csv),
    Format(lambda pair: plain_limits(*pair) or NONE, str),
    signed,
    plain_limits,
    "Mean over the dimensions, MAE in points of the rating scale",
    "",
    "the metric's own unit",
)
