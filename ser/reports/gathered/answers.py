"""What every system answered: the predictions of all its seeds and folds as one table."""

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
class Answers:
    """rows: seed, fold, utterance, speaker, label, predicted; probabilities: (rows, classes)."""

    classes: tuple[str, ...]
    rows: pd.DataFrame
    probabilities: NDArray[np.float32]

    @property
    def right(self) -> pd.Series:
        """Whether each row's answer is the true class."""
        return self.rows["label"] == self.rows["predicted"]


def read(runs: Iterable[Run]) -> dict[Key, Answers]:
    """Return the answers of every system under every protocol; SerError as ``predictions.read``."""
    found = {}
    for key, group in groupby(sorted(set(runs)), key=lambda run: run[:3]):
        ones = [predictions.read(run) for run in group]
        probabilities = np.concatenate([one.probabilities for one in ones])
        found[key] = Answers(ones[0].classes, predictions.frame(ones), probabilities)
    return found
