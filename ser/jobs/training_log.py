"""Progress lines of a training: one every ``EVERY`` seconds, and one at the end."""

import sys
import time

from ser.jobs.progress import EVERY


class TrainingLog:
    """Prints to standard error. epochs: the most that are trained; done: those of an earlier attempt."""

    def __init__(self, epochs: int, done: int):
        self.epochs, self.done = epochs, done
        self.began = self.began_epoch = self.printed = time.monotonic()

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

    def epoch(self, epoch: int, step: int, losses: tuple[float, float | None], ua: float | None, *, last: bool) -> None:
        """Report the end of an epoch if a line is due, and always the last; losses: train and dev."""
        self.began_epoch = time.monotonic()
        if not (last or self.due()):
            return
        each = (self.began_epoch - self.began) / max(epoch - self.done, 1)
        left = 0.0 if last else (self.epochs - epoch) * each
        dev = "" if ua is None else f", dev loss {losses[1]:.4f}, dev UA {100 * ua:.1f} %"
        self._print(
            f"epoch {epoch}/{self.epochs}, step {step}, {each:.3g} s/epoch, "
            f"at most {left:.0f} s left, loss {losses[0]:.4f}{dev}"
        )

    def _print(self, text: str) -> None:
        self.printed = time.monotonic()
        print(text, file=sys.stderr, flush=True)
