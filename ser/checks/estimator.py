"""The contract of a scikit-learn estimator: it separates clouds of points, with one score per class."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ser.checks import _fitted
from ser.config.learning import learns
from ser.config.recipe import Recipe
from ser.errors import require
from ser.training import estimator

CLASSES, PER_CLASS, DIMS = 3, 12, 6


def _clouds() -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return points (CLASSES · PER_CLASS, DIMS) around a centre per class, and their labels."""
    generator, labels = np.random.default_rng(0), np.repeat(np.arange(CLASSES), PER_CLASS)
    centres = 3 * generator.normal(size=(CLASSES, DIMS))
    return centres[labels] + generator.normal(size=(len(labels), DIMS)), labels


def _fit(recipe: Recipe, selection: str = "dev_ua") -> Any:
    """Return the estimator, fitted on the even points as train and, where it reads one, the odd ones as dev."""
    module, (points, labels) = recipe.load(), _clouds()
    fitted = estimator.set_seed(module.build(CLASSES, **recipe.options), 0)
    parts = {"train": slice(0, None, 2)} | ({} if selection == "last" else {"dev": slice(1, None, 2)})
    vectors = {part: points[rows] for part, rows in parts.items()}
    truth = {part: labels[rows] for part, rows in parts.items()}
    estimator.fit(module, fitted, vectors, truth, selection)
    return fitted


def scores_separate_the_clouds(recipe: Recipe) -> None:
    """Scores are finite, of shape (utterances, classes), and right for more than half, with a dev part or without."""
    for selection in ("dev_ua", "last"):
        _separates(recipe, _fit(recipe, selection))


def _separates(recipe: Recipe, fitted: Any) -> None:
    points, labels = _clouds()
    scores, wanted = np.asarray(recipe.load().scores(fitted, points)), (len(points), CLASSES)
    require(scores.shape == wanted, f"the scores have shape {scores.shape} instead of {wanted}")
    require(np.isfinite(scores).all(), "the scores are not finite")
    require((scores.argmax(1) == labels).mean() > 0.5, "most points of three well-separated clouds are misclassified")


def weights_are_finite(recipe: Recipe) -> None:
    """``weights`` returns at least one array, and all are finite."""
    _fitted.has_finite_weights(recipe, _fit(recipe))


def seed_repeats_the_fit(recipe: Recipe) -> None:
    """The same seed gives the same scores."""
    _fitted.has_equal_scores(recipe, _fit(recipe), _fit(recipe), _clouds()[0])


def weights_give_the_scores_back(recipe: Recipe) -> None:
    """``restored``, where the module has one, makes an estimator of ``weights`` that has the same scores."""
    _fitted.is_restored(recipe, _fit(recipe), _clouds()[0])


def votes_separate_the_clouds(recipe: Recipe) -> None:
    """An estimator that learns raters' distributions or several labels separates the clouds by those as well."""
    module, (points, labels) = recipe.load(), _clouds()
    sure = np.eye(CLASSES)[labels]
    votes = {"distribution": 0.7 * sure + 0.3 / CLASSES, "several": sure}
    for kind in (kind for kind in votes if kind in learns(recipe.model)):
        fitted = estimator.set_seed(module.build(CLASSES, **recipe.options), 0)
        given = {"votes": {"train": votes[kind]}, "several": kind == "several"}
        estimator.fit(module, fitted, {"train": points}, {"train": labels}, "last", **given)
        _separates(recipe, fitted)


CHECKS = (
    scores_separate_the_clouds,
    votes_separate_the_clouds,
    weights_are_finite,
    seed_repeats_the_fit,
    weights_give_the_scores_back,
)
