"""Faults of one job that is called by hand: killed, without disk, file size or memory, its clock moved."""

import signal
import time
from pathlib import Path
from random import Random

from bench import FINISHED, Bench, Command, Fault, Outcome, again, harm, must_name, must_succeed, pause
from project_copy import INTERVAL, ProjectCopy

FAKETIME = next(iter(Path("/usr/lib").glob("*/faketime/libfaketime.so.1")), None)  # Debian's package libfaketime


def killed_job(verb: str, number: signal.Signals) -> Fault:
    """A job on its own is killed at a random moment and called again."""

    def fault(bench: Bench, rng: Random) -> Outcome:
        bench.project.restore(FINISHED)
        command = rng.choice(bench.jobs[verb])
        usual = bench.seconds(command)
        wait = rng.uniform(0.6 if verb == "network" else 0.1, 1.0) * usual  # a training begins after the libraries
        struck, repeated = _strike(bench.project, command, wait, number)
        repeat = bench.project.run(command)
        outcome = Outcome(f"{struck:.1f} of {usual:.1f} s", [f"ser {verb}"], struck + repeat.seconds - usual, repeated)
        must_succeed(repeat, outcome)
        if repeated is not None and repeated > INTERVAL + 2.0:
            outcome.problems.append(f"{repeated:.1f} s of training lost with a checkpoint every {INTERVAL} s")
        return bench.inspect(outcome)

    return fault


def damaged_checkpoint(bench: Bench, rng: Random) -> Outcome:
    """A training is killed once it has a checkpoint, the checkpoint is damaged, and the training called again."""
    bench.project.restore(FINISHED)
    command = rng.choice(bench.jobs["network"])
    usual = bench.seconds(command)
    process = bench.project.start(command)
    while process.poll() is None and not _checkpoints(bench.project):
        time.sleep(0.01)
    process.kill()
    process.wait()
    outcome = Outcome("after the first checkpoint", ["ser train"])
    for path in _checkpoints(bench.project):
        outcome.moment = f"{harm(path, rng)} after the first checkpoint"
    repeat = bench.project.run(command)
    outcome.lost = repeat.seconds - usual
    must_succeed(repeat, outcome)
    if "resumed after" in repeat.text:
        outcome.problems.append("a damaged checkpoint was used")
    return bench.inspect(outcome)


def full_disk(verb: str, most: int) -> Fault:
    """Less than ``most`` bytes are left on the disk while a job writes; room is made and the job called again."""

    def fault(bench: Bench, rng: Random) -> Outcome:
        bench.project.restore(FINISHED)
        command = rng.choice(bench.jobs[verb])
        usual = bench.seconds(command)
        left = rng.randrange(0, most)
        with bench.project.filled(left):
            failed = bench.project.run(command)
        outcome = Outcome(f"{left >> 10} KiB left", [f"ser {verb}"])
        must_name(failed, "No space left on device", outcome)
        return again(bench, command, usual, failed, outcome)

    return fault


def read_only(verb: str) -> Fault:
    """The outputs are mounted read-only; the mount is made writable and the job called again."""

    def fault(bench: Bench, rng: Random) -> Outcome:
        bench.project.restore(FINISHED)
        command = rng.choice(bench.jobs[verb])
        usual = bench.seconds(command)
        with bench.project.read_only():
            failed = bench.project.run(command)
        outcome = Outcome("from the start", [f"ser {verb}"])
        must_name(failed, "Read-only file system", outcome)
        return again(bench, command, usual, failed, outcome)

    return fault


def file_limit(verb: str) -> Fault:
    """A limit on the size of files cuts a job short; it is raised and the job called again."""

    def fault(bench: Bench, rng: Random) -> Outcome:
        bench.project.restore(FINISHED)
        command = rng.choice(bench.jobs[verb])
        usual = bench.seconds(command)
        limit = rng.randrange(1, 5)
        failed = bench.project.run(["bash", "-c", f'ulimit -f {limit}; exec "$@"', "job", *command])
        outcome = Outcome(f"files of {limit} KiB", [f"ser {verb}"])
        must_name(failed, "File too large", outcome)
        return again(bench, command, usual, failed, outcome)

    return fault


def little_memory(bench: Bench, rng: Random) -> Outcome:
    """A limit on memory stops a training; it is raised and the training called again."""
    bench.project.restore(FINISHED)
    command = rng.choice(bench.jobs["network"])
    usual = bench.seconds(command)
    limit = rng.randrange(500_000, 900_000)
    failed = bench.project.run(["bash", "-c", f'ulimit -v {limit}; exec "$@"', "job", *command])
    outcome = Outcome(f"{limit // 1000} MB, exit code {failed.code}", ["ser train"])
    return again(bench, command, usual, failed, outcome)


def jumping_clock(bench: Bench, rng: Random) -> Outcome:
    """The clock jumps during a training, forwards or backwards, which is then killed and called again."""
    project = bench.project
    project.restore(FINISHED)
    command = rng.choice(bench.jobs["network"])
    usual = bench.seconds(command)
    clock = project.folder.parent / "clock"
    clock.write_text("+0")
    days = rng.choice([-400, -1, 1, 400])
    faked = {
        "LD_PRELOAD": str(FAKETIME),
        "FAKETIME_TIMESTAMP_FILE": str(clock),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }
    process = project.start(command, faked)
    pause(process, rng.uniform(0.4, 0.8) * usual)
    clock.write_text(f"{days:+}d")
    pause(process, 0.2 * usual)
    process.kill()
    process.wait()
    repeat = project.run(command)
    outcome = Outcome(f"{days:+} days, then killed", ["ser train"], repeat.seconds + 0.2 * usual)
    must_succeed(repeat, outcome)
    return bench.inspect(outcome)


def _strike(project: ProjectCopy, command: Command, wait: float, number: signal.Signals) -> tuple[float, float | None]:
    """Start ``command``, send it ``number`` after ``wait`` seconds; return when, and the age of its checkpoint."""
    began = time.monotonic()
    process = project.start(command)
    pause(process, wait)
    held = [path.stat().st_mtime for path in _checkpoints(project)]
    age = time.time() - max(held) if held and process.poll() is None else None
    process.send_signal(number)
    process.wait()
    return time.monotonic() - began, age


def _checkpoints(project: ProjectCopy) -> list[Path]:
    return list((project.folder / "results/checkpoints").glob("*/state.safetensors"))
