"""The recordings below a folder."""

import os
from collections.abc import Collection
from pathlib import Path

from ser.errors import SerError


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
