"""CCC of dimensions that others print, from ``published_dimensions.csv``: each with its set, release and source."""

from dataclasses import dataclass
from typing import Any

from ser.papers import published


@dataclass(frozen=True)
class PublishedLevel:
    """The CCC of a system of others on one set of a release, −1…1; None where none is printed.

    adapter: module that reads the corpus here; release: "" where it is not stated.
    """

    adapter: str
    corpus: str
    set: str
    release: str
    valence: float | None
    activation: float | None
    dominance: float | None
    source: str
    remark: str


def levels(adapter: str) -> list[PublishedLevel]:
    """Return what is printed of an adapter's corpus, in the order of the table."""
    return [_level(row) for row in published.read("published_dimensions.csv") if row["adapter"] == adapter]


def _level(row: dict[str, str]) -> PublishedLevel:
    found: dict[str, Any] = {name: row[name] for name in ("adapter", "corpus", "set", "release", "source", "remark")}
    found |= {name: float(row[name]) if row[name] else None for name in ("valence", "activation", "dominance")}
    return PublishedLevel(**found)
