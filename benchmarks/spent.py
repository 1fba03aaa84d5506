"""What a command takes: wall time, processor time and memory of it and all that it starts."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

# A process begins with the memory of the one that starts it, so a small process is in between.
LAUNCHER = """
import json, os, subprocess, sys
_, status, usage = os.wait4(subprocess.Popen(sys.argv[2:]).pid, 0)
with open(sys.argv[1], "w") as file:
    json.dump([usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024], file)
sys.exit(os.waitstatus_to_exitcode(status))
"""
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


@dataclass(frozen=True)
class Spent:
    """One or several jobs: seconds of wall time and of processor time (user + system), memory of the largest in MB."""

    jobs: int
    wall: float
    processor: float
    memory: float


def run(command: Sequence[object], folder: Path | None = None) -> Spent:
    """Run ``command`` in ``folder`` with one numerical thread; SystemExit with its last words where it fails."""
    words = [str(word) for word in command]
    with tempfile.NamedTemporaryFile() as used:
        began = time.perf_counter()
        launched = [sys.executable, "-S", "-c", LAUNCHER, used.name, *words]
        job = subprocess.run(
            launched,
            cwd=folder,
            env={**os.environ, **ONE_THREAD},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        wall = time.perf_counter() - began
        if job.returncode:
            raise SystemExit(f"{' '.join(words)}\n{job.stdout.decode()[-3000:]}")
        processor, memory = json.load(used)
    return Spent(1, wall, processor, memory)


def ser(arguments: Sequence[object], folder: Path | None = None) -> Spent:
    """Run one verb of the pipeline, in ``folder``."""
    return run([sys.executable, "-c", "from ser.cli import app; app()", *arguments], folder)


def total(jobs: Iterable[Spent]) -> Spent:
    """Return the sum of times and the largest memory of ``jobs``."""
    every = list(jobs)
    wall, processor = sum(one.wall for one in every), sum(one.processor for one in every)
    return Spent(len(every), wall, processor, max(one.memory for one in every))


def seconds(work: Callable[[], object]) -> float:
    """Return the wall time of ``work``, in this process."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def row(*cells: object) -> None:
    """Print one row of a Markdown table at once."""
    print(
        "| " + " | ".join(f"{cell:.1f}" if isinstance(cell, float) else str(cell) for cell in cells) + " |", flush=True
    )
