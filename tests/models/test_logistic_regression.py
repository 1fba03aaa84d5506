"""Logistic regression with C chosen on dev: scikit-learn's own, its probabilities, the saved numbers."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from ser import metrics
from ser.errors import SerError
from ser.models import logistic_regression
from ser.training.task import softmax

GRID = (1.0, 1e-4, 0.01)


def parts(classes: int = 3, noise: float = 2.0) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    rng = np.random.default_rng(3)
    y = {"train": np.arange(20 * classes) % classes, "dev": np.arange(10 * classes) % classes}
    centres = rng.normal(size=(classes, 12))
    return {part: centres[one] + noise * rng.normal(size=(len(one), 12)) + 7 for part, one in y.items()}, y


@pytest.mark.parametrize("classes", [2, 3, 8])
def test_it_is_the_regression_of_scikit_learn_and_its_softmax_the_probability(classes: int) -> None:
    vectors, labels = parts(classes)
    own = LogisticRegression(C=0.03, class_weight="balanced", max_iter=2000)
    theirs = make_pipeline(StandardScaler(), own).fit(vectors["train"], labels["train"])
    ours = logistic_regression.build(classes, c=0.03)
    assert logistic_regression.fit(ours, vectors, labels, "dev_ua") == ({}, [])
    scores = logistic_regression.scores(ours, vectors["dev"])
    np.testing.assert_allclose(softmax(scores), theirs.predict_proba(vectors["dev"]), atol=1e-6)
    held = logistic_regression.weights(ours)
    assert all(value.flags.c_contiguous for value in held.values()), "safetensors stores no views"
    values = (vectors["dev"] - held["mean"]) / held["scale"] @ held["coef"].T + held["intercept"]
    np.testing.assert_allclose(values, scores[:, 1:] if classes == 2 else scores, atol=1e-9)
    again = logistic_regression.restored(held)
    np.testing.assert_allclose(logistic_regression.scores(again, vectors["dev"]), scores, atol=1e-9)


@pytest.mark.parametrize(("selection", "by"), [("dev_ua", "UA"), ("dev_wa", "WA"), ("dev_loss", "UA")])
def test_c_is_the_best_on_dev(selection: str, by: str) -> None:
    vectors, labels = parts()
    probe = logistic_regression.build(3, c=GRID)
    chosen, notes = logistic_regression.fit(probe, vectors, labels, selection)
    rates = {}
    for cost in sorted(GRID):
        alone = logistic_regression.build(3, c=cost).fit(vectors["train"], labels["train"])
        predicted = logistic_regression.scores(alone, vectors["dev"]).argmax(1)
        counts = metrics.confusion(labels["dev"], predicted, 3)
        rates[cost] = {"WA": float(metrics.wa(counts)), "UA": float(metrics.ua(counts))}[by]
    assert chosen["c"] == max(rates, key=lambda cost: rates[cost])
    assert notes == [f"C was chosen by {by} on dev from 0.0001, 0.01, 1; the machine is fitted on train"]


def test_it_can_be_fitted_again_on_train_and_dev_and_needs_no_dev() -> None:
    vectors, labels = parts()
    probe = logistic_regression.build(3, c=GRID, refit="train+dev")
    chosen, _ = logistic_regression.fit(probe, vectors, labels, "dev_ua")
    both = [np.concatenate([one["train"], one["dev"]]) for one in (vectors, labels)]
    np.testing.assert_allclose(probe.scaler.mean_, both[0].mean(0))
    assert chosen["refit"] == "train+dev"
    found = logistic_regression.fit(probe, {"train": vectors["train"]}, {"train": labels["train"]}, "last")
    assert found == ({}, ["C = 0.1, not chosen: the protocol selects nothing on dev"])
    with pytest.raises(SerError, match="empty list"):
        logistic_regression.build(2, c=())
