"""Train a scikit-learn estimator on one vector per utterance and predict the test part."""

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
    """Fit on the train part and predict the test part. The dev part is not used; the history has one epoch.

    Scalers belong to the estimator's own pipeline, so that they are fitted on the train part only.
    """
    fold, module, recipe = data.fold, task.module, task.recipe
    estimator = set_seed(module.build(len(fold.classes), **recipe.options), task.seed)
    with threadpool_limits(task.threads), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        vectors = _matrix(data, "train")
        began = time.monotonic()  # the fit alone
        estimator.fit(vectors, fold.labels[fold.rows("train")])
        history = [Epoch(epoch=1, step=1, seconds=time.monotonic() - began)]
        scores = np.asarray(module.scores(estimator, _matrix(data, "test")), dtype=np.float64)
    wanted = fold.rows("test").size, len(fold.classes)
    if scores.shape != wanted or not np.isfinite(scores).all():
        raise SerError(
            f"the model '{recipe.model}' gave scores of shape {scores.shape}; {wanted} and finite are needed."
        )
    notes = ["probabilities are the softmax over the estimator's scores, not calibrated"]
    for text in dict.fromkeys(f"{warning.category.__name__}: {warning.message}" for warning in caught):
        print(text, file=sys.stderr, flush=True)
        notes.append(text)
    weights = {name: torch.from_numpy(np.array(value)) for name, value in module.weights(estimator).items()}
    parameters = sum(value.numel() for value in weights.values())
    return Outcome(softmax(scores), history, weights, parameters, best_epoch=1, resumes=0, notes=notes)


def _matrix(data: FoldData, part: str) -> NDArray[np.float64]:
    """Return the part's vectors (utterances, dims) under the recipe's view."""
    rows = torch.from_numpy(data.fold.rows(part)).to(data.device)
    return data.features["vector"].vectors(rows).double().cpu().numpy()


def set_seed(estimator: Any, seed: int) -> Any:
    """Set every ``random_state`` in ``estimator`` to ``seed`` and return it."""
    states = {name: seed for name in estimator.get_params(deep=True) if name.split("__")[-1] == "random_state"}
    return estimator.set_params(**states)
