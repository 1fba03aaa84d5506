"""How many parameters a system has, known without data."""

import warnings
from collections.abc import Mapping

import numpy as np
import torch

from ser import catalog
from ser.config.schema import Feature, Recipe
from ser.errors import unknown
from ser.layers.batch import Shape
from ser.training import estimator, network
from ser.training.material import fixed_length

ROWS = 4  # utterances per class that an estimator is fitted on to count its weights


WORDS = 3747  # entries of the table of word vectors: what the 5531 transcripts of IEMOCAP have, lower case


def dims(features: Mapping[str, Feature]) -> dict[str, int]:
    """Return the dimensions of a frame or vector of every feature, by name."""
    return {
        name: catalog.load("features", feature.extractor).dims(**feature.options) for name, feature in features.items()
    }


def parameters(recipe: Recipe, dims: Mapping[str, int], classes: int) -> int:
    """Return the trainable numbers of a network, or the numbers that a fitted estimator holds.

    ``dims``: dimensions by feature. A system that reads words is counted with ``WORDS`` of them. An estimator is fitted
    on noise of a fixed seed; one that keeps training examples (a kernel) has as many as that fit keeps.
    """
    module = catalog.load("models", recipe.model)
    kind = getattr(module, "KIND", "network")
    seen = estimator.inputs(recipe) if kind == "estimator" else recipe.inputs.views()
    for view in seen.values():
        if view.feature not in dims:
            raise unknown("feature", view.feature, dims)
    if kind == "estimator":
        width = dims[seen["vector"].feature]
        labels = np.repeat(np.arange(classes), ROWS)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # on so few rows it need not converge
            fitted = estimator.seeded(module.build(classes, **recipe.options), 0)
            fitted.fit(np.random.default_rng(0).normal(size=(len(labels), width)), labels)
        return estimator.size(module, fitted)
    frames, vector, words = seen.get("frames"), seen.get("vector"), recipe.inputs.words
    shape = Shape(
        None if frames is None else dims[frames.feature],
        fixed_length(frames),
        None if vector is None else dims[vector.feature],
        None if words is None else torch.zeros(WORDS, words.dims),
        None if words is None else words.length,
        ("neutral", *map(str, range(1, classes))),
    )
    model = network.build(recipe, module, shape, classes)
    return sum(parameter.numel() for parameter in model.parameters())
