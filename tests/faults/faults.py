"""The faults: each puts back a state, strikes at a random moment, does what a user would do, says what was lost."""

import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from compare import differences, litter
from house import INTERVAL, Done, House

Command = list[str]
SCORES = ("train", "scores", "comparisons")
FINISHED = "finished"  # the state in which all is there
OPEN = {"untrained": SCORES, "unextracted": ("features",)}  # states with something left to do, and what to ask for
LOCKED = "cannot be locked"
DAMAGED = re.compile(r"error: (\S+) (?:is damaged|cannot be read|is not JSON|is not a plan)")
FAKETIME = next(iter(Path("/usr/lib").glob("*/faketime/libfaketime.so.1")), None)  # Debian's package libfaketime


@dataclass
class Outcome:
    """What became of one fault. ``moment``: when it struck; ``lost``: seconds of work that was done twice."""

    moment: str
    steps: list[str] = field(default_factory=list)
    lost: float = 0.0
    repeated: float | None = None  # seconds of training since the last checkpoint
    problems: list[str] = field(default_factory=list)


@dataclass
class Bench:
    """The house, the jobs of the undisturbed run by verb, and how long things take undisturbed."""

    house: House
    jobs: dict[str, list[Command]]
    usual: dict[str, float] = field(default_factory=dict)

    def seconds(self, command: Command) -> float:
        """Return how long ``command`` takes; measured once."""
        name = " ".join(command)
        if name not in self.usual:
            self.usual[name] = self.house.run(command).seconds
        return self.usual[name]

    def reopen(self, rng: Random) -> tuple[tuple[str, ...], float]:
        """Put back a state with something left to do; return what to ask for and the seconds it takes undisturbed."""
        state = rng.choice(sorted(OPEN))
        self.house.restore(state)
        return OPEN[state], self.usual[state]

    def inspect(self, outcome: Outcome) -> Outcome:
        """Add what differs from the undisturbed run, and what was left behind."""
        finished = self.house.saved / FINISHED
        here = self.house.folder
        outcome.problems += sorted({*differences(finished, here), *differences(here, finished), *litter(here)})
        return outcome


Fault = Callable[[Bench, Random], Outcome]


def killed_job(verb: str, number: signal.Signals) -> Fault:
    """A job on its own is killed at a random moment and called again."""

    def fault(bench: Bench, rng: Random) -> Outcome:
        bench.house.restore(FINISHED)
        command = rng.choice(bench.jobs[verb])
        usual = bench.seconds(command)
        wait = rng.uniform(0.1, 1.0) * usual
        struck, repeated = _strike(bench.house, command, wait, number)
        again = bench.house.run(command)
        outcome = Outcome(f"{struck:.1f} of {usual:.1f} s", [f"ser {verb}"], struck + again.seconds - usual, repeated)
        _must_succeed(again, outcome)
        if repeated is not None and repeated > INTERVAL + 2.0:
            outcome.problems.append(f"{repeated:.1f} s of training lost with a checkpoint every {INTERVAL} s")
        return bench.inspect(outcome)

    return fault


def damaged_checkpoint(bench: Bench, rng: Random) -> Outcome:
    """A training is killed once it has a checkpoint, the checkpoint is damaged, and the training called again."""
    bench.house.restore(FINISHED)
    command = rng.choice(bench.jobs["network"])
    usual = bench.seconds(command)
    process = bench.house.start(command)
    while process.poll() is None and not _checkpoints(bench.house):
        time.sleep(0.01)
    process.kill()
    process.wait()
    outcome = Outcome("after the first checkpoint", ["ser train"])
    for path in _checkpoints(bench.house):
        outcome.moment = f"{_harm(path, rng)} after the first checkpoint"
    again = bench.house.run(command)
    outcome.lost = again.seconds - usual
    _must_succeed(again, outcome)
    if "resumed after" in again.text:
        outcome.problems.append("a damaged checkpoint was used")
    return bench.inspect(outcome)


def full_disk(verb: str) -> Fault:
    """The disk is full while a job writes; room is made and the job called again."""

    def fault(bench: Bench, rng: Random) -> Outcome:
        bench.house.restore(FINISHED)
        command = rng.choice(bench.jobs[verb])
        usual = bench.seconds(command)
        left = rng.randrange(0, 16 << 10)
        with bench.house.filled(left):
            failed = bench.house.run(command)
        outcome = Outcome(f"{left >> 10} KiB left", [f"ser {verb}"])
        _must_say(failed, "No space left on device", outcome)
        return _again(bench, command, usual, failed, outcome)

    return fault


def read_only(verb: str) -> Fault:
    """The outputs are mounted read-only; the mount is mended and the job called again."""

    def fault(bench: Bench, rng: Random) -> Outcome:
        bench.house.restore(FINISHED)
        command = rng.choice(bench.jobs[verb])
        usual = bench.seconds(command)
        with bench.house.read_only():
            failed = bench.house.run(command)
        outcome = Outcome("from the start", [f"ser {verb}"])
        _must_say(failed, "Read-only file system", outcome)
        return _again(bench, command, usual, failed, outcome)

    return fault


def file_limit(verb: str) -> Fault:
    """A limit on the size of files cuts a job short; it is raised and the job called again."""

    def fault(bench: Bench, rng: Random) -> Outcome:
        bench.house.restore(FINISHED)
        command = rng.choice(bench.jobs[verb])
        usual = bench.seconds(command)
        limit = rng.randrange(1, 5)
        failed = bench.house.run(["bash", "-c", f'ulimit -f {limit}; exec "$@"', "job", *command])
        outcome = Outcome(f"files of {limit} KiB", [f"ser {verb}"])
        _must_say(failed, "File too large", outcome)
        return _again(bench, command, usual, failed, outcome)

    return fault


def killed_scheduler(number: signal.Signals, group: bool) -> Fault:
    """Snakemake is killed at a random moment, alone or with its jobs, and started again as its documentation says."""

    def fault(bench: Bench, rng: Random) -> Outcome:
        house = bench.house
        targets, usual = bench.reopen(rng)
        command = house.snakemake(*targets)
        wait = rng.uniform(0.15, 0.95) * usual
        began = time.monotonic()
        process = house.start(command)
        _wait(process, wait)
        (os.killpg if group else os.kill)(process.pid, number)
        process.wait(timeout=300)
        struck = time.monotonic() - began
        outcome = Outcome(f"{wait:.1f} of {usual:.1f} s")
        if not group and number == signal.SIGKILL:
            time.sleep(2)
            if alive := house.processes(r"\bser [a-z-]+ --"):
                outcome.problems.append(f"{len(alive)} jobs outlive the scheduler")
        _settle(bench, targets, outcome)
        outcome.lost += struck - usual
        return bench.inspect(outcome)

    return fault


def killed_under_scheduler(number: signal.Signals) -> Fault:
    """A job of a running Snakemake is killed; Snakemake reports it and is started again."""

    def fault(bench: Bench, rng: Random) -> Outcome:
        house = bench.house
        targets, usual = bench.reopen(rng)
        began = time.monotonic()
        process = house.start(house.snakemake(*targets))
        _wait(process, rng.uniform(0.2, 0.9) * usual)
        victims: list[int] = []
        while process.poll() is None and not (victims := house.processes(r"bin/ser [a-z-]+ --")):
            time.sleep(0.02)
        moment = f"{time.monotonic() - began:.1f} of {usual:.1f} s"
        for victim in victims[:1]:
            os.kill(victim, number)
        code = process.wait(timeout=300)
        outcome = Outcome(moment)
        if victims and code == 0:
            outcome.problems.append("Snakemake did not notice")
        struck = time.monotonic() - began
        _settle(bench, targets, outcome)
        outcome.lost += struck - usual
        return bench.inspect(outcome)

    return fault


def full_disk_under_scheduler(bench: Bench, rng: Random) -> Outcome:
    """The disk with everything on it, logs and Snakemake's own notes too, is full for a while."""
    house = bench.house
    targets, usual = bench.reopen(rng)
    left = rng.randrange(0, 64 << 10)
    with house.filled(left):
        failed = house.run(house.snakemake(*targets))
    outcome = Outcome(f"{left >> 10} KiB left")
    if failed.code == 0:
        outcome.problems.append("succeeded on a full disk")
    _settle(bench, targets, outcome)
    outcome.lost += failed.seconds - usual
    return bench.inspect(outcome)


def two_schedulers(bench: Bench, rng: Random) -> Outcome:
    """A second Snakemake is started while the first is at work: it must be refused, and the first must end well."""
    house = bench.house
    targets, usual = bench.reopen(rng)
    began = time.monotonic()
    first = house.start(house.snakemake(*targets))
    while first.poll() is None and not list((house.folder / ".snakemake/locks").glob("*")):
        time.sleep(0.02)
    _wait(first, rng.uniform(0, 0.3) * usual)
    moment = f"{time.monotonic() - began:.1f} of {usual:.1f} s"
    alone = first.poll() is not None
    second = house.run(house.snakemake(*targets))
    outcome = Outcome(moment, ["second refused"])
    if not alone and (second.code == 0 or LOCKED not in second.text):
        outcome.problems.append("the second scheduler was let in")
    if first.wait(timeout=300):
        outcome.problems.append("the first scheduler failed")
    outcome.lost = time.monotonic() - began - usual
    _settle(bench, targets, outcome)
    return bench.inspect(outcome)


def damaged_file(pattern: str, noticed: bool) -> Fault:
    """A written file is damaged between two runs; ``noticed``: with a new time, so that Snakemake looks at it."""

    def fault(bench: Bench, rng: Random) -> Outcome:
        house = bench.house
        house.restore(FINISHED)
        path = rng.choice(sorted(house.folder.glob(pattern)))
        before = path.stat()
        outcome = Outcome(f"{_harm(path, rng)} {'/'.join(path.parts[-2:])}")
        if not noticed:
            os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
        else:
            _settle(bench, SCORES, outcome)
        found = house.run(["ser", "verify", "data", "results"])
        outcome.lost += found.seconds
        outcome.steps.append("verify")
        damaged = [line for line in found.text.splitlines() if (house.folder / line).is_file()]
        if damaged:
            done = house.run(house.snakemake(*SCORES, "--forcerun", *damaged))
            outcome.steps.append("forcerun")
            outcome.lost += done.seconds
            _must_succeed(done, outcome)
        elif not noticed:
            outcome.problems.append("verify did not find it")
        return bench.inspect(outcome)

    return fault


def moved_times(bench: Bench, rng: Random) -> Outcome:
    """The times of files jump to the future or the past, as after a wrong clock or a careless copy."""
    house = bench.house
    house.restore(FINISHED)
    files = sorted(path for name in ("data", "results") for path in (house.folder / name).rglob("*.parquet"))
    moved = rng.sample(files, 5)
    days = rng.choice([-400, -1, 1, 400])
    for path in moved:
        os.utime(path, (time.time() + days * 86400,) * 2)
    outcome = Outcome(f"5 files by {days:+} days")
    _settle(bench, SCORES, outcome)
    return bench.inspect(outcome)


def jumping_clock(bench: Bench, rng: Random) -> Outcome:
    """The clock jumps during a training, forwards or backwards, which is then killed and taken up again."""
    house = bench.house
    house.restore(FINISHED)
    command = rng.choice(bench.jobs["network"])
    usual = bench.seconds(command)
    clock = house.folder.parent / "clock"
    clock.write_text("+0")
    days = rng.choice([-400, -1, 1, 400])
    faked = {
        "LD_PRELOAD": str(FAKETIME),
        "FAKETIME_TIMESTAMP_FILE": str(clock),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }
    process = house.start(command, faked)
    _wait(process, rng.uniform(0.4, 0.8) * usual)
    clock.write_text(f"{days:+}d")
    _wait(process, 0.2 * usual)
    process.kill()
    process.wait()
    again = house.run(command)
    outcome = Outcome(f"{days:+} days, then killed", ["ser train"], again.seconds + 0.2 * usual)
    _must_succeed(again, outcome)
    return bench.inspect(outcome)


def _strike(house: House, command: Command, wait: float, number: signal.Signals) -> tuple[float, float | None]:
    """Start ``command``, send it ``number`` after ``wait`` seconds; return when, and the age of its checkpoint."""
    began = time.monotonic()
    process = house.start(command)
    _wait(process, wait)
    held = [path.stat().st_mtime for path in _checkpoints(house)]
    age = time.time() - max(held) if held and process.poll() is None else None
    process.send_signal(number)
    process.wait()
    return time.monotonic() - began, age


def _checkpoints(house: House) -> list[Path]:
    return list((house.folder / "results/checkpoints").glob("*/state.safetensors"))


def _wait(process: "subprocess.Popen[str]", seconds: float) -> None:
    try:
        process.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        return


def _harm(path: Path, rng: Random) -> str:
    """Damage the file at ``path`` in a random way; return which."""
    content = bytearray(path.read_bytes())
    kind = rng.choice(["truncated", "emptied", "bit flipped in", "block lost in"])
    at = rng.randrange(len(content))
    if kind == "truncated":
        content = content[:at]
    elif kind == "emptied":
        content = bytearray()
    elif kind == "bit flipped in":
        content[at] ^= 1 << rng.randrange(8)
    else:
        end = min(at + 512, len(content))
        content[at:end] = b"\xaa" * (end - at)
    path.write_bytes(bytes(content))
    return kind


def _again(bench: Bench, command: Command, usual: float, failed: Done, outcome: Outcome) -> Outcome:
    again = bench.house.run(command)
    outcome.lost = failed.seconds + again.seconds - usual
    _must_succeed(again, outcome)
    return bench.inspect(outcome)


def _must_succeed(done: Done, outcome: Outcome) -> None:
    if done.code:
        last = done.text.strip().splitlines()[-1:] or ["nothing was said"]
        outcome.problems.append(f"{outcome.steps[-1]} failed: {last[0][:200]}")


def _must_say(done: Done, words: str, outcome: Outcome) -> None:
    """Add a problem unless ``done`` failed with one line that says why."""
    if done.code == 0:
        outcome.problems.append("it succeeded all the same")
    elif "Traceback" in done.text or words not in done.text:
        outcome.problems.append(f"no clear word: {done.text.strip()[-200:]}")


def _settle(bench: Bench, targets: Sequence[str], outcome: Outcome) -> None:
    """Run Snakemake until it succeeds, with no other help than what the documentation allows."""
    house = bench.house
    for _ in range(6):
        done = house.run(house.snakemake(*targets))
        outcome.lost += done.seconds
        outcome.steps.append("snakemake")
        if done.code == 0:
            return
        if LOCKED in done.text:
            outcome.lost += house.run(house.snakemake("--unlock")).seconds
            outcome.steps[-1] = "unlock"
        elif found := DAMAGED.search(done.text):
            (house.folder / found.group(1)).unlink()
            outcome.steps[-1] = "delete"
        else:
            outcome.problems.append(f"an undocumented failure: {done.text.strip()[-300:]}")
            return
    outcome.problems.append("six runs were not enough")
