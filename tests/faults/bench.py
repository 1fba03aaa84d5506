"""What every fault needs: the undisturbed run to compare with, and what a user does afterwards."""

import re
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from compare import differences, litter
from project_copy import Done, ProjectCopy

Command = list[str]
FINISHED = "finished"  # the state in which all is there
SCORES = ("train", "scores", "comparisons")
OPEN = {"untrained": SCORES, "unextracted": ("features",)}  # states with something left to do, and what to ask for
LOCKED = "cannot be locked"
DAMAGED = re.compile(r"error: (\S+) (?:is damaged|cannot be read|is not JSON|is not a plan)")


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
    """The copy of the project, the jobs of the undisturbed run by verb, and their undisturbed durations."""

    project: ProjectCopy
    jobs: dict[str, list[Command]]
    usual: dict[str, float] = field(default_factory=dict)

    def seconds(self, command: Command) -> float:
        """Return how long ``command`` takes; measured once."""
        name = " ".join(command)
        if name not in self.usual:
            self.usual[name] = self.project.run(command).seconds
        return self.usual[name]

    def reopen(self, rng: Random) -> tuple[tuple[str, ...], float]:
        """Restore a state with something left to do; return the targets and the seconds that they take undisturbed."""
        state = rng.choice(sorted(OPEN))
        self.project.restore(state)
        return OPEN[state], self.usual[state]

    def inspect(self, outcome: Outcome) -> Outcome:
        """Add what differs from the undisturbed run, and what was left behind."""
        finished = self.project.saved / FINISHED
        here = self.project.folder
        outcome.problems += sorted({*differences(finished, here), *differences(here, finished), *litter(here)})
        return outcome


Fault = Callable[[Bench, Random], Outcome]


def pause(process: "subprocess.Popen[str]", seconds: float) -> None:
    try:
        process.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        return


def harm(path: Path, rng: Random) -> str:
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


def again(bench: Bench, command: Command, usual: float, failed: Done, outcome: Outcome) -> Outcome:
    repeat = bench.project.run(command)
    outcome.lost = failed.seconds + repeat.seconds - usual
    must_succeed(repeat, outcome)
    return bench.inspect(outcome)


def must_succeed(done: Done, outcome: Outcome) -> None:
    if done.code:
        last = done.text.strip().splitlines()[-1:] or ["no output"]
        outcome.problems.append(f"{outcome.steps[-1]} failed: {last[0][:200]}")


def must_name(done: Done, reason: str, outcome: Outcome) -> None:
    """Add a problem unless ``done`` failed with one line that gives the reason."""
    if done.code == 0:
        outcome.problems.append("it succeeded all the same")
    elif "Traceback" in done.text or reason not in done.text:
        outcome.problems.append(f"no clear message: {done.text.strip()[-200:]}")


def settle(bench: Bench, targets: Sequence[str], outcome: Outcome) -> None:
    """Run Snakemake until it succeeds, with no other help than the documented steps."""
    project = bench.project
    for _ in range(6):
        done = project.run(project.snakemake(*targets))
        outcome.lost += done.seconds
        outcome.steps.append("snakemake")
        if done.code == 0:
            return
        if LOCKED in done.text:
            outcome.lost += project.run(project.snakemake("--unlock")).seconds
            outcome.steps[-1] = "unlock"
        elif found := DAMAGED.search(done.text):
            (project.folder / found.group(1)).unlink()
            outcome.steps[-1] = "delete"
        else:
            outcome.problems.append(f"an undocumented failure: {done.text.strip()[-300:]}")
            return
    outcome.problems.append("six runs were not enough")
