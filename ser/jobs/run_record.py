"""What run.json holds: the task, the result, the machine and the software of one run. None of it decides a number."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from ser.jobs import processor
from ser.jobs.versions import commit, versions

PARTS = ("train", "dev", "test")


def _software() -> dict[str, Any]:
    return {"versions": versions(), **commit()}


@dataclass(frozen=True)
class Start:
    """When a run began, and with which software: the code may be edited while it lasts."""

    moment: datetime = field(default_factory=lambda: datetime.now(UTC))
    clock: float = field(default_factory=time.monotonic)
    software: Mapping[str, Any] = field(default_factory=_software)

    def seconds(self) -> float:
        """Return the seconds since the run began."""
        return time.monotonic() - self.clock


def record(job: Any, data: Any, outcome: Any, start: Start, extra: Mapping[str, Any]) -> dict[str, Any]:
    """Return the record of a finished run: its TrainJob, FoldData, Outcome and ``extra`` entries."""
    return {
        **_task(job, data.fold),
        "started": start.moment.isoformat(timespec="seconds"),
        **_result(data, outcome),
        "seconds": round(start.seconds(), 3),  # of this attempt
        **extra,
        **start.software,
        "features": {feature.view.feature: feature.notes for feature in data.features()},
        "data": data.digests(),
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def machine(device: Any, gpu_name: str, precision: str, threads: int) -> dict[str, Any]:
    """Return the entries about a torch device; gpu_name: empty on the CPU."""
    gpu = device.type == "cuda"
    return {
        "device": gpu_name if gpu else processor.name(),
        "device_id": processor.gpu_id(device.index or 0) if gpu else "",
        "device_type": device.type,
        "precision": precision,
        "threads": threads,
    }


def _task(job: Any, fold: Any) -> dict[str, Any]:
    """Return what was known before training."""
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
    }


def _result(data: Any, outcome: Any) -> dict[str, Any]:
    seconds = [epoch.seconds for epoch in outcome.history]
    return {
        "parameters": outcome.parameters,
        "examples": {part: len(data.examples(part).label) for part in PARTS},
        "seconds_training": round(sum(seconds), 3),  # of all attempts
        "seconds_per_epoch": round(sum(seconds) / len(seconds), 4),
        "epochs_run": len(outcome.history),
        "best_epoch": outcome.best_epoch,
        "resumed": outcome.resumes,
        "notes": outcome.notes,
    }
