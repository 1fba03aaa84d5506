"""What a command takes: wall time, processor time and memory of it and all that it starts."""

import os
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

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
    began = time.perf_counter()
    words = [str(word) for word in command]
    surroundings = {**os.environ, **ONE_THREAD}
    job = subprocess.Popen(words, cwd=folder, env=surroundings, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert job.stdout is not None
    said = job.stdout.read()
    _, status, usage = os.wait4(job.pid, 0)
    job.returncode = os.waitstatus_to_exitcode(status)
    if status:
        raise SystemExit(f"{' '.join(words)}\n{said.decode()[-3000:]}")
    return Spent(1, time.perf_counter() - began, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def ser(arguments: Sequence[object]) -> Spent:
    """Run one verb of the pipeline."""
    return run([sys.executable, "-c", "from ser.cli import app; app()", *arguments])


def total(jobs: Iterable[Spent]) -> Spent:
    """Return the sum of times and the largest memory of ``jobs``."""
    every = list(jobs)
    wall, processor = sum(one.wall for one in every), sum(one.processor for one in every)
    return Spent(len(every), wall, processor, max(one.memory for one in every))


def row(*cells: object) -> None:
    """Print one row of a Markdown table at once."""
    print(
        "| " + " | ".join(f"{cell:.1f}" if isinstance(cell, float) else str(cell) for cell in cells) + " |", flush=True
    )
