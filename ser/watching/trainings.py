"""The trainings that run, stall or have ended without a result. Only files are read, so a shared folder is enough."""

import math
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any, Literal

from ser import layout
from ser.config.plan import read_plan
from ser.errors import SerError, unknown
from ser.jobs import process_state
from ser.jobs.trackers import epochs_file
from ser.jobs.trackers.epochs_file import Epochs
from ser.layout import Run

STALLED = 5  # epochs: a training without a line for this many times its own epoch has stalled
LEAST = 60.0  # seconds without a line that are no reason to worry, however short an epoch is
RECENT = 24 * 3600.0  # seconds: what stalled or ended earlier is counted and not listed
LATEST = 10  # epochs whose time predicts that of the next

State = Literal["running", "stalled", "failed", "killed", "finished"]


@dataclass(frozen=True)
class WatchedTraining:
    """One training. silent: seconds since it wrote a line."""

    run: Run
    epochs: Epochs
    silent: float
    state: State

    @property
    def score(self) -> str:
        """Return the key of the dev score that selects the epoch, where none does that of dev UA, or CCC."""
        selection = str(self.epochs.head.get("selection"))
        if any(row.get("dev_ccc") is not None for row in self.epochs.rows) and selection != "dev_loss":
            return "dev_ccc"
        return selection if selection in ("dev_wa", "dev_loss", "dev_ccc") else "dev_ua"

    @property
    def total(self) -> int | None:
        """Return the most epochs that are trained, fewer where a number of steps ends it; None of an estimator."""
        head, rows = self.epochs.head, self.epochs.rows
        if head.get("epochs") is None:
            return None
        epochs = int(head["epochs"])
        if not (head.get("steps") and rows):
            return epochs
        steps_per_epoch = float(rows[0]["step"] / rows[0]["epoch"])
        return min(epochs, math.ceil(int(head["steps"]) / steps_per_epoch))

    @property
    def seconds(self) -> float | None:
        """Return the seconds of an epoch, the median of the latest; None before the first."""
        latest = [row["seconds"] for row in self.epochs.rows[-LATEST:]]
        return median(latest) if latest else None

    @property
    def left(self) -> float | None:
        """Return the most seconds that are left, without those since the last line: patience may end it earlier."""
        if self.state != "running" or self.total is None or self.seconds is None:
            return None
        epochs = self.total - int(self.epochs.rows[-1]["epoch"])
        return max(0.0, epochs * self.seconds - self.silent)

    def curve(self, name: str) -> list[float | None]:
        """Return one value of every epoch."""
        return [row.get(name) for row in self.epochs.rows]

    def record(self) -> dict[str, Any]:
        """Return all of it for programs."""
        last: dict[str, Any] = self.epochs.rows[-1] if self.epochs.rows else {}
        more = {"state": self.state, "epochs": self.total, "seconds_left": self.left, "seconds_silent": self.silent}
        return {**self.run._asdict(), **more, "selection": self.epochs.head.get("selection"), "last": last}


@dataclass(frozen=True)
class Progress:
    """Runs of an experiment: how many there are, and how many are finished."""

    experiment: str
    runs: int
    finished: int


def experiment_runs(name: str, results: Path) -> list[Run]:
    """Return the runs of an experiment; SerError with the known names if it has no plan in ``results``."""
    plan = results / name / "plan.json"
    if not plan.is_file():
        known = [path.parent.name for path in results.glob("*/plan.json")]
        raise SerError(f"{unknown('experiment', name, known)} Snakemake writes {plan} first.")
    found = read_plan(plan)
    return [*found.runs(), *found.runs_for_use()]


def progress(name: str, runs: list[Run]) -> Progress:
    """Return how many of the runs have their record, which is written last."""
    return Progress(name, len(runs), sum((run.folder / "run.json").is_file() for run in runs))


def find(runs: list[Run] | None) -> list[WatchedTraining]:
    """Return the trainings of ``runs``, of all runs in results/ where None, in the order of their names."""
    if runs is None:
        every = dict.fromkeys(Run._fields, "*")
        folders = (folder for run in (layout.RUN, layout.RUN_FOR_USE) for folder in Path().glob(run.format(**every)))
    else:
        folders = (run.folder for run in runs)
    return sorted(_read(map(layout.epochs, folders)), key=lambda one: one.run)


def _read(paths: Iterable[Path]) -> Iterator[WatchedTraining]:
    for path in paths:
        found = epochs_file.read(path)
        if found is not None and not _written_after(path.with_name("run.json"), found.written):
            try:
                run = Run(**found.head["run"])
            except TypeError:  # of another version
                continue
            silent = max(0.0, time.time() - found.written)  # the clock of the file system may be ahead
            yield WatchedTraining(run, found, silent, state(found, silent))


def state(epochs: Epochs, silent: float) -> State:
    """Return how a training is that wrote its last line ``silent`` seconds ago.

    A process on another host cannot be asked whether it runs: if it was killed, its training stalls.
    """
    if epochs.ended:
        return "failed"
    if not process_state.runs(str(epochs.head.get("host")), int(epochs.head.get("process") or 0)):
        return "killed"
    longest = max((row["seconds"] for row in epochs.rows[-LATEST:]), default=None)
    if longest is not None and silent > max(LEAST, STALLED * longest):
        return "stalled"
    return "running"


def _written_after(card: Path, written: float) -> bool:
    """Return whether a run's record is newer than its epochs file, which is then about to be removed."""
    try:
        return card.stat().st_mtime >= written
    except OSError:
        return False


def require_results(results: Path) -> None:
    """Raise SerError where there is no folder of results."""
    if not results.is_dir():
        raise SerError(f"there is no folder {results} in {Path.cwd()}; go to the folder in which snakemake runs.")
