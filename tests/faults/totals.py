"""The lines of a series of faults, and what they come to."""

import resource
from statistics import median
from typing import NamedTuple

from bench import Outcome
from project_copy import INTERVAL

WIDTHS = (3, 30, 40, 6, 34)


class Line(NamedTuple):
    """One fault of the series and what became of it."""

    name: str
    outcome: Outcome


def print_line(number: int, line: Line) -> None:
    """Print one fault, below a heading if it is the first."""
    if number == 1:
        _print("", "fault", "moment", "lost s", "reruns", "differences")
    outcome = line.outcome
    found = "; ".join(outcome.problems) or "none"
    _print(number, line.name, outcome.moment, f"{outcome.lost:.1f}", ", ".join(outcome.steps), found)


def print_totals(lines: list[Line]) -> None:
    """Print a Markdown table by kind of fault, then the sums."""
    if not lines:
        return
    print("\n| fault | times | reruns | lost, median s | differences |\n|---|---|---|---|---|")
    for name in dict.fromkeys(line.name for line in lines):
        alike = [line.outcome for line in lines if line.name == name]
        steps = "; ".join(sorted({", ".join(outcome.steps) for outcome in alike}))
        lost = median(outcome.lost for outcome in alike)
        wrong = sum(bool(outcome.problems) for outcome in alike)
        print(f"| {name} | {len(alike)} | {steps} | {max(lost, 0):.0f} | {wrong or 'none'} |")
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    lost = sum(max(line.outcome.lost, 0.0) for line in lines)
    wrong = sum(bool(line.outcome.problems) for line in lines)
    print(f"\n{wrong} of {len(lines)} with differences or problems")
    print(f"work repeated: {lost:.0f} s, {lost / len(lines):.1f} s per fault")
    print(f"processor time of all commands: {used.ru_utime + used.ru_stime:.0f} s")
    ages = [line.outcome.repeated for line in lines if line.outcome.repeated is not None]
    if ages:
        print(
            f"training since the last checkpoint, in {len(ages)} kills: {max(ages):.2f} s at most; a checkpoint is due "
            f"every {INTERVAL:.0f} s"
        )


def _print(*cells: object) -> None:
    padded = [f"{cell!s:{width}}" for cell, width in zip(cells, WIDTHS, strict=False)]
    print("  ".join([*padded, str(cells[-1])]), flush=True)
