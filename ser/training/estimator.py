"""Train a scikit-learn estimator on one vector per utterance and predict the test part."""

import sys
import time
import warnings
from collections.abc import Mapping
from types import ModuleType
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from ser.errors import SerError
from ser.jobs import tracking
from ser.training.epoch_selection import Epoch
from ser.training.fold_data import FoldData
from ser.training.task import Outcome, TrainingTask, softmax


def train(task: TrainingTask, data: FoldData) -> Outcome:
    """Fit on the train part and predict the test part. The history has one epoch.

    Only a module with a function ``fit`` reads the dev part, to choose an option; the scores of its choice are in the
    history. Scalers belong to the estimator, so that they are fitted on what it is fitted on.
    """
    fold, module, recipe = data.fold, task.module, task.recipe
    estimator = set_seed(module.build(len(fold.classes), **recipe.options), task.seed)
    tracking.start([])
    with threadpool_limits(task.threads), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        parts = [part for part in ("train", "dev") if fold.rows(part).size]
        vectors = {part: _matrix(data, part) for part in parts}
        labels = {part: fold.labels[fold.rows(part)] for part in parts}
        began = time.monotonic()  # the fits alone
        chosen, notes = fit(module, estimator, vectors, labels, fold.protocol.selection)
        seconds = time.monotonic() - began
        for one in chosen.get("tried", ()):
            print("on dev:", ", ".join(f"{name} {value:.4g}" for name, value in one.items()), flush=True)
        scores = np.asarray(module.scores(estimator, _matrix(data, "test")), dtype=np.float64)
    history = [Epoch(epoch=1, step=1, seconds=seconds, dev_wa=chosen.get("WA"), dev_ua=chosen.get("UA"))]
    tracking.epoch(
        {"epoch": 1, "step": 1, "seconds": seconds, "dev_wa": history[0].dev_wa, "dev_ua": history[0].dev_ua}
    )
    wanted = fold.rows("test").size, len(fold.classes)
    if scores.shape != wanted or not np.isfinite(scores).all():
        raise SerError(
            f"the model '{recipe.model}' gave scores of shape {scores.shape}; {wanted} and finite are needed."
        )
    notes = ["probabilities are the softmax over the estimator's scores, not calibrated", *notes]
    for text in dict.fromkeys(f"{warning.category.__name__}: {warning.message}" for warning in caught):
        print(text, file=sys.stderr, flush=True)
        notes.append(text)
    weights = {name: torch.from_numpy(np.array(value)) for name, value in module.weights(estimator).items()}
    parameters = sum(value.numel() for value in weights.values())
    return Outcome(softmax(scores), history, weights, parameters, best_epoch=1, resumes=0, notes=notes, chosen=chosen)


def fit(
    module: ModuleType,
    estimator: Any,
    vectors: Mapping[str, NDArray[np.float64]],
    labels: Mapping[str, NDArray[np.int64]],
    selection: str,
) -> tuple[Mapping[str, Any], list[str]]:
    """Fit on the vectors (utterances, dims) and labels of the parts; return what was chosen on dev, and notes.

    selection: of the protocol. A module without a function ``fit`` has an estimator of scikit-learn, fitted on train.
    """
    if hasattr(module, "fit"):
        chosen, notes = module.fit(estimator, vectors, labels, selection)
        return chosen, notes
    estimator.fit(vectors["train"], labels["train"])
    return {}, []


def _matrix(data: FoldData, part: str) -> NDArray[np.float64]:
    """Return the part's vectors (utterances, dims) under the recipe's view."""
    feature = data.features["vector"]
    rows = torch.from_numpy(data.fold.rows(part)).to(feature.values.device)
    return feature.vectors(rows).double().cpu().numpy()


def set_seed(estimator: Any, seed: int) -> Any:
    """Set every ``random_state`` of an estimator of scikit-learn to ``seed`` and return it; others have none."""
    if not hasattr(estimator, "get_params"):
        return estimator
    states = {name: seed for name in estimator.get_params(deep=True) if name.split("__")[-1] == "random_state"}
    return estimator.set_params(**states)
