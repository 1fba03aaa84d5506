"""What is trained, and the result: the argument and the return value of every trainer."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from ser.config.recipe import Inputs, Recipe
from ser.errors import SerError
from ser.files.checkpoints import CheckpointFile
from ser.training.epoch_selection import Epoch


@dataclass(frozen=True)
class TrainingTask:
    """One recipe and seed. module: the model's, of ``ser.models``; threads: of an estimator."""

    recipe: Recipe
    module: ModuleType
    seed: int
    checkpoint: CheckpointFile
    threads: int = 1


@dataclass(frozen=True)
class Outcome:
    """answers: (test utterances, outputs) float32, probabilities of classes, or values of dimensions as they are rated.

    weights: the tensors of model.safetensors; best_epoch: from 1; attention: rows of the ATTENTION table, none for a
    system without attention; train: loss (nats), WA and UA (0…1), of dimensions loss and CCC, of the final weights on
    the train part, of a network without a back end; chosen: the option that an estimator chose on dev, if any.
    """

    answers: NDArray[np.float32]
    history: list[Epoch]
    weights: Mapping[str, Tensor]
    parameters: int
    best_epoch: int
    resumes: int
    notes: list[str]
    attention: list[dict[str, object]] = field(default_factory=list)
    train: Mapping[str, float | None] | None = None
    chosen: Mapping[str, Any] = field(default_factory=dict)


def kind(module: ModuleType) -> str:
    """Return the kind of a model's module: network, estimator or external."""
    return str(getattr(module, "KIND", "network"))


def inputs(recipe: Recipe, module: ModuleType) -> Inputs:
    """Return all inputs of the recipe, for an estimator the vector alone; SerError where it has none."""
    if kind(module) != "estimator":
        return recipe.inputs
    if recipe.inputs.vector is None:
        raise SerError(f"the model '{recipe.model}' needs inputs.vector, one row per utterance; the recipe has none.")
    return Inputs(vector=recipe.inputs.vector)


def softmax(scores: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return exp(score) / sum over the classes of each row."""
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return (powers / powers.sum(axis=1, keepdims=True)).astype(np.float32)
