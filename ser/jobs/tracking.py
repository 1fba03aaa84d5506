"""Tracking of the training in this process: every epoch goes to the epochs file, and to the trackers that are set.

A training calls these functions as it prints lines of its log: as statements, which no code hash covers. The Snakefile
passes the key ``tracking`` of the configuration in the environment variable ``SER_TRACKING``, which changes no result.
"""

import atexit
import json
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from ser.jobs.trackers.epochs_file import EpochsFile
from ser.jobs.trackers.interface import Row, TrackedRun, Tracker
from ser.jobs.trackers.mlflow import MLflow
from ser.jobs.trackers.tensorboard import TensorBoard

VARIABLE = "SER_TRACKING"  # JSON: experiment, tensorboard (folder or null), mlflow (address or null)

_trackers: list[Tracker] = []  # of the training that this process runs


def begin(run: TrackedRun, file: Path) -> None:
    """Track ``run`` from now on; file: its epochs file. A training that was not ended before has failed."""
    end(finished=False)
    _trackers[:] = [EpochsFile(run, file), *_chosen(run)]
    atexit.register(end, finished=False)


def start(rows: Sequence[Row]) -> None:
    """Report that epochs begin; ``rows`` are those of an earlier attempt."""
    _each(lambda tracker: tracker.start(rows))


def epoch(row: Row) -> None:
    """Report the end of an epoch."""
    _each(lambda tracker: tracker.epoch(row))


def end(*, finished: bool) -> None:
    """Report that the files of the run are written, or that the training failed."""
    atexit.unregister(end)
    _each(lambda tracker: tracker.end(finished))
    _trackers.clear()


def _chosen(run: TrackedRun) -> list[Tracker]:
    """Return the trackers in the environment variable; none, with a warning, where it cannot be read."""
    try:
        chosen = dict(json.loads(os.environ.get(VARIABLE) or "{}"))
    except (TypeError, ValueError) as error:
        _warn(f"{VARIABLE} in the environment is not a JSON object ({error})")
        return []
    trackers: list[Tracker] = []
    if folder := chosen.get("tensorboard"):
        trackers.append(TensorBoard(run, Path(folder)))
    if address := chosen.get("mlflow"):
        trackers.append(MLflow(run, address, chosen.get("experiment") or "ser"))
    return trackers


def _each(call: Callable[[Tracker], None]) -> None:
    """Call every tracker; one that fails is dropped with one warning, and the training goes on."""
    for tracker in list(_trackers):
        try:
            call(tracker)
        except Exception as error:  # of a server, a disk or another package: no training ends by it
            _trackers.remove(tracker)
            reason = " ".join(f"{type(error).__name__}: {error}".split())[:160]
            _warn(f"{tracker.name} is off for the rest of this training ({reason})")


def _warn(text: str) -> None:
    print(f"tracking: {text}", file=sys.stderr, flush=True)
