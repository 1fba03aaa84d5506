"""Calibration by hand, against loops, against scikit-learn, and of answers that are calibrated by construction."""

import math

import numpy as np
import pytest
from sklearn.metrics import brier_score_loss, log_loss

from ser.errors import SerError
from ser.evaluation.calibration import brier, calibration_error, negative_log_likelihood, reliability


def drawn(utterances: int = 500, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return probabilities and true classes drawn from them: calibrated by construction."""
    random = np.random.default_rng(seed)
    probabilities = random.dirichlet([0.5, 0.7, 1.0], utterances)
    return probabilities, np.array([random.choice(3, p=row) for row in probabilities])


def test_by_hand() -> None:
    probabilities = [[0.9, 0.1], [0.8, 0.2], [0.3, 0.7], [0.45, 0.55]]
    truth = [0, 1, 1, 0]
    table = reliability(probabilities, truth, bins=5)
    assert table["utterances"].tolist() == [0, 0, 1, 2, 1]
    assert table["confidence"].tolist()[2:] == pytest.approx([0.55, 0.75, 0.9])
    assert table["accuracy"].tolist()[2:] == [0, 0.5, 1]
    assert table[["confidence", "accuracy"]][:2].isna().all(axis=None)
    assert calibration_error(table) == pytest.approx((0.55 + 2 * 0.25 + 0.1) / 4)
    assert brier(probabilities, truth) == pytest.approx(2 * (0.1**2 + 0.8**2 + 0.3**2 + 0.55**2) / 4)
    assert negative_log_likelihood(probabilities, truth) == pytest.approx(-math.log(0.9 * 0.2 * 0.7 * 0.45) / 4)


def test_the_error_of_fifteen_bins_is_that_of_a_loop() -> None:
    probabilities, truth = drawn()
    confidence, right = probabilities.max(1), probabilities.argmax(1) == truth
    total = 0.0
    for number in range(15):
        inside = (confidence > number / 15) & (confidence <= (number + 1) / 15)
        total += abs(right[inside].sum() - confidence[inside].sum())
    assert calibration_error(reliability(probabilities, truth)) == pytest.approx(total / 500)


def test_adaptive_bins_hold_equally_many() -> None:
    probabilities, truth = drawn(600)
    table = reliability(probabilities, truth, bins=12, adaptive=True)
    assert table["utterances"].between(49, 51).all()
    order = np.argsort(probabilities.max(1))
    gaps = [
        abs((probabilities[part].argmax(1) == truth[part]).mean() - probabilities[part].max(1).mean())
        for part in np.split(order, 12)
    ]
    assert calibration_error(table) == pytest.approx(np.mean(gaps), abs=0.01)


@pytest.mark.parametrize("adaptive", [False, True])
def test_every_utterance_has_a_bin_and_the_order_does_not_matter(adaptive: bool) -> None:
    probabilities = np.array([[1, 0], [0.5, 0.5], [1, 0], [0.8, 0.2], [1, 0], [1 / 3, 2 / 3]])
    truth = np.array([0, 1, 1, 0, 0, 1])
    table = reliability(probabilities, truth, adaptive=adaptive)
    assert table["utterances"].sum() == 6
    turned = reliability(probabilities[::-1], truth[::-1], adaptive=adaptive)
    assert calibration_error(turned) == pytest.approx(calibration_error(table))
    uniform = reliability([[0.5, 0.5]] * 4, [0, 0, 0, 1], adaptive=adaptive)
    assert calibration_error(uniform) == pytest.approx(0.25)


def test_scikit_learn_gives_the_same() -> None:
    probabilities, truth = drawn()
    assert negative_log_likelihood(probabilities, truth) == pytest.approx(log_loss(truth, probabilities))
    two = np.column_stack([1 - probabilities[:, 0], probabilities[:, 0]])
    assert brier(two, truth == 0) == pytest.approx(2 * brier_score_loss(truth == 0, probabilities[:, 0]))


@pytest.mark.parametrize("adaptive", [False, True])
def test_calibrated_predictions_have_a_small_error_and_overconfident_ones_a_large_one(adaptive: bool) -> None:
    probabilities, truth = drawn(20_000)
    sharp = probabilities**4 / (probabilities**4).sum(1, keepdims=True)
    assert calibration_error(reliability(probabilities, truth, adaptive=adaptive)) < 0.015
    assert calibration_error(reliability(sharp, truth, adaptive=adaptive)) > 0.1
    assert brier(probabilities, truth) < brier(sharp, truth)
    assert negative_log_likelihood(probabilities, truth) < negative_log_likelihood(sharp, truth)


def test_a_probability_of_zero_is_not_infinitely_wrong() -> None:
    assert negative_log_likelihood([[1.0, 0.0]], [1]) == pytest.approx(87.3365, abs=1e-3)


@pytest.mark.parametrize(
    ("probabilities", "truth", "message"),
    [
        ([[0.5, 0.6]], [0], "rows 0 are no probabilities"),
        ([[0.5, 0.5], [1.5, -0.5]], [0, 1], "rows 1 are"),
        ([[math.nan, 0.5]], [0], "rows 0 are"),
        ([[0.5, 0.5]], [2], "true classes must be 0 to 1"),
        ([[0.5, 0.5]], [0, 1], "do not match in utterances"),
        (np.empty((0, 2)), [], "do not match in utterances"),
    ],
)
def test_invalid_probabilities_are_refused(probabilities: list[list[float]], truth: list[int], message: str) -> None:
    with pytest.raises(SerError, match=message):
        brier(probabilities, truth)
    with pytest.raises(SerError, match="bins is 0"):
        reliability([[1.0]], [0], bins=0)
