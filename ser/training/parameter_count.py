"""The number of parameters of a system, computed without data."""

import warnings
from collections.abc import Mapping
from types import ModuleType
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ser.config.recipe import Recipe
from ser.errors import unknown
from ser.layers.interface import Shape
from ser.training import estimator, network, task
from ser.training.fold_data import fixed_length

ROWS = 4  # utterances per class that an estimator is fitted on to count its weights
WORDS = 3747  # entries of the table of word vectors: words in the 5531 transcripts of IEMOCAP, lower case


def parameters(recipe: Recipe, dims: Mapping[str, int], classes: int) -> int:
    """Return the trainable numbers of a network, or the numbers that a fitted estimator holds.

    ``dims``: dimensions by feature. A system that reads words is counted with ``WORDS`` of them. An estimator is fitted
    on noise of a fixed seed; one that keeps training examples (a kernel) has as many as that fit keeps.
    """
    module = recipe.load()
    inputs = task.inputs(recipe, module)
    for view in inputs.views().values():
        if view.feature not in dims:
            raise unknown("feature", view.feature, dims)
    if task.kind(module) == "estimator":
        labels, width = _truth(module, classes), dims[inputs.views()["vector"].feature]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # on so few rows it need not converge
            fitted = estimator.set_seed(module.build(classes, **recipe.options), 0)
            fitted.fit(np.random.default_rng(0).normal(size=(len(labels), width)), labels)
        return sum(value.size for value in module.weights(fitted).values())
    sizes = {modality: dims[view.feature] for modality, view in inputs.views().items()}
    length = None if inputs.frames is None else fixed_length(inputs.frames)
    words = inputs.words
    table, sentence = (None, None) if words is None else (torch.zeros(WORDS, words.dims), words.length)
    names = ("neutral", *map(str, range(1, classes)))
    shape = Shape(sizes.get("frames"), length, sizes.get("vector"), table, sentence, names)
    model = network.build(recipe, module, shape, classes)
    return sum(parameter.numel() for parameter in model.parameters())


def _truth(module: ModuleType, outputs: int) -> NDArray[Any]:
    """Return labels (rows,), or the values of dimensions (rows, outputs) for a model that learns nothing else."""
    if "majority" in getattr(module, "LEARNS", ("majority",)):
        return np.repeat(np.arange(outputs), ROWS)
    return np.random.default_rng(1).normal(size=(outputs * ROWS, outputs))
