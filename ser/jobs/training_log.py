"""Progress lines of a training: one every ``EVERY`` seconds, and one at the end."""

import sys
import time

from ser.jobs.progress import EVERY


class TrainingLog:
    """Prints to standard error. epochs: the most that are trained; done: those of an earlier attempt."""

    def __init__(self, epochs: int, done: int):
        self.epochs, self.done = epochs, done
        self.began = self.began_epoch = self.printed = time.monotonic()
        self.scores: list[str] = []  # of the epochs since the last line

    def due(self) -> bool:
        """Return whether ``EVERY`` seconds have passed since the last line."""
        return time.monotonic() - self.printed >= EVERY

    def step(self, epoch: int, done: int, total: int, loss: float) -> None:
        """Report the middle of an epoch; ``done`` of its ``total`` steps."""
        rate = done / (time.monotonic() - self.began_epoch)
        self._print(
            f"epoch {epoch}/{self.epochs}, step {done}/{total}, {rate:.3g} steps/s, "
            f"{(total - done) / rate:.0f} s left of the epoch, loss {loss:.4f}"
        )

    def epoch(self, epoch: int, step: int, loss: float, score: tuple[str, float | None], *, last: bool) -> None:
        """Report the end of an epoch if a line is due, and always the last; no epoch's dev score is left out.

        loss: of the train part; score: name and value of what selects the epoch, None without a dev part.
        """
        self.began_epoch = time.monotonic()
        name, value = score
        if value is not None:
            self.scores.append(f"{value:.4f}" if name.endswith("loss") else f"{100 * value:.1f}")
        if not (last or self.due()):
            return
        each = (self.began_epoch - self.began) / max(epoch - self.done, 1)
        left = 0.0 if last else (self.epochs - epoch) * each
        first = epoch - len(self.scores) + 1
        of = f" of epochs {first} to {epoch}" if len(self.scores) > 1 else ""
        dev = f", {name}{of} {' '.join(self.scores)}" if self.scores else ""
        self.scores.clear()
        self._print(
            f"epoch {epoch}/{self.epochs}, step {step}, {each:.3g} s/epoch, at most {left:.0f} s left, "
            f"loss {loss:.4f}{dev}"
        )

    def _print(self, text: str) -> None:
        self.printed = time.monotonic()
        print(text, file=sys.stderr, flush=True)
