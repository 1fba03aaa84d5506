"""Faults of files between two runs: damaged, with or without a new time, and times that jump."""

import os
import time
from random import Random

from bench import FINISHED, SCORES, Bench, Fault, Outcome, harm, must_succeed, settle


def damaged_file(pattern: str, noticed: bool) -> Fault:
    """A written file is damaged between two runs; ``noticed``: with a new time, so that Snakemake notices it."""

    def fault(bench: Bench, rng: Random) -> Outcome:
        project = bench.project
        project.restore(FINISHED)
        path = rng.choice(sorted(project.folder.glob(pattern)))
        before = path.stat()
        outcome = Outcome(f"{harm(path, rng)} {'/'.join(path.parts[-2:])}")
        if not noticed:
            os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
        else:
            settle(bench, SCORES, outcome)
        found = project.run(["ser", "verify", "data", "results"])
        outcome.lost += found.seconds
        outcome.steps.append("verify")
        damaged = [line for line in found.text.splitlines() if (project.folder / line).is_file()]
        if damaged:
            done = project.run(project.snakemake(*SCORES, "--forcerun", *damaged))
            outcome.steps.append("forcerun")
            outcome.lost += done.seconds
            must_succeed(done, outcome)
        elif not noticed:
            outcome.problems.append("verify did not find it")
        return bench.inspect(outcome)

    return fault


def moved_times(bench: Bench, rng: Random) -> Outcome:
    """The times of files jump to the future or the past, as after a wrong clock or a careless copy."""
    project = bench.project
    project.restore(FINISHED)
    files = sorted(path for name in ("data", "results") for path in (project.folder / name).rglob("*.parquet"))
    moved = rng.sample(files, 5)
    days = rng.choice([-400, -1, 1, 400])
    for path in moved:
        os.utime(path, (time.time() + days * 86400,) * 2)
    outcome = Outcome(f"5 files by {days:+} days")
    settle(bench, SCORES, outcome)
    return bench.inspect(outcome)
