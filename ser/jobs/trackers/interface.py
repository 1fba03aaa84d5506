"""What a tracker receives, and the calls that it answers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

# Of one epoch: epoch, step, seconds, learning_rate, train_loss, dev_loss (nats), dev_wa, dev_ua (0…1), and best, the
# epoch that is kept so far. None where something was not measured. Nothing of the test part: what a person watches
# while a training runs would select by it.
Row = Mapping[str, float | int | None]


@dataclass(frozen=True)
class TrackedRun:
    """The training that is tracked.

    run: corpus, protocol, system, seed and fold; key: of its checkpoint, so the same in an attempt that continues
    another; recipe: its decisive part; epochs, steps: the most that are trained, epochs None of an estimator;
    selection: what selects the epoch; commit: of the code, if known.
    """

    run: Mapping[str, Any]
    key: str
    recipe: Mapping[str, Any]
    epochs: int | None
    steps: int | None
    selection: str
    commit: str | None


class Tracker(Protocol):
    """May raise whatever it likes: ``ser.jobs.tracking`` then does without it."""

    name: str

    def start(self, rows: Sequence[Row]) -> None:
        """Begin; ``rows`` are the epochs of an earlier attempt that this one continues, empty for a new training."""

    def epoch(self, row: Row) -> None:
        """Record the end of an epoch."""

    def end(self, finished: bool) -> None:
        """Close. finished: the files of the run are written; otherwise the training failed."""
