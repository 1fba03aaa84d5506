"""What holds of every fitted estimator, whether it tells classes apart or estimates dimensions."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ser.config.recipe import Recipe
from ser.errors import require

SAME = 1e-8  # of a score


def has_finite_weights(recipe: Recipe, fitted: Any) -> None:
    """Require ``weights`` to return at least one array, and all to be finite."""
    weights = recipe.load().weights(fitted)
    require(weights, "there is none")
    wrong = [name for name, value in weights.items() if not np.isfinite(np.asarray(value, dtype=np.float64)).all()]
    require(not wrong, f"not finite: {', '.join(wrong)}")


def has_equal_scores(recipe: Recipe, fitted: Any, again: Any, points: NDArray[np.float64]) -> None:
    """Require the same scores of ``points`` (utterances, dims) from two estimators."""
    one, other = (recipe.load().scores(each, points) for each in (fitted, again))
    require(np.array_equal(one, other), "the scores differ")


def is_restored(recipe: Recipe, fitted: Any, points: NDArray[np.float64]) -> None:
    """Require ``restored``, where the module has one, to make an estimator of ``weights`` that has the same scores."""
    module = recipe.load()
    if hasattr(module, "restored"):
        again = module.restored({name: np.array(value) for name, value in module.weights(fitted).items()})
        different = np.abs(module.scores(fitted, points) - module.scores(again, points)).max()
        require(different < SAME, f"the scores differ by {different:.2g}")
