"""Which epoch is kept and when training stops, derived from the scores of the epochs alone."""

from dataclasses import asdict, dataclass

import pyarrow as pa

from ser.config.schema import Training
from ser.tables import contracts


@dataclass(frozen=True)
class Epoch:
    """One row of the history table; losses in nats per example, rates 0…1, None where it was not measured."""

    epoch: int
    step: int
    seconds: float
    learning_rate: float | None  # of the epoch's last step
    train_loss: float | None
    dev_loss: float | None
    dev_wa: float | None
    dev_ua: float | None
    test_wa: float | None = None
    test_ua: float | None = None


def best(history: list[Epoch], selection: str) -> int:
    """Return the epoch (from 1) that ``selection`` keeps: the best score, the earlier of equals; ``last``: the last."""
    if selection == "last":
        return len(history)
    return max(history, key=lambda row: (_score(row, selection), -row.epoch)).epoch


def _score(row: Epoch, selection: str) -> float:
    value = {"dev_ua": row.dev_ua, "dev_wa": row.dev_wa, "dev_loss": row.dev_loss}[selection]
    if value is None:
        raise ValueError(f"epoch {row.epoch} has no {selection}")
    return -value if selection == "dev_loss" else value


def finished(history: list[Epoch], training: Training, selection: str) -> bool:
    """Return whether training ends after these epochs: by epochs, by steps, or by patience, whichever comes first.

    Patience counts epochs without a better selection score; ``last`` has no score.
    """
    if not history:
        return False
    if len(history) >= training.epochs or history[-1].step >= (training.steps or history[-1].step + 1):
        return True
    waited = len(history) - best(history, selection)
    return training.patience is not None and waited >= training.patience


def table(history: list[Epoch]) -> pa.Table:
    """Return the history as a table of its contract."""
    return pa.Table.from_pylist([asdict(row) for row in history], schema=contracts.HISTORY.schema)
