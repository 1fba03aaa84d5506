"""Shared by adapters: the recordings below a root, and the rows of a corpus whose file names are the labels."""

import os
from collections.abc import Callable, Collection, Sequence
from pathlib import Path

from ser.corpus import Utterance
from ser.errors import SerError, offenders


def recordings(root: Path, suffixes: Collection[str], *, links: bool = False) -> list[str]:
    """Return every recording below ``root``, relative to it, sorted; nothing whose name begins with a dot.

    links: whether links to folders are followed, but for those to a folder above. SerError where one cannot be read.
    """
    found, seen = [], set()
    for folder, folders, files in os.walk(root, onerror=_refuse, followlinks=links):
        seen.add(os.path.realpath(folder))
        folders[:] = [
            name
            for name in sorted(folders)
            if not name.startswith(".") and os.path.realpath(os.path.join(folder, name)) not in seen
        ]
        inner = os.path.relpath(folder, root).replace(os.sep, "/")
        prefix = "" if inner == "." else f"{inner}/"
        recorded = (name for name in files if os.path.splitext(name)[1].lower() in suffixes)
        found += [prefix + name for name in recorded if not name.startswith(".")]
    return sorted(found)


def _refuse(error: OSError) -> None:
    if not isinstance(error, FileNotFoundError):  # no folder, no recordings
        raise SerError(f"{error.filename}: cannot be read ({error.strerror}).") from error


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
