"""Which corpus a folder or table on disk is likely to be, and the root from which it can be read.

An adapter of a released corpus describes its layout by two patterns: ``FOLDER``, the names of the folders at its root,
and ``STEM``, the names of its recordings without their suffix. With them a root that is too high or too low is found,
and recordings of a release whose folders were renamed.
"""

import os
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

from ser import catalog
from ser.audio.formats import SUFFIXES
from ser.corpus import LISTED
from ser.errors import SerError, offenders, unknown
from ser.files.listing import recordings
from ser.user_table import file as table_file
from ser.user_table.columns import ALIASES, COLUMNS, REQUIRED, labelled

TABLES = (".csv", ".tsv", ".txt")
SPREADSHEETS = (".xlsx", ".xls", ".ods")
ABOVE, BELOW = 4, 2  # folders between the given one and the root of a release, at most
FOLDERS = 1000  # looked into, at most
MOST = 0.5  # share of recordings that are named as those of a release, from which on it is likely to be that one


@dataclass(frozen=True)
class Release:
    """What a path on disk is likely to be: the adapter that reads it, from which root, and a remark for the user."""

    adapter: str
    root: Path
    options: dict[str, Any] = field(default_factory=dict)
    remark: str = ""


def release(path: Path, adapter: str | None = None, table: str | None = None) -> Release:
    """Return what ``path``, a folder or a table, is likely to be.

    adapter: where that is known. table: that of the recordings in the folder, where it is known. A table in the folder
    counts more than names of folders.

    SerError where there is nothing to read, and where recordings of a known release lie in another layout.
    """
    if path.is_file():
        if path.suffix.lower() not in TABLES:
            raise SerError(
                f"{path}: is neither a folder nor a table ({', '.join(TABLES)}); save a spreadsheet as 'CSV UTF-8'."
            )
        return Release("table", path.parent, {"table": path.name})
    if not path.is_dir():
        raise SerError(f"{path}: there is no such folder or file.")
    if table is not None:
        return Release("table", path, {"table": table})
    layouts = dict(_described())
    if adapter not in (None, "table", *layouts):
        raise unknown("adapter", adapter, ["table", *layouts])
    tables = _tables(path) if adapter in (None, "table") else []
    own = any(_needed_columns(path / name) == len(REQUIRED) for name in tables if not name.lower().endswith(".txt"))
    known = {name: module for name, module in layouts.items() if adapter == name or (adapter is None and not own)}
    for name, module in known.items():
        root = _root(path, module.FOLDER)
        if root is not None and (adapter == name or _holds_recordings(root, module)):
            return Release(name, root, remark=_moved(path, root, module))
    if tables:
        more = f"{offenders(tables)} look like tables of recordings; the first is read" if len(tables) > 1 else ""
        return Release("table", path, {"table": tables[0]}, more)
    found = recordings(path, SUFFIXES, links=True)
    if not found:
        raise SerError(f"{path}: holds no recordings ({', '.join(sorted(SUFFIXES))}) and no table of them.")
    for module in known.values():
        _refuse_renamed(path, found, module)
    if adapter is not None and adapter in known:
        raise SerError(f"{path}: is not {known[adapter].CARD.title}; {_expected(known[adapter])}.")
    return Release("table", path, remark=_unread(path) or "there is no table of labels: one has to be written")


def _described() -> Iterator[tuple[str, ModuleType]]:
    for name in catalog.names("corpora"):
        module = catalog.load("corpora", name)
        if hasattr(module, "FOLDER") and hasattr(module, "STEM"):
            yield name, module


def _root(path: Path, folder: re.Pattern[str]) -> Path | None:
    """Return the folder nearest to ``path`` that holds a ``folder`` of the release: itself, one above, one below."""
    if _holds(path, folder):
        return path
    for above in [path.resolve(), *path.resolve().parents][:ABOVE]:
        if folder.fullmatch(above.name):
            return above.parent
    below = [path]
    for _ in range(BELOW):
        below = [Path(one) for parent in below for one in _folders(parent)][:FOLDERS]
        for one in below:
            if _holds(one, folder):
                return one
    return None


def _folders(path: Path) -> list[str]:
    try:
        return sorted(entry.path for entry in os.scandir(path) if entry.is_dir() and not entry.name.startswith("."))
    except OSError as error:
        raise SerError(f"{path}: cannot be read ({error.strerror}).") from error


def _holds(path: Path, folder: re.Pattern[str]) -> bool:
    return any(folder.fullmatch(os.path.basename(one)) for one in _folders(path))


def _holds_recordings(root: Path, module: ModuleType) -> bool:
    """Return whether a recording in the folders of a release at ``root`` is named as that release's."""
    inside = (folder for folder in _folders(root) if module.FOLDER.fullmatch(os.path.basename(folder)))
    names = (name for folder in inside for _, _, files in os.walk(folder) for name in files)
    return any(module.STEM.fullmatch(os.path.splitext(name)[0]) for name in names)


def _moved(path: Path, root: Path, module: ModuleType) -> str:
    """Return a remark where the root is not the given folder."""
    if root == path:
        return ""
    where = "above" if path.resolve().is_relative_to(root.resolve()) else "below"
    return f"{module.CARD.title} begins {where} the given folder, at {root}: that is its root"


def _refuse_renamed(path: Path, found: list[str], module: ModuleType) -> None:
    """Raise SerError where most recordings are named as a release's, but its folders are not there."""
    stems = [os.path.splitext(os.path.basename(audio))[0] for audio in found]
    named = sum(module.STEM.fullmatch(stem) is not None for stem in stems)
    if named < MOST * len(found):
        return
    places = Counter(os.path.dirname(audio) or "." for audio in found)
    raise SerError(
        f"{path}: {named} of {len(found)} recordings are named as those of {module.CARD.title}, but "
        f"lie in {offenders(sorted(places))}; {_expected(module)}. Restore its folders, or write a table."
    )


def _expected(module: ModuleType) -> str:
    return f"its root holds folders named {module.FOLDER.pattern}"


def _tables(path: Path) -> list[str]:
    """Return the files in ``path`` that are tables of recordings, those with all columns that one needs first."""
    candidates = [name for name in _files(path, TABLES) if _needed_columns(path / name)]
    return sorted(candidates, key=lambda name: (-_needed_columns(path / name), name.lower().endswith(".txt"), name))


def _files(path: Path, suffixes: tuple[str, ...]) -> list[str]:
    """Return the names of the files in ``path`` with one of the ``suffixes``, sorted."""
    named = [name for name in os.listdir(path) if name.lower().endswith(suffixes) and not name.startswith(".")]
    return sorted(name for name in named if os.path.isfile(path / name))


def _unread(path: Path) -> str:
    """Return why a file in ``path`` that may be the table is not read; "" where there is none."""
    for name in _files(path, (*SPREADSHEETS, ".csv", ".tsv")):
        if name.lower().endswith(SPREADSHEETS):
            return f"{name} is a spreadsheet; save it as 'CSV UTF-8' if it is the table"
        try:
            header = table_file.read(path / name, (path / name).read_bytes(), {*COLUMNS, *ALIASES}).header
        except SerError as error:
            return str(error).rstrip(".")
        columns = offenders(filter(None, header), LISTED)
        return f"{name} has no column {' or '.join(REQUIRED)}, but {columns}; 'ser inspect {name}' says what to do"
    for name in recordings(path, (".csv", ".tsv"), links=True)[:FOLDERS]:
        if _needed_columns(path / name):
            return f"{name} may be the table: 'ser inspect {path} --option table={name}' reads it"
    return ""


def _needed_columns(path: Path) -> int:
    """Return how many of the columns that a table needs the file has: path, or another name of it, and emotion.

    Ratings count as emotion. The first words of a text are no header: in a ``.txt`` a row with as many cells must
    follow.
    """
    try:
        file = table_file.read(path, path.read_bytes(), {*COLUMNS, *ALIASES})
    except SerError:
        return 0
    header = {ALIASES.get(name, name) for name in map(str.casefold, file.header)}
    header |= {"emotion"} if labelled(header) else set()
    return len(header & {*REQUIRED}) if file.rows or not path.name.lower().endswith(".txt") else 0
