"""Numbers as text: what every table and the page share."""

import math

NONE = "–"


def percent(value: float) -> str:
    """Return a fraction as percent with two decimals; "–" if there is none."""
    return NONE if math.isnan(value) else f"{100 * value:.2f}"


def points(value: float, decimals: int = 2) -> str:
    """Return a difference of fractions in percentage points, with its sign; "–" if there is none."""
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
    """Return a number with ``decimals`` decimals; "–" if there is none."""
    return NONE if math.isnan(value) else f"{value:.{decimals}f}".replace("-", "−")


def duration(seconds: float) -> str:
    """Return seconds as text a person reads: ``42 s``, ``3 min 20 s``, ``5 h 07 min``."""
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
