"""TensorBoard event files: ``<folder>/<corpus>/<protocol>/<system>/seed<s>/fold<f>/events.out.tfevents.…``.

``tensorboard --logdir <folder>`` displays them while they grow.
"""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ser.jobs.trackers.interface import Row, TrackedRun

EVERY = 5.0  # seconds between two writes to disk
TAGS = {
    "train_loss": "loss/train",
    "dev_loss": "loss/dev",
    "dev_wa": "dev/WA",
    "dev_ua": "dev/UA",
    "learning_rate": "training/learning_rate",
    "seconds": "training/seconds",
    "best": "training/best_epoch",
}


class TensorBoard:
    """Scalars by epoch."""

    name = "TensorBoard"

    def __init__(self, run: TrackedRun, folder: Path):
        one = run.run
        self.folder = folder / one["corpus"] / one["protocol"] / one["system"] / f"seed{one['seed']}/fold{one['fold']}"
        self.writer: Any = None
        self.flushed = 0.0

    def start(self, rows: Sequence[Row]) -> None:
        """Begin a new event file with the epochs of an earlier attempt, whose own event files are removed."""
        from tensorboard.summary.writer.event_file_writer import EventFileWriter

        for path in self.folder.glob("events.out.tfevents.*"):
            path.unlink()
        self.writer = EventFileWriter(str(self.folder))
        for row in rows:
            self._add(row)
        self.writer.flush()

    def epoch(self, row: Row) -> None:
        """Add the scalars of one epoch."""
        self._add(row)
        if time.monotonic() - self.flushed >= EVERY:
            self.writer.flush()
            self.flushed = time.monotonic()

    def end(self, finished: bool) -> None:  # noqa: ARG002
        """Write what is left."""
        if self.writer is not None:
            self.writer.close()

    def _add(self, row: Row) -> None:
        from tensorboard.compat.proto.event_pb2 import Event
        from tensorboard.compat.proto.summary_pb2 import Summary

        given = {tag: row.get(name) for name, tag in TAGS.items()}
        values = [Summary.Value(tag=tag, simple_value=value) for tag, value in given.items() if value is not None]
        self.writer.add_event(Event(wall_time=time.time(), step=row["epoch"], summary=Summary(value=values)))
