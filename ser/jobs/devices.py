"""Which GPU a job computes on: the first free one of those that it may use, held until the job ends.

A scheduler counts GPUs and does not say which one a job gets. Here every device has one lock file for each job that it
may hold at a time; the kernel drops a lock with its process, however that ends. A job takes one lock and never a
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

LOCKS = Path("/tmp", f"ser-{os.getuid()}")  # not TMPDIR: it differs between shells, and all jobs of a machine meet here
POLL = 1.0  # seconds between two looks for a free device
VARIABLE = "CUDA_VISIBLE_DEVICES"


def installed() -> list[list[str]]:
    """Return the UUIDs of each GPU in ``nvidia-smi``'s order: its own, or those of its MIG parts if it has any.

    Empty without ``nvidia-smi``; where that fails, a line in the log says so.
    """
    try:
        done = subprocess.run(["nvidia-smi", "-L"], capture_output=True, text=True, timeout=120, check=True)
    except FileNotFoundError:
        return []
    except (OSError, subprocess.SubprocessError) as error:
        print(f"nvidia-smi lists no devices, so none is shared out ({error})", file=sys.stderr, flush=True)
        return []
    gpus: list[list[str]] = []
    for line in done.stdout.splitlines():
        found = re.search(r"\(UUID: ((GPU|MIG)-[^)]+)\)", line)
        if found is None:
            continue
        if found[2] == "GPU":
            gpus.append([found[1]])
        else:
            gpus[-1] = [name for name in gpus[-1] if name.startswith("MIG-")] + [found[1]]
    return gpus


def visible() -> list[str]:
    """Return the UUIDs of the devices that this process may use: all, or those in ``CUDA_VISIBLE_DEVICES``.

    Numbers there are ``nvidia-smi``'s. As for CUDA, an entry that names no device hides itself and all behind it.
    """
    gpus, asked = installed(), os.environ.get(VARIABLE)
    every = [name for gpu in gpus for name in gpu]
    if asked is None:
        return every
    found: list[str] = []
    for entry in (part.strip() for part in asked.split(",")):
        if entry.isdigit() and int(entry) < len(gpus):
            found.extend(gpus[int(entry)])
        elif entry.startswith(("GPU-", "MIG-")):
            found.append(next((name for name in every if name.startswith(entry)), entry))
        else:
            break
    return list(dict.fromkeys(found))


@contextmanager
def granted(gpus: int, device: str = "auto", jobs_per_gpu: int = 1) -> Iterator[str]:
    """Let this process see one free device, or none where ``gpus`` is 0; yield the name by which torch knows it.

    device: auto, cpu, cuda or cuda:<n>, the n-th visible one. At most ``jobs_per_gpu`` processes share a device; while
    all places are taken this one waits, with a line in the log. Where no device can be listed, nothing is changed. To
    be entered before CUDA starts. SerError for a number beyond the visible devices.
    """
    if not gpus or device == "cpu":
        with _seeing(""):
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
    with _held(devices, jobs_per_gpu) as name, _seeing(name):
        yield kind


@contextmanager
def _held(devices: Sequence[str], places: int) -> Iterator[str]:
    """Yield a device that this process holds, after waiting for one where all are taken."""
    folder, spoke = _folder(), -EVERY
    while (taken := _take(devices, places, folder)) is None:
        if time.monotonic() - spoke >= EVERY:
            spoke = time.monotonic()
            visible = f"{len(devices)} visible, {places} job{'s' * (places > 1)} at most on each"
            print(f"waits for a device: {visible}, locks in {folder}", file=sys.stderr, flush=True)
        time.sleep(POLL)
    name, lock = taken
    print(f"computes on {name}", file=sys.stderr, flush=True)
    try:
        yield name
    finally:
        lock.release()


def _take(devices: Sequence[str], places: int, folder: Path) -> "tuple[str, FileLock] | None":
    """Return the first device with a free place, and its lock; the first places of all come before any second one."""
    from filelock import FileLock, Timeout

    for place in range(places):
        for name in devices:
            lock = FileLock(folder / f"{name.replace('/', '-')}.{place}")
            with suppress(Timeout):
                lock.acquire(blocking=False)
                return name, lock
    return None


def _folder() -> Path:
    """Return the folder of this user's locks; SerError where someone else owns it."""
    LOCKS.mkdir(mode=0o700, exist_ok=True)
    if LOCKS.lstat().st_uid != os.getuid():
        raise SerError(f"{LOCKS} is meant for the locks of this user's jobs, but someone else owns it.")
    return LOCKS


@contextmanager
def _seeing(devices: str) -> Iterator[None]:
    """Show CUDA only ``devices``, for as long as the context lasts."""
    before = os.environ.get(VARIABLE)
    os.environ[VARIABLE] = devices
    try:
        yield
    finally:
        if before is None:
            os.environ.pop(VARIABLE, None)
        else:
            os.environ[VARIABLE] = before
