"""The GPU that a job computes on: the first free one of those that it may use, locked until the job ends.

A scheduler counts GPUs and does not tell a job which one to use. Here every device has one lock file for each job that
may share it. The kernel releases a lock when its process ends, however that happens. A job takes one lock and never a
second, so that jobs cannot wait for each other in a circle.
"""

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from ser.errors import SerError
from ser.jobs.progress import EVERY

if TYPE_CHECKING:
    from filelock import FileLock

LOCKS = Path("/tmp", f"ser-{os.getuid()}")  # not TMPDIR: it differs between shells, and all jobs need the same folder
POLL = 1.0  # seconds between two attempts to lock a device
VARIABLE = "CUDA_VISIBLE_DEVICES"


def installed() -> list[list[str]]:
    """Return the UUIDs of each GPU in ``nvidia-smi``'s order: its own, or those of its MIG parts if it has any.

    Empty without ``nvidia-smi``; where that fails, a line in the log reports it.
    """
    try:
        done = subprocess.run(["nvidia-smi", "-L"], capture_output=True, text=True, timeout=120, check=True)
    except FileNotFoundError:
        return []
    except (OSError, subprocess.SubprocessError) as error:
        print(f"nvidia-smi lists no devices, so none is locked ({error})", file=sys.stderr, flush=True)
        return []
    gpus: list[list[str]] = []
    for kind, uuid in re.findall(r"\(UUID: (GPU|MIG)(-[^)]+)\)", done.stdout):
        if kind == "GPU":
            gpus.append([kind + uuid])
        else:
            gpus[-1] = [name for name in gpus[-1] if name.startswith("MIG-")] + [kind + uuid]
    return gpus


def visible() -> list[str]:
    """Return the UUIDs of the devices that this process may use: all, or those in ``CUDA_VISIBLE_DEVICES``.

    Numbers there are ``nvidia-smi``'s. As in CUDA, an entry that names no device hides itself and all after it.
    """
    gpus, allowed = installed(), os.environ.get(VARIABLE)
    every = [name for gpu in gpus for name in gpu]
    if allowed is None:
        return every
    found: list[str] = []
    for entry in (part.strip() for part in allowed.split(",")):
        if entry.isdigit() and int(entry) < len(gpus):
            found.extend(gpus[int(entry)])
        elif entry.startswith(("GPU-", "MIG-")):
            found.append(next((name for name in every if name.startswith(entry)), entry))
        else:
            break
    return list(dict.fromkeys(found))


@contextmanager
def granted(gpus: int, device: str = "auto", jobs_per_gpu: int = 1) -> Iterator[str]:
    """Make one free device visible to this process, or none where ``gpus`` is 0; yield torch's name of it.

    device: auto, cpu, cuda or cuda:<n>, the n-th visible one. At most ``jobs_per_gpu`` processes share a device; while
    all are in use this one waits, with a line in the log. Where no device can be listed, nothing is changed. To be
    entered before CUDA starts. SerError for a number beyond the visible devices.
    """
    if not gpus or device == "cpu":
        with _only_visible(""):
            yield "cpu"
        return
    kind, _, number = device.partition(":")
    devices = visible() if kind in ("auto", "cuda") else []
    if devices and number.isdigit():
        if int(number) >= len(devices):
            raise SerError(f"device '{device}' was asked for, but this job may use {len(devices)} devices.")
        devices = [devices[int(number)]]
    if not devices:
        yield device
        return
    with _locked(devices, jobs_per_gpu) as name, _only_visible(name):
        yield kind


@contextmanager
def _locked(devices: Sequence[str], jobs_per_gpu: int) -> Iterator[str]:
    """Yield a device that this process has locked, after waiting where all are in use."""
    LOCKS.mkdir(mode=0o700, exist_ok=True)
    if LOCKS.lstat().st_uid != os.getuid():
        raise SerError(f"{LOCKS} is meant for the locks of this user's jobs, but another user owns it.")
    printed = -EVERY
    while (taken := _take(devices, jobs_per_gpu)) is None:
        if time.monotonic() - printed >= EVERY:
            printed = time.monotonic()
            shared = f"{len(devices)} visible, {jobs_per_gpu} job{'s' * (jobs_per_gpu > 1)} at most on each"
            print(f"waits for a device: {shared}, locks in {LOCKS}", file=sys.stderr, flush=True)
        time.sleep(POLL)
    name, lock = taken
    print(f"computes on {name}", file=sys.stderr, flush=True)
    try:
        yield name
    finally:
        lock.release()


def _take(devices: Sequence[str], jobs_per_gpu: int) -> "tuple[str, FileLock] | None":
    """Return a device and its lock, the least shared first; None where all are in use."""
    from filelock import FileLock, Timeout

    for job in range(jobs_per_gpu):
        for name in devices:
            lock = FileLock(LOCKS / f"{name.replace('/', '-')}.{job}")
            with suppress(Timeout):
                lock.acquire(blocking=False)
                return name, lock
    return None


@contextmanager
def _only_visible(devices: str) -> Iterator[None]:
    before = os.environ.get(VARIABLE)
    os.environ[VARIABLE] = devices
    try:
        yield
    finally:
        if before is None:
            os.environ.pop(VARIABLE, None)
        else:
            os.environ[VARIABLE] = before
