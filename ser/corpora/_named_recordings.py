"""Shared by adapters: the rows of a corpus whose file names are the labels."""

from collections.abc import Callable, Sequence
from pathlib import Path

from ser.corpus import Utterance
from ser.errors import SerError, offenders


def rows_of(
    found: Sequence[str], row: Callable[[str], Utterance | None], root: Path, corpus: str, folders: str, scheme: str
) -> list[Utterance]:
    """Return the ``row`` of each recording; SerError if there are none, or naming those without a row."""
    if not found:
        raise SerError(f"{root}: no recordings in folders {folders}; is this {corpus}?")
    rows = [row(audio) for audio in found]
    if wrong := [audio for audio, made in zip(found, rows, strict=True) if made is None]:
        raise SerError(f"{root}: {len(wrong)} recordings of {corpus} are not named {scheme}: {offenders(wrong)}.")
    return [made for made in rows if made is not None]
