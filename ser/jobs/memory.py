"""How much memory a job may use: what the machine has available, its limits, and what the scheduler granted."""

import math
import os
import re
from contextlib import suppress
from pathlib import Path

SHARE = 0.5  # of the memory that a job may use, which one feature of a fold may take; the rest is for the training
MEBIBYTE = 2**20
FIXED = {"memory": math.inf, "mapped": 0.0}  # bytes


def largest(choice: str, granted: int | None = None) -> float:
    """Return the bytes of the largest feature of a fold that is held in memory; a larger one is read from a file.

    choice: auto, memory (every feature is held) or mapped (none is); granted: MB that the scheduler gave this job, None
    where it gave none. ``auto`` is ``SHARE`` of what is granted or of what the machine has, whichever is less.
    """
    if choice in FIXED:
        return FIXED[choice]
    return SHARE * min(available(), math.inf if granted is None else granted * MEBIBYTE)


def available(processes: Path = Path("/proc"), groups: Path = Path("/sys/fs/cgroup")) -> float:
    """Return the bytes that this process can have: free or reclaimable, and within the limits of its control groups.

    Where the system does not say what is available, all memory counts.
    """
    found = re.search(r"^MemAvailable:\s+(\d+) kB", _text(processes / "meminfo"), re.MULTILINE)
    free = int(found[1]) * 1024 if found else os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return min([free, *_limits(_text(processes / "self/cgroup"), groups)])


def _limits(memberships: str, groups: Path) -> list[int]:
    """Return the limits in bytes of the control groups that a process is in, and of those around them."""
    found = []
    for line in memberships.splitlines():
        _, controllers, path = line.split(":", 2)
        unified = not controllers
        if not unified and "memory" not in controllers.split(","):
            continue
        top, name = (groups, "memory.max") if unified else (groups / "memory", "memory.limit_in_bytes")
        inner = top / path.strip("/")
        for folder in (inner, *inner.parents):
            with suppress(ValueError):  # max: no limit; nothing: the file does not exist
                found.append(int(_text(folder / name)))
            if folder == top:
                break
    return found


def _text(path: Path) -> str:
    """Return what the file at ``path`` holds; nothing where it cannot be read."""
    with suppress(OSError):
        return path.read_text(encoding="utf-8")
    return ""
