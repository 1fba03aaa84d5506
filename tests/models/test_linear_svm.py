"""The support vector machine: scores, decisions and saved weights agree."""

from itertools import combinations

import numpy as np
import pytest

from ser.config.options import with_options
from ser.config.recipe import Recipe
from ser.errors import SerError
from ser.models import linear_svm


def clouds(classes: int, dims: int = 6) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    y = np.repeat(np.arange(classes), 12)
    return rng.normal(size=(classes, dims))[y] * 3 + rng.normal(size=(len(y), dims)) * 2 + 50, y


@pytest.mark.parametrize("classes", [2, 3, 8])
def test_the_largest_score_is_the_prediction(classes: int) -> None:
    x, y = clouds(classes)
    machine = linear_svm.build(classes).fit(x, y)
    scores = linear_svm.scores(machine, x)
    assert scores.shape == (len(x), classes)
    assert np.array_equal(scores.argmax(1), machine.predict(x))
    assert (machine.predict(x) == y).mean() > 0.7


@pytest.mark.parametrize("classes", [2, 4])
def test_the_saved_numbers_are_enough_to_vote(classes: int) -> None:
    x, y = clouds(classes)
    machine = linear_svm.build(classes, c=1.0).fit(x, y)
    held = linear_svm.weights(machine)
    values = (x - held["mean"]) / held["scale"] @ held["coef"].T + held["intercept"]
    if classes == 2:
        assert np.array_equal((values[:, 0] > 0).astype(int), machine.predict(x))
        return
    votes = np.zeros((len(x), classes))
    for column, (one, other) in enumerate(combinations(range(classes), 2)):
        votes[np.arange(len(x)), np.where(values[:, column] > 0, one, other)] += 1
    predicted = machine.predict(x)
    assert (votes[np.arange(len(x)), predicted] == votes.max(1)).all()


def test_a_rare_class_counts_as_much_as_a_common_one() -> None:
    rng = np.random.default_rng(0)
    y = np.repeat([0, 1], [200, 20])
    x = rng.normal(size=(220, 2)) + y[:, None]
    balanced = linear_svm.build(2).fit(x, y).predict(x)
    plain = linear_svm.build(2, class_weight=None).fit(x, y).predict(x)
    assert (balanced[y == 1] == 1).mean() > (plain[y == 1] == 1).mean() + 0.2


def checked(**options: object) -> Recipe:
    recipe = Recipe.model_validate({"model": "linear_svm", "inputs": {}, "options": options})
    return with_options(recipe, "here")


def test_bad_options_are_named() -> None:
    with pytest.raises(SerError, match="c: must be greater than 0; it is -1"):
        checked(c=-1)
    with pytest.raises(SerError, match="two classes"):
        linear_svm.build(1)
    with pytest.raises(SerError, match="class_weight"):
        checked(class_weight="even")
