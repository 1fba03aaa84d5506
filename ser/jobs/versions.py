"""Versions of the packages and the commit of the code that a run used."""

import platform
import subprocess
from importlib import metadata
from pathlib import Path

PACKAGE = Path(__file__).parents[1]
DISTRIBUTIONS = ("torch", "numpy", "scikit-learn", "librosa", "opensmile")


def versions() -> dict[str, str | None]:
    """Return the versions of Python and of the packages that results depend on; null where one is not installed."""
    found: dict[str, str | None] = {"python": platform.python_version()}
    for name in DISTRIBUTIONS:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = None
    return found


def commit() -> dict[str, str | bool | None]:
    """Return the commit of the repository that contains ``ser`` and whether files differ from it; null without one.

    A repository that merely surrounds an installed package is not the project's.
    """
    none: dict[str, str | bool | None] = {"commit": None, "dirty": None}
    top = _git("rev-parse", "--show-toplevel")
    if top is None or not PACKAGE.parent.samefile(top):
        return none
    changed = _git("status", "--porcelain")
    head = _git("rev-parse", "HEAD")
    return none if head is None else {"commit": head, "dirty": bool(changed)}


def _git(*arguments: str) -> str | None:
    command = ["git", "-C", str(PACKAGE), *arguments]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None
