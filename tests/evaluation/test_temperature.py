"""One temperature: it recovers a known scale of the scores, keeps every label, and lowers the error it is for."""

import numpy as np
import pytest
from scipy.special import softmax

from ser.errors import SerError
from ser.evaluation import temperature
from ser.evaluation.calibration import calibration_error, negative_log_likelihood, reliability


def drawn(count: int, scale: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return softmax(scale · scores) and labels that are drawn from softmax(scores), (count, 4) and (count,)."""
    rng = np.random.default_rng(seed)
    scores = rng.normal(0, 1.5, (count, 4))
    truth = (rng.random(count)[:, None] > softmax(scores, axis=1).cumsum(axis=1)).sum(axis=1)
    return softmax(scale * scores, axis=1).astype(np.float32), truth


@pytest.mark.parametrize("scale", [0.4, 1.0, 3.0])
def test_the_scale_of_the_scores_is_recovered(scale: float) -> None:
    """The estimate of 1/T of n utterances has a standard error near 1/sqrt(n · variance of the score), below 2 %."""
    probabilities, truth = drawn(20_000, scale)
    assert temperature.fit(probabilities, truth) == pytest.approx(scale, rel=0.06)


def test_of_overconfident_probabilities_the_error_falls_on_other_utterances_too() -> None:
    found = temperature.fit(*drawn(2000, 4.0))
    probabilities, truth = drawn(5000, 4.0, seed=1)
    after = temperature.scaled(probabilities, found)
    errors = [calibration_error(reliability(one, truth)) for one in (probabilities, after)]
    assert errors[0] > 0.2
    assert errors[1] < 0.03
    assert negative_log_likelihood(after, truth) < negative_log_likelihood(probabilities, truth)


def test_labels_stay_and_rows_sum_to_one() -> None:
    probabilities, _ = drawn(500, 30.0)
    assert (probabilities == 0).any(), "a probability that float32 cannot hold"
    for value in temperature.RANGE:
        after = temperature.scaled(probabilities, value)
        np.testing.assert_allclose(after.sum(axis=1), 1)
        picked = np.arange(500), probabilities.argmax(axis=1)
        assert (after[picked] >= after.max(axis=1)).all()


@pytest.mark.parametrize("count", [8, 200])
def test_a_part_without_a_wrong_answer_leaves_a_doubt_of_one_utterance(count: int) -> None:
    """All answers are equally sure: the best confidence counts one more utterance, of which nothing is known."""
    sure, other = 0.6, 0.4 / 3
    probabilities = np.where(np.eye(4)[np.arange(count) % 4] > 0, sure, other)
    found = temperature.fit(probabilities, np.arange(count) % 4)
    after = temperature.scaled(probabilities, found).max(axis=1)
    np.testing.assert_allclose(after, (count + 1 / 4) / (count + 1), rtol=1e-3)
    np.testing.assert_array_equal(temperature.scaled(probabilities, 1), probabilities)


def test_answers_that_are_worse_than_chance_become_uniform() -> None:
    probabilities, _ = drawn(500, 2.0)
    found = temperature.fit(probabilities, probabilities.argmin(axis=1))
    assert found == pytest.approx(temperature.RANGE[1], rel=1e-3)


def test_no_utterance_is_an_error() -> None:
    with pytest.raises(SerError, match="a temperature needs utterances"):
        temperature.fit(np.empty((0, 4)), np.empty(0))
