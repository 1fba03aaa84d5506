"""Errors for the user: what is wrong, where, which items, and what is known instead."""

from collections.abc import Iterable
from difflib import get_close_matches

NAMED = 5  # offenders named in one message; the rest is counted


class SerError(Exception):
    """A mistake in the input that the user can correct; the command line prints it without a traceback."""


def require(holds: object, instead: str) -> None:
    """Raise SerError with ``instead`` unless ``holds``."""
    if not holds:
        raise SerError(instead)


def printable(text: str) -> str:
    """Return ``text`` with bytes of a file name that are not UTF-8 as ``\\udce4``, for the byte E4."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def offenders(items: Iterable[object], limit: int = NAMED) -> str:
    """Return the first ``limit`` items, comma-separated, and how many more there are."""
    listed = [printable(str(item)) for item in items]
    rest = len(listed) - limit
    return ", ".join(listed[:limit]) + (f" and {rest} more" if rest > 0 else "")


def unknown(kind: str, name: object, known: Iterable[str]) -> SerError:
    """Return the error for a name that does not exist, with a similar name if there is one, and all known names."""
    names = sorted(known)
    near = get_close_matches(str(name), names, n=1, cutoff=0.6)
    hint = f" Did you mean '{near[0]}'?" if near else ""
    return SerError(f"unknown {kind} '{name}'.{hint} Known: {', '.join(names) or 'none'}.")
