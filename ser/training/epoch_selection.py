"""Which epoch is kept and when training stops, derived from the scores of the epochs alone."""

from dataclasses import dataclass

from ser.config.recipe import Training


@dataclass(frozen=True)
class Epoch:
    """One row of the history table; rates 0…1, CCC -1…1, None where it was not measured.

    Losses are in nats per example, those of dimensions as ``predict.measured`` says.
    """

    epoch: int
    step: int
    seconds: float
    learning_rate: float | None = None  # of the epoch's last step
    train_loss: float | None = None
    dev_loss: float | None = None
    dev_wa: float | None = None
    dev_ua: float | None = None
    test_wa: float | None = None
    test_ua: float | None = None
    dev_ccc: float | None = None


def best(history: list[Epoch], selection: str) -> int:
    """Return the epoch (from 1) that ``selection`` keeps: the best score, the earlier of equals; ``last``: the last."""
    if selection == "last":
        return len(history)
    sign = -1 if selection == "dev_loss" else 1
    return max(history, key=lambda row: sign * float(getattr(row, selection))).epoch  # the first of equals


def finished(history: list[Epoch], training: Training, selection: str) -> bool:
    """Return whether training ends after these epochs: by epochs, by steps, or by patience, whichever comes first.

    Patience counts epochs, steps, or both without a better selection score; ``last`` has no score.
    """
    if not history:
        return False
    last = history[-1]
    if len(history) >= training.epochs or last.step >= (training.steps or last.step + 1):
        return True
    kept = history[best(history, selection) - 1]
    waited = ((last.epoch - kept.epoch, training.patience), (last.step - kept.step, training.patience_steps))
    passed = [past >= most for past, most in waited if most is not None]
    return bool(passed) and all(passed)
