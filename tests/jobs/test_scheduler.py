"""A job ends with the Snakemake that started it, and only then."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from ser.jobs import scheduler

PROJECT = Path(__file__).parents[2]
JOB = "import time; from ser.jobs import scheduler; scheduler.follow(); print('at work', flush=True); time.sleep(60)"
SCHEDULER = "import subprocess, sys; subprocess.run(['bash', '-c', sys.argv[1]])"
PREFIX = 'export SER_SCHEDULER="$PPID:$$"; '  # as in the Snakefile


def started(shell: str) -> "subprocess.Popen[str]":
    """Start a scheduler, a shell and a job, and wait until the job is at work."""
    command = [sys.executable, "-c", SCHEDULER, f"{shell} {sys.executable} -c {JOB!r}; true"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "at work\n"
    return process


def ended(process: "subprocess.Popen[str]", within: float) -> bool:
    """Return whether the job has let go of the output that it inherited."""
    try:
        process.communicate(timeout=within)
    except subprocess.TimeoutExpired:
        return False
    return True


def test_a_job_does_not_outlive_its_scheduler() -> None:
    process = started(PREFIX)
    process.kill()
    assert ended(process, within=30)


def test_a_job_that_was_started_by_hand_goes_on() -> None:
    process = started("echo $$ >&2; unset SER_SCHEDULER;")
    assert process.stderr is not None
    shell = int(process.stderr.readline())
    process.kill()
    time.sleep(0.5)
    assert not ended(process, within=0.5)
    subprocess.run(["pkill", "-P", str(shell)], check=True)


def test_the_snakefile_names_itself_to_its_jobs() -> None:
    assert f"shell.prefix('{PREFIX.removesuffix('; ')}" in (PROJECT / "workflow" / "Snakefile").read_text()


def test_numbers_from_another_container_are_ignored(monkeypatch) -> None:
    watched: list[Callable[..., object]] = []
    monkeypatch.setattr(scheduler, "Thread", lambda **given: watched.append(given["target"]))
    monkeypatch.setenv(scheduler.VARIABLE, f"{os.getpid()}:999999999")
    scheduler.follow()
    assert watched == []
