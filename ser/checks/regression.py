"""The contract of a scikit-learn estimator of dimensions: it finds a linear relation, with one value per dimension."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ser.checks import _fitted
from ser.config.recipe import Recipe
from ser.dimension_metrics import mean_ccc
from ser.errors import require
from ser.training import estimator

DIMENSIONS, POINTS, DIMS = 2, 60, 5
CLOSE = 0.8  # CCC

Array = NDArray[np.float64]


def _planted() -> tuple[Array, Array]:
    """Return points (POINTS, DIMS) and targets (POINTS, DIMENSIONS) of mean 0 and sd 1, linear in them with noise."""
    generator = np.random.default_rng(0)
    points = generator.normal(size=(POINTS, DIMS))
    targets = points @ generator.normal(size=(DIMS, DIMENSIONS)) + 0.1 * generator.normal(size=(POINTS, DIMENSIONS))
    return points, (targets - targets.mean(0)) / targets.std(0)


def _fit(recipe: Recipe, selection: str = "dev_ccc") -> Any:
    """Return the estimator, fitted on the even points as train and, where it reads one, the odd ones as dev."""
    module, (points, targets) = recipe.load(), _planted()
    fitted = estimator.set_seed(module.build(DIMENSIONS, **recipe.options), 0)
    parts = {"train": slice(0, None, 2)} | ({} if selection == "last" else {"dev": slice(1, None, 2)})
    vectors = {part: points[rows] for part, rows in parts.items()}
    estimator.fit(module, fitted, vectors, {part: targets[rows] for part, rows in parts.items()}, selection)
    return fitted


def values_follow_the_relation(recipe: Recipe) -> None:
    """Values are finite, of shape (utterances, dimensions), and agree with the targets, with a dev part or without."""
    points, targets = _planted()
    for selection in ("dev_ccc", "dev_loss", "last"):
        values = np.asarray(recipe.load().scores(_fit(recipe, selection), points))
        require(values.shape == targets.shape, f"the values have shape {values.shape} instead of {targets.shape}")
        require(np.isfinite(values).all(), "the values are not finite")
        ccc = mean_ccc(targets, values)
        require(ccc > CLOSE, f"selected by {selection}, the CCC of a linear relation is {ccc:.2f}")


def weights_are_finite(recipe: Recipe) -> None:
    """``weights`` returns at least one array, and all are finite."""
    _fitted.has_finite_weights(recipe, _fit(recipe))


def seed_repeats_the_fit(recipe: Recipe) -> None:
    """The same seed gives the same values."""
    _fitted.has_equal_scores(recipe, _fit(recipe), _fit(recipe), _planted()[0])


def weights_give_the_values_back(recipe: Recipe) -> None:
    """``restored``, where the module has one, makes an estimator of ``weights`` that has the same values."""
    points = _planted()[0]
    for far in (1, 5):  # within train's targets, and beyond
        _fitted.is_restored(recipe, _fit(recipe), far * points)


CHECKS = (values_follow_the_relation, weights_are_finite, seed_repeats_the_fit, weights_give_the_values_back)
