"""Faults of Snakemake and of jobs that it runs: killed, a full disk, a second Snakemake in the same folder."""

import os
import signal
import time
from contextlib import suppress
from random import Random

from bench import LOCKED, Bench, Fault, Outcome, pause, settle


def killed_scheduler(number: signal.Signals, group: bool) -> Fault:
    """Snakemake is killed at a random moment, alone or with its jobs, and started again as documented."""

    def fault(bench: Bench, rng: Random) -> Outcome:
        project = bench.project
        targets, usual = bench.reopen(rng)
        command = project.snakemake(*targets)
        wait = rng.uniform(0.15, 0.95) * usual
        began = time.monotonic()
        process = project.start(command)
        pause(process, wait)
        with suppress(ProcessLookupError):  # it may have come to its end
            (os.killpg if group else os.kill)(process.pid, number)
        process.wait(timeout=300)
        struck = time.monotonic() - began
        outcome = Outcome(f"{wait:.1f} of {usual:.1f} s")
        if not group and number == signal.SIGKILL:
            time.sleep(2)
            if alive := project.processes(r"\bser [a-z-]+ --"):
                outcome.problems.append(f"{len(alive)} jobs outlive the scheduler")
        settle(bench, targets, outcome)
        outcome.lost += struck - usual
        return bench.inspect(outcome)

    return fault


def killed_under_scheduler(number: signal.Signals) -> Fault:
    """A job of a running Snakemake is killed; Snakemake reports it and is started again."""

    def fault(bench: Bench, rng: Random) -> Outcome:
        project = bench.project
        targets, usual = bench.reopen(rng)
        began = time.monotonic()
        process = project.start(project.snakemake(*targets))
        pause(process, rng.uniform(0.2, 0.9) * usual)
        victims: list[int] = []
        while process.poll() is None and not (victims := project.processes(r"bin/ser [a-z-]+ --")):
            time.sleep(0.02)
        moment = f"{time.monotonic() - began:.1f} of {usual:.1f} s"
        for victim in victims[:1]:
            with suppress(ProcessLookupError):
                os.kill(victim, number)
        code = process.wait(timeout=300)
        outcome = Outcome(moment)
        if victims and code == 0:
            outcome.problems.append("Snakemake did not notice")
        struck = time.monotonic() - began
        settle(bench, targets, outcome)
        outcome.lost += struck - usual
        return bench.inspect(outcome)

    return fault


def full_disk_under_scheduler(bench: Bench, rng: Random) -> Outcome:
    """The disk with everything on it, logs and Snakemake's own notes too, is full for a while."""
    project = bench.project
    targets, usual = bench.reopen(rng)
    left = rng.randrange(0, 64 << 10)
    with project.filled(left):
        failed = project.run(project.snakemake(*targets))
    outcome = Outcome(f"{left >> 10} KiB left")
    if failed.code == 0:
        outcome.problems.append("succeeded on a full disk")
    settle(bench, targets, outcome)
    outcome.lost += failed.seconds - usual
    return bench.inspect(outcome)


def two_schedulers(bench: Bench, rng: Random) -> Outcome:
    """A second Snakemake is started while the first is at work: it must be refused, and the first must end well."""
    project = bench.project
    targets, usual = bench.reopen(rng)
    began = time.monotonic()
    first = project.start(project.snakemake(*targets))
    while first.poll() is None and not list((project.folder / ".snakemake/locks").glob("*")):
        time.sleep(0.02)
    pause(first, rng.uniform(0, 0.1) * usual)
    moment = f"{time.monotonic() - began:.1f} of {usual:.1f} s"
    second = project.run(project.snakemake(*targets))
    outcome = Outcome(moment, ["second refused"])
    ended = second.code == 0 and "Nothing to be done" in second.text  # the first had come to its end
    if not ended and LOCKED not in second.text:
        outcome.problems.append("the second scheduler was let in")
    if first.wait(timeout=300):
        outcome.problems.append("the first scheduler failed")
    outcome.lost = time.monotonic() - began - usual
    settle(bench, targets, outcome)
    return bench.inspect(outcome)
