"""Train an estimator of scikit-learn on a vector per utterance and let it speak on the test part."""

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

from ser.config.schema import Recipe, View
from ser.errors import SerError
from ser.training.history import Epoch
from ser.training.material import Material
from ser.training.outcome import Outcome, softmax


def inputs(recipe: Recipe) -> dict[str, View]:
    """Return the recipe's vector view; SerError where it has none."""
    if recipe.inputs.vector is None:
        raise SerError(f"the model '{recipe.model}' needs inputs.vector, one row per utterance; the recipe has none.")
    return {"vector": recipe.inputs.vector}


def train(recipe: Recipe, module: ModuleType, material: Material, *, seed: int, threads: int) -> Outcome:
    """Return what the estimator learned from the train part. The dev part is not used, and there is one epoch.

    Scalers belong to the estimator's own pipeline, so that they are fitted on the train part only.
    """
    fold = material.fold
    began = time.monotonic()
    estimator = seeded(module.build(len(fold.classes), **recipe.options), seed)
    with threadpool_limits(threads), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        estimator.fit(matrix(material, "train"), fold.labels[fold.rows("train")])
        seconds = time.monotonic() - began
        scores = np.asarray(module.scores(estimator, matrix(material, "test")), dtype=np.float64)
    if scores.shape != (fold.rows("test").size, len(fold.classes)) or not np.isfinite(scores).all():
        raise SerError(f"the model '{recipe.model}' gave scores of shape {scores.shape} that are wrong or not finite.")
    notes = ["probabilities are the softmax over the estimator's scores, not calibrated"]
    for warning in {f"{warning.category.__name__}: {warning.message}" for warning in caught}:
        print(warning, file=sys.stderr, flush=True)
        notes.append(warning)
    weights = {name: torch.from_numpy(np.array(value)) for name, value in module.weights(estimator).items()}
    history = [Epoch(1, 1, seconds, None, None, None, None, None)]
    return Outcome(softmax(scores), history, weights, size(module, estimator), 1, 0, notes)


def matrix(material: Material, part: str) -> NDArray[np.float64]:
    """Return the part's vectors (utterances, dims) under the recipe's view."""
    examples = material.examples(part)
    (batch, _), *_ = material.batches(examples, [np.arange(len(examples.label), dtype=np.int64)])
    if batch.vector is None:
        raise ValueError("the material has no vector")
    vectors: NDArray[np.float64] = batch.vector.double().cpu().numpy()
    return vectors


def seeded(estimator: Any, seed: int) -> Any:
    """Return ``estimator`` with every ``random_state`` in it set to ``seed``."""
    states = {name: seed for name in estimator.get_params(deep=True) if name.split("__")[-1] == "random_state"}
    return estimator.set_params(**states)


def size(module: ModuleType, estimator: Any) -> int:
    """Return how many numbers a fitted estimator needs to speak, its scaler's included."""
    weights: Mapping[str, NDArray[Any]] = module.weights(estimator)
    return sum(int(value.size) for value in weights.values())
