"""How many parameters a system has, known without data."""

import warnings
from collections.abc import Mapping

import numpy as np
from torch import nn

from ser import catalog
from ser.config.schema import Recipe
from ser.errors import unknown
from ser.training import estimator, network

DIMS = {  # of a frame or vector, with the options of the feature's own name
    "spectrogram": 201,
    "spectrogram_10hz": 400,
    "mfcc": 96,
    "compare_lld": 130,
    "compare_functionals": 6373,
    "egemaps": 88,
    "xvector": 512,
}
ROWS = 4  # utterances per class that an estimator is fitted on to count its weights


def parameters(recipe: Recipe, dims: Mapping[str, int], classes: int) -> int:
    """Return the trainable numbers of a network, or the numbers that a fitted estimator holds.

    ``dims``: dimensions by feature (``DIMS`` has those of the pipeline's own). An estimator is fitted on noise of a
    fixed seed; one that keeps training examples (a kernel) has as many as that fit keeps.
    """
    module = catalog.load("models", recipe.model)
    kind = getattr(module, "KIND", "network")
    seen = estimator.inputs(recipe) if kind == "estimator" else network.inputs(recipe, module)
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
    model: nn.Module = module.build(network.shape(seen, dims), classes, **recipe.options)
    return sum(parameter.numel() for parameter in model.parameters())
