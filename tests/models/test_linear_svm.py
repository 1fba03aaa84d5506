"""The support vector machine: scores, decisions and saved weights agree."""

from itertools import combinations

import numpy as np
import pytest
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from ser import metrics
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
    assert (scores.argmax(1) == y).mean() > 0.7


@pytest.mark.parametrize("cost", [1e-3, 0.1, 1.0])
@pytest.mark.parametrize("classes", [2, 3, 8])
def test_it_is_the_machine_of_libsvm_s_linear_kernel(classes: int, cost: float) -> None:
    x, y = clouds(classes, dims=40)
    x[:, 7] = 3.0  # a constant dimension
    own = SVC(kernel="linear", C=cost, class_weight="balanced", break_ties=classes > 2)
    theirs, ours = make_pipeline(StandardScaler(), own).fit(x, y), linear_svm.build(classes, c=cost).fit(x, y)
    more = x + np.random.default_rng(1).normal(size=x.shape) * 3
    scores = linear_svm.scores(ours, more)
    assert np.array_equal(scores.argmax(1), theirs.predict(more))
    np.testing.assert_allclose(scores[:, 1:] if classes == 2 else scores, _column(theirs.decision_function(more)))
    held = linear_svm.weights(ours)
    np.testing.assert_allclose(held["coef"], own.coef_, atol=1e-12)
    np.testing.assert_allclose(held["intercept"], own.intercept_, atol=1e-12)


def _column(values: np.ndarray) -> np.ndarray:
    return values[:, None] if values.ndim == 1 else values


def parts(noise: float) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Return train and dev of three classes, of which dev has one more often than the others."""
    rng = np.random.default_rng(10)
    y = {"train": np.repeat([0, 1, 2], 20), "dev": np.repeat([0, 1, 2], [60, 15, 15])}
    centres = rng.normal(size=(3, 30))
    return {part: centres[one] + noise * rng.normal(size=(len(one), 30)) for part, one in y.items()}, y


GRID = (1.0, 1e-5, 0.01, 1e-3)


@pytest.mark.parametrize(("selection", "by"), [("dev_ua", "UA"), ("dev_wa", "WA"), ("dev_loss", "UA")])
def test_c_is_the_best_on_dev_by_the_protocol_s_score(selection: str, by: str) -> None:
    vectors, labels = parts(noise=3.0)
    machine = linear_svm.build(3, c=GRID)
    chosen, notes = linear_svm.fit(machine, vectors, labels, selection)
    alone = {}
    for cost in sorted(GRID):
        predicted = linear_svm.scores(
            linear_svm.build(3, c=cost).fit(vectors["train"], labels["train"]), vectors["dev"]
        )
        counts = metrics.confusion(labels["dev"], predicted.argmax(1), 3)
        alone[cost] = {"WA": float(metrics.wa(counts)), "UA": float(metrics.ua(counts))}
    assert chosen["tried"] == [{"c": cost, **rates} for cost, rates in alone.items()]
    assert chosen["c"] == max(alone, key=lambda cost: alone[cost][by])
    assert (chosen[by], chosen["by"]) == (max(rates[by] for rates in alone.values()), by)
    assert notes == [f"C was chosen by {by} on dev from 1e-05, 0.001, 0.01, 1; the machine is fitted on train"]
    same = linear_svm.build(3, c=chosen["c"]).fit(vectors["train"], labels["train"])
    np.testing.assert_allclose(linear_svm.scores(machine, vectors["dev"]), linear_svm.scores(same, vectors["dev"]))


def test_wa_and_ua_choose_differently_here() -> None:
    by = {name: linear_svm.fit(linear_svm.build(3, c=GRID), *parts(3.0), name)[0]["c"] for name in ("dev_ua", "dev_wa")}
    assert by["dev_ua"] != by["dev_wa"]


def test_of_equals_the_smaller_c_is_chosen() -> None:
    chosen, _ = linear_svm.fit(linear_svm.build(3, c=(1.0, 0.1, 0.5)), *parts(noise=0.01), "dev_ua")
    assert [one["UA"] for one in chosen["tried"]] == [1.0, 1.0, 1.0]
    assert chosen["c"] == 0.1


def test_it_can_be_fitted_again_on_train_and_dev() -> None:
    vectors, labels = parts(noise=3.0)
    machine = linear_svm.build(3, c=GRID, refit="train+dev")
    chosen, notes = linear_svm.fit(machine, vectors, labels, "dev_ua")
    both = [np.concatenate([one["train"], one["dev"]]) for one in (vectors, labels)]
    same = linear_svm.build(3, c=chosen["c"]).fit(*both)
    np.testing.assert_allclose(linear_svm.scores(machine, vectors["dev"]), linear_svm.scores(same, vectors["dev"]))
    np.testing.assert_allclose(linear_svm.weights(machine)["mean"], both[0].mean(0))
    assert notes[0].endswith("fitted on train and dev")


def test_without_a_selection_c_is_fixed_and_dev_is_not_read() -> None:
    vectors, labels = parts(noise=3.0)
    machine = linear_svm.build(3, c=GRID)
    chosen, notes = linear_svm.fit(machine, {"train": vectors["train"]}, {"train": labels["train"]}, "last")
    same = linear_svm.build(3, c=0.1).fit(vectors["train"], labels["train"])
    np.testing.assert_allclose(linear_svm.scores(machine, vectors["dev"]), linear_svm.scores(same, vectors["dev"]))
    assert (chosen, notes) == ({}, ["C = 0.1, not chosen: the protocol selects nothing on dev"])
    assert linear_svm.fit(linear_svm.build(3, c=0.5), vectors, labels, "dev_ua") == ({}, [])


@pytest.mark.parametrize("classes", [2, 4])
def test_the_saved_numbers_are_enough_to_vote(classes: int) -> None:
    x, y = clouds(classes)
    machine = linear_svm.build(classes, c=1.0).fit(x, y)
    held = linear_svm.weights(machine)
    values = (x - held["mean"]) / held["scale"] @ held["coef"].T + held["intercept"]
    predicted = linear_svm.scores(machine, x).argmax(1)
    if classes == 2:
        assert np.array_equal((values[:, 0] > 0).astype(int), predicted)
        return
    votes = np.zeros((len(x), classes))
    for column, (one, other) in enumerate(combinations(range(classes), 2)):
        votes[np.arange(len(x)), np.where(values[:, column] > 0, one, other)] += 1
    assert (votes[np.arange(len(x)), predicted] == votes.max(1)).all()


def test_a_rare_class_counts_as_much_as_a_common_one() -> None:
    rng = np.random.default_rng(0)
    y = np.repeat([0, 1], [200, 20])
    x = rng.normal(size=(220, 2)) + y[:, None]
    balanced = linear_svm.scores(linear_svm.build(2).fit(x, y), x).argmax(1)
    plain = linear_svm.scores(linear_svm.build(2, class_weight=None).fit(x, y), x).argmax(1)
    assert (balanced[y == 1] == 1).mean() > (plain[y == 1] == 1).mean() + 0.2


def checked(**options: object) -> Recipe:
    recipe = Recipe.model_validate({"model": "linear_svm", "inputs": {}, "options": options})
    return with_options(recipe, "here")


def test_bad_options_are_named() -> None:
    with pytest.raises(SerError, match=r"c: must be greater than 0 or a list, such as \[a, b\]; it is -1"):
        checked(c=-1)
    with pytest.raises(SerError, match="c: must be a number or greater than 0"):
        checked(c=[0.1, 0])
    with pytest.raises(SerError, match="empty list"):
        linear_svm.build(2, c=())
    assert checked(c=[1, "0.1"]).options == {"c": (1.0, 0.1)}
    with pytest.raises(SerError, match="two classes"):
        linear_svm.build(1)
    with pytest.raises(SerError, match="class_weight"):
        checked(class_weight="even")
