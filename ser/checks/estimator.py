"""The contract of a scikit-learn estimator: it separates clouds of points, with one score per class."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ser.config.schema import Recipe
from ser.errors import require
from ser.training.estimator import seeded

CLASSES, EACH, DIMS = 3, 12, 6


def _fitted(entry: Recipe) -> Any:
    return seeded(entry.load().build(CLASSES, **entry.options), 0).fit(*clouds())


def clouds() -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return points (36, 6) around three centres and their labels (36,)."""
    random, labels = np.random.default_rng(0), np.repeat(np.arange(CLASSES), EACH)
    return 3 * random.normal(size=(CLASSES, DIMS))[labels] + random.normal(size=(len(labels), DIMS)), labels


def scores_have_a_column_per_class(entry: Recipe) -> None:
    """Scores are finite and of shape (utterances, classes), and the largest is usually right."""
    points, labels = clouds()
    scores = np.asarray(entry.load().scores(_fitted(entry), points))
    require(
        scores.shape == (len(points), CLASSES), f"they have shape {scores.shape} instead of {(len(points), CLASSES)}"
    )
    require(np.isfinite(scores).all(), "they are not finite")
    require((scores.argmax(1) == labels).mean() > 0.5, "most points of three well-separated clouds are misclassified")


def weights_are_numbers(entry: Recipe) -> None:
    """The fitted numbers are finite arrays by name."""
    weights = entry.load().weights(_fitted(entry))
    wrong = [name for name, value in weights.items() if not np.isfinite(np.asarray(value, dtype=np.float64)).all()]
    require(weights and not wrong, f"{', '.join(wrong) or 'there are none'}")


def seed_repeats_the_fit(entry: Recipe) -> None:
    """The same seed gives the same scores."""
    points, _ = clouds()
    first, again = (entry.load().scores(_fitted(entry), points) for _ in range(2))
    require(np.array_equal(first, again), "they differ")


CHECKS = (scores_have_a_column_per_class, weights_are_numbers, seed_repeats_the_fit)
