"""Failures of the machine in words that help the user: a full or read-only disk, a limit, out of memory."""

import errno
import os
import re
import shutil
from pathlib import Path

DISK = {
    errno.ENOSPC: "make room and run again",
    errno.EDQUOT: "your quota is used up: make room and run again",
    errno.EROFS: "the file system is mounted read-only: mount it writable, or work in another folder "
    "(snakemake --directory), and run again",
    errno.EACCES: "permission is missing: correct the permissions, or work in another folder, and run again",
    errno.EPERM: "permission is missing: correct the permissions, or work in another folder, and run again",
    errno.EFBIG: "the limit on the size of a file is reached (ulimit -f): raise it and run again",
    errno.EIO: "the disk or the file server fails: have it checked, then run again",
}
NO_MEMORY = re.compile(r"can't allocate memory|out of memory|cannot allocate memory", re.IGNORECASE)


def disk(error: BaseException, path: Path) -> str | None:
    """Return path, reason and remedy if ``error`` is one of a disk's; None if it is another."""
    if isinstance(error, OSError):
        number = error.errno or 0
    else:  # safetensors has the number in its text only
        found = re.search(r"\(os error (\d+)\)", str(error))
        number = int(found[1]) if found else 0
    if number not in DISK:
        return None
    free = ""
    if number in (errno.ENOSPC, errno.EDQUOT):
        there = next(folder for folder in path.absolute().parents if folder.is_dir())
        free = f", {shutil.disk_usage(there).free // 2**20} MiB are free"
    return f"{path}: {os.strerror(number)}{free}; {DISK[number]}."


def memory(error: Exception) -> str | None:
    """Return reason and remedy if ``error`` means out of memory; None if it means something else."""
    if not isinstance(error, MemoryError) and not (isinstance(error, RuntimeError) and NO_MEMORY.search(str(error))):
        return None
    reason = str(error).strip().splitlines()
    return (
        f"no memory was left ({reason[0] if reason else type(error).__name__}). Run fewer jobs at a time, give the job "
        "more (snakemake --set-resources <rule>:mem_mb=<MB>), or take a smaller training.batch."
    )
