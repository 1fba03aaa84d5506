"""Paths of recordings as a user's table has them, and the files that they mean."""

import os
import posixpath
from collections import defaultdict
from collections.abc import Collection, Iterable
from itertools import product
from pathlib import Path

from ser.user_table.cells import CellError, clean

RELATIVE = "paths are relative to the corpus root"


def tops(root: Path | None) -> tuple[str, ...]:
    """Return the absolute names of the root, as it is given and without links; none for None."""
    if root is None:
        return ()
    names = (os.path.abspath(root), os.path.realpath(root))
    return tuple(dict.fromkeys(name.replace(os.sep, "/").rstrip("/") for name in names))


def below_root(path: str, tops: Collection[str]) -> str:
    """Return a recording's path below the root, with slashes, also where the table was written under Windows.

    CellError for an empty path, an absolute one that is below none of ``tops``, and one that leads out of the root.
    """
    if not path:
        raise CellError("the path is empty")
    audio = posixpath.normpath(path.replace("\\", "/"))
    if posixpath.isabs(audio) or audio[1:2] == ":":
        real = (
            posixpath.realpath(audio) if tops and posixpath.isabs(audio) else audio
        )  # the table may name the root by a link to it
        for name, top in product((audio, real), tops):
            if name.startswith(f"{top}/"):
                return name[len(top) + 1 :]
        raise CellError(f"path '{path}' is absolute and not below the corpus root", RELATIVE)
    if audio == "." or audio.split("/")[0] == "..":
        raise CellError(f"path '{path}' leads out of the corpus root", RELATIVE)
    return audio


def on_disk(root: Path, paths: Iterable[str]) -> dict[str, str]:
    """Return path: the file's path as it is spelled on the disk, for those of ``paths`` that are spelled otherwise.

    Spellings differ in composed and decomposed letters (macOS writes ``é`` as two), in invisible marks and kinds of
    spaces, and in case (Windows). A path without a file, or with several that fit equally, is left out.
    """
    listings: dict[str, dict[str, list[str]]] = {}
    found = {path: _found(root, path, listings) for path in dict.fromkeys(paths) if not os.path.isfile(root / path)}
    return {path: file for path, file in found.items() if file is not None}


def _found(root: Path, path: str, listings: dict[str, dict[str, list[str]]]) -> str | None:
    folder = ""
    for part in path.split("/"):
        if not os.path.lexists(root / folder / part):
            if folder not in listings:
                listings[folder] = _listing(root / folder)
            alike = listings[folder].get(clean(part).casefold(), [])
            same = [name for name in alike if clean(name) == clean(part)] or alike
            if len(same) != 1:
                return None
            part = same[0]
        folder = f"{folder}/{part}" if folder else part
    return folder if os.path.isfile(root / folder) else None


def _listing(folder: Path) -> dict[str, list[str]]:
    """Return the names in a folder by what they look like, without case; empty where it cannot be read."""
    names: dict[str, list[str]] = defaultdict(list)
    try:
        for name in sorted(os.listdir(folder)):
            names[clean(name).casefold()].append(name)
    except (OSError, ValueError):
        return {}
    return names
