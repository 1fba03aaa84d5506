"""The predictions of every system: all seeds and folds in one table."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ser.evaluation import predictions
from ser.layout import Run

Key = tuple[str, str, str]  # corpus, protocol, system


@dataclass(frozen=True, eq=False)
class SystemPredictions:
    """rows: seed, fold, utterance, speaker, label, predicted; probabilities: (rows, classes)."""

    classes: tuple[str, ...]
    rows: pd.DataFrame
    probabilities: NDArray[np.float32]

    @property
    def correct(self) -> pd.Series:
        """Whether each row's predicted class is the true one."""
        return self.rows["label"] == self.rows["predicted"]


def read(runs: Iterable[Run]) -> dict[Key, SystemPredictions]:
    """Return the predictions of every system under every protocol; SerError as ``ser.evaluation.predictions.read``."""
    found = {}
    for key, group in groupby(sorted(set(runs)), key=lambda run: run[:3]):
        every = [predictions.read(run) for run in group]
        probabilities = np.concatenate([one.probabilities for one in every])
        found[key] = SystemPredictions(every[0].classes, predictions.frame(every), probabilities)
    return found
