"""Train an estimator of scikit-learn on a vector per utterance and predict the test part."""

import sys
import time
import warnings
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from ser.errors import SerError
from ser.training.epoch_selection import Epoch
from ser.training.fold_data import FoldData
from ser.training.task import Outcome, TrainingTask, softmax


def train(task: TrainingTask, data: FoldData) -> Outcome:
    """Return what the estimator learned from the train part. The dev part is not used, and there is one epoch.

    Scalers belong to the estimator's own pipeline, so that they are fitted on the train part only.
    """
    fold, module, recipe = data.fold, task.module, task.recipe
    began = time.monotonic()
    estimator = seeded(module.build(len(fold.classes), **recipe.options), task.seed)
    with threadpool_limits(task.threads), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        estimator.fit(_matrix(data, "train"), fold.labels[fold.rows("train")])
        seconds = time.monotonic() - began
        scores = np.asarray(module.scores(estimator, _matrix(data, "test")), dtype=np.float64)
    if scores.shape != (fold.rows("test").size, len(fold.classes)) or not np.isfinite(scores).all():
        raise SerError(f"the model '{recipe.model}' gave scores of shape {scores.shape} that are wrong or not finite.")
    notes = ["probabilities are the softmax over the estimator's scores, not calibrated"]
    for warning in {f"{warning.category.__name__}: {warning.message}" for warning in caught}:
        print(warning, file=sys.stderr, flush=True)
        notes.append(warning)
    weights = {name: torch.from_numpy(np.array(value)) for name, value in module.weights(estimator).items()}
    history = [Epoch(1, 1, seconds, None, None, None, None, None)]
    size = sum(value.numel() for value in weights.values())
    return Outcome(softmax(scores), history, weights, size, 1, 0, notes)


def _matrix(data: FoldData, part: str) -> NDArray[np.float64]:
    """Return the part's vectors (utterances, dims) under the recipe's view."""
    rows = torch.from_numpy(data.fold.rows(part)).to(data.device)
    return data.features["vector"].vectors(rows).double().cpu().numpy()


def seeded(estimator: Any, seed: int) -> Any:
    """Return ``estimator`` with every ``random_state`` in it set to ``seed``."""
    states = {name: seed for name in estimator.get_params(deep=True) if name.split("__")[-1] == "random_state"}
    return estimator.set_params(**states)
