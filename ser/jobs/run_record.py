"""What run.json holds: the task, the result, the machine and the software of one run. None of it decides a number."""

import json
import os
import platform
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

PARTS = ("train", "dev", "test")
PACKAGE = Path(__file__).parents[1]
DISTRIBUTIONS = ("torch", "numpy", "scikit-learn", "librosa", "opensmile")


@dataclass(frozen=True)
class Start:
    """When a run began, and with which software: the code may be edited while it lasts."""

    moment: datetime = field(default_factory=lambda: datetime.now(UTC))
    clock: float = field(default_factory=time.monotonic)
    software: Mapping[str, Any] = field(default_factory=lambda: {"versions": _versions(), **_commit()})

    def seconds(self) -> float:
        """Return the seconds since the run began."""
        return time.monotonic() - self.clock


def record(job: Any, data: Any, outcome: Any, start: Start, extra: Mapping[str, Any]) -> dict[str, Any]:
    """Return the record of a finished run: its TrainJob, FoldData, Outcome and ``extra`` entries."""
    fold, seconds = data.fold, [epoch.seconds for epoch in outcome.history]
    return {
        **job.run._asdict(),
        "protocol_digest": fold.protocol.digest(),
        "protocol_record": json.loads(fold.protocol.decisive()),
        "recipe": json.loads(job.recipe.decisive()),
        "warning": fold.notes.get("warning", ""),
        "folds": fold.of,
        "classes": list(fold.classes),
        "counts": fold.counts(),
        "selection": fold.protocol.selection,
        "code": job.code,
        "started": start.moment.isoformat(timespec="seconds"),
        "parameters": outcome.parameters,
        "examples": {part: len(data.examples(part).label) for part in PARTS},
        "seconds_training": round(sum(seconds), 3),  # of all attempts
        "seconds_per_epoch": round(sum(seconds) / len(seconds), 4),
        "epochs_run": len(outcome.history),
        "best_epoch": outcome.best_epoch,
        **({} if outcome.train is None else {"train": outcome.train}),
        **({"chosen": outcome.chosen} if outcome.chosen else {}),
        "resumed": outcome.resumes,
        "notes": [*outcome.notes, *_selection(fold.protocol)],
        "seconds": round(start.seconds(), 3),  # of this attempt
        **extra,
        **start.software,
        "features": {feature.view.feature: feature.notes for feature in data.features.values()},
        "data": data.digests(),
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _selection(protocol: Any) -> list[str]:
    """Return a note where what is called dev elsewhere in the record is the test part."""
    return (
        [] if protocol.selected_on == "dev" else ["what is chosen on dev is chosen on the test part, by the protocol"]
    )


def processor_name() -> str:
    """Return the processor's model name."""
    information = Path("/proc/cpuinfo")
    lines = information.read_text(encoding="utf-8", errors="replace").splitlines() if information.is_file() else []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, "") or platform.processor() or platform.machine()


def gpu_id(index: int) -> str:
    """Return the entry of ``CUDA_VISIBLE_DEVICES`` for CUDA device ``index``; empty where it is not set."""
    named = os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",")
    return "".join(named[index:][:1])


def _versions() -> dict[str, str | None]:
    """Return the versions of Python and of the packages that results depend on; null where one is not installed."""
    found: dict[str, str | None] = {"python": platform.python_version()}
    for name in DISTRIBUTIONS:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = None
    return found


def _commit() -> dict[str, str | bool | None]:
    """Return the commit of the repository that contains ``ser`` and whether files differ from it; null without one.

    A repository that merely surrounds an installed package is not the project's.
    """
    top, head = _git("rev-parse", "--show-toplevel"), _git("rev-parse", "HEAD")
    if top is None or head is None or not PACKAGE.parent.samefile(top):
        return {"commit": None, "dirty": None}
    return {"commit": head, "dirty": bool(_git("status", "--porcelain"))}


def _git(*arguments: str) -> str | None:
    command = ["git", "-C", str(PACKAGE), *arguments]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None
