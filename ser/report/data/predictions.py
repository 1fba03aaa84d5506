"""The predictions of every system: all seeds and folds in one table."""

from collections.abc import Iterable
from itertools import groupby

from ser.evaluation import predictions
from ser.evaluation.predictions import Predictions
from ser.layout import Run

Key = tuple[str, str, str]  # corpus, protocol, system


def read(runs: Iterable[Run]) -> dict[Key, Predictions]:
    """Return the predictions of every system under every protocol; SerError as ``ser.evaluation.predictions.read``."""
    systems = groupby(sorted(set(runs)), key=lambda run: (run.corpus, run.protocol, run.system))
    return {system: predictions.read(list(of_system)) for system, of_system in systems}
