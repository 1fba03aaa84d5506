"""Rules that revise neutral predictions: hand-made posteriors, brute force over thresholds."""

import numpy as np
import pytest
from numpy.typing import NDArray

from ser.models import two_step_crnn
from ser.models.two_step_crnn import (
    NONE,
    Cascade,
    PriorControl,
    Rule,
    best_threshold,
    challenged,
    gated,
    led_by,
    unweighted,
)
from ser.training.task import softmax

Array = NDArray[np.float64]
CLASSES, NEUTRAL = 4, 2


def drawn(rows: int, seed: int = 0, levels: int | None = None) -> tuple[Array, Array, NDArray[np.int64]]:
    """Return posteriors, outputs of the second step, and labels; with ``levels`` on a coarse grid, so that some tie."""
    rng = np.random.default_rng(seed)
    first = rng.dirichlet(np.ones(CLASSES), rows)
    first[:, NEUTRAL] += rng.random(rows) * 0.5
    first /= first.sum(1, keepdims=True)
    second = rng.random((rows, CLASSES))
    if levels:
        first, second = np.round(first * levels) / levels, np.round(second * levels) / levels
    second[:, NEUTRAL] = NONE
    return first, second, rng.integers(0, CLASSES, rows)


def by_hand(rule: str, first: Array, second: Array, tau: float) -> list[int]:
    """Return the predictions of a rule, one utterance after the other."""
    predictions = []
    for p, q in zip(first.tolist(), second.tolist(), strict=True):
        rival = q.index(max(q))
        if rule == "cascade_b":
            predictions.append(NEUTRAL if p[NEUTRAL] > tau else rival)
        else:
            predicted = p.index(max(p))
            predictions.append(rival if predicted == NEUTRAL and q[rival] > tau else predicted)
    return predictions


@pytest.mark.parametrize("levels", [None, 4])
@pytest.mark.parametrize("tau", [0.0, 0.25, 0.5, 0.9, 1.0])
def test_the_rules_follow_their_descriptions(tau: float, levels: int | None) -> None:
    first, second, _ = drawn(300, levels=levels)
    assert challenged(first, second, tau).tolist() == by_hand("cascade_a", first, second, tau)
    assert gated(first, second, tau).tolist() == by_hand("cascade_b", first, second, tau)


def test_rule_a_changes_only_utterances_that_the_first_network_calls_neutral() -> None:
    first, second, _ = drawn(300)
    predicted = first.argmax(1)
    for tau in np.linspace(0, 1, 11):
        changed = challenged(first, second, tau) != predicted
        assert (predicted[changed] == NEUTRAL).all()
    assert (challenged(first, second, 0.0) != predicted).sum() == (predicted == NEUTRAL).sum()
    assert (challenged(first, second, 1.0) == predicted).all()


@pytest.mark.parametrize("levels", [None, 5])
@pytest.mark.parametrize("rule", ["cascade_a", "cascade_b"])
@pytest.mark.parametrize("seed", range(5))
def test_the_threshold_is_the_best_there_is(rule: Rule, seed: int, levels: int | None) -> None:
    first, second, labels = drawn(80, seed, levels)
    end = two_step_crnn.back_end(CLASSES, rule=rule)
    joined = np.concatenate([first, second], axis=1)
    other = np.concatenate(drawn(50, seed + 100)[:2], axis=1)
    remark = end.fit({"train": other, "dev": joined}, {"train": np.zeros(50, np.int64), "dev": labels})

    def ua(predictions: list[int]) -> float:
        right = np.array(predictions) == labels
        return float(np.mean([right[labels == k].mean() for k in range(CLASSES)]))

    between = np.unique(np.concatenate([[0.0, 1.0], first.ravel(), second[second >= 0]]))
    every = [*between, *(between[1:] + between[:-1]) / 2]
    best = max(ua(by_hand(rule, first, second, tau)) for tau in every)
    assert ua(end.scores(joined).argmax(1).tolist()) == pytest.approx(best)
    assert f"{100 * best:.1f} %" in remark[0]
    assert "on dev" in remark[0]


@pytest.mark.parametrize("rule", ["cascade_a", "cascade_b"])
@pytest.mark.parametrize("levels", [None, 2, 3])
def test_scores_and_their_float32_softmax_lead_with_the_decision_ties_included(rule: Rule, levels: int | None) -> None:
    first, second, labels = drawn(400, 7, levels)
    end = Cascade("cascade_a" if rule == "cascade_a" else "cascade_b", CLASSES)
    for tau in (0.2, 0.5):
        end.tau = tau
        scores = end.scores(np.concatenate([first, second], axis=1))
        wanted = by_hand(rule, first, second, tau)
        assert np.isfinite(scores).all()
        assert scores.argmax(1).tolist() == wanted
        assert softmax(scores).argmax(1).tolist() == wanted
    assert len(set(labels)) == CLASSES


def test_unchanged_predictions_keep_their_posteriors_and_changed_ones_exchange_two() -> None:
    first = np.array([[0.1, 0.2, 0.6, 0.1], [0.7, 0.1, 0.1, 0.1], [0.0, 0.0, 1.0, 0.0]])
    shares = softmax(led_by(first, np.array([3, 0, 1])))
    wanted = np.array([[0.1, 0.2, 0.1, 0.6], [0.7, 0.1, 0.1, 0.1], [0.0, 1.0, 0.0, 0.0]])
    np.testing.assert_allclose(shares, wanted, atol=1e-5)


def test_the_threshold_is_the_middle_of_the_widest_best_interval() -> None:
    values = np.array([0.1, 0.3, 0.9])
    assert best_threshold(values, lambda tau: float(0.3 <= tau < 0.9)) == pytest.approx((0.6, 1.0))
    assert best_threshold(values, lambda tau: float(tau < 0.1 or 0.1 <= tau < 0.3))[0] == pytest.approx(0.15)
    assert best_threshold(values, lambda tau: float(not 0.1 <= tau < 0.3))[0] == pytest.approx(0.65)
    assert best_threshold(values, lambda tau: float(tau == 1.0)) == (1.0, 1.0)
    assert best_threshold(np.zeros(0), lambda _: 0.5) == (0.5, 0.5)
    above = np.nextafter(0.3, 1)  # nothing fits between: the middle would round to the upper end
    assert best_threshold(np.array([0.3, above]), lambda tau: float(0.3 <= tau < above))[0] == 0.3


def test_without_a_dev_part_the_threshold_is_of_train_and_recorded_so() -> None:
    first, second, labels = drawn(60)
    joined = np.concatenate([first, second], axis=1)
    for rule in ("cascade_a", "cascade_b"):
        end = Cascade(rule, CLASSES)
        (remark,) = end.fit({"train": joined}, {"train": labels})
        assert "on train" in remark
        assert "no dev part" in remark
        assert end.weights()["tau"].tolist() == [end.tau]


@pytest.mark.parametrize("rule", ["cascade_a", "cascade_b", "prior"])
@pytest.mark.parametrize("label", range(CLASSES))
def test_a_part_of_one_class_is_answered_with_it(rule: Rule, label: int) -> None:
    first, second, _ = drawn(30)
    first[:, NEUTRAL] = 2.0  # all are called neutral
    first /= first.sum(1, keepdims=True)
    second[:, label] = NONE if label == NEUTRAL else 1.0
    joined = first if rule == "prior" else np.concatenate([first, second], axis=1)
    end = two_step_crnn.back_end(CLASSES, rule=rule)
    labels = np.full(30, label)
    end.fit({"train": joined, "dev": joined}, {"train": np.arange(30) % CLASSES, "dev": labels})
    scores = end.scores(joined)
    assert np.isfinite(scores).all()
    if rule != "prior":
        assert (scores.argmax(1) == label).all()


def test_no_neutral_prediction_leaves_the_threshold_at_a_half() -> None:
    first, second, labels = drawn(30)
    first[:, NEUTRAL] = 0
    end = Cascade("cascade_a", CLASSES)
    end.fit({"train": np.concatenate([first, second], axis=1)}, {"train": labels})
    assert end.tau == 0.5


def test_the_control_divides_by_the_prior_to_a_power_that_is_best_for_dev() -> None:
    first, _, labels = drawn(200, 3)
    train = np.repeat(np.arange(CLASSES), [20, 10, 60, 10])
    shares = np.array([0.2, 0.1, 0.6, 0.1])
    untuned = PriorControl(CLASSES)
    (remark,) = untuned.fit({"train": first[:100]}, {"train": train})
    assert "alpha = 1" in remark
    assert "no dev part" in remark
    np.testing.assert_allclose(softmax(untuned.scores(first)), first / shares / (first / shares).sum(1)[:, None], 1e-5)
    tuned = PriorControl(CLASSES)
    tuned.fit({"train": first[:100], "dev": first}, {"train": train, "dev": labels})
    every = {a: unweighted((first / shares**a).argmax(1), labels, CLASSES) for a in np.linspace(0, 2, 41)}
    best = max(every.values())
    assert tuned.alpha == pytest.approx(min(a for a, ua in every.items() if ua == best))
    assert unweighted(tuned.scores(first).argmax(1), labels, CLASSES) == best
    np.testing.assert_allclose(tuned.weights()["prior"], shares)


def test_a_class_that_train_lacks_gives_finite_scores() -> None:
    first, _, _ = drawn(9)
    end = PriorControl(CLASSES)
    end.fit({"train": first}, {"train": np.zeros(9, np.int64)})
    assert np.isfinite(end.scores(first)).all()


def test_unweighted_recall_is_over_the_classes_that_occur() -> None:
    assert unweighted(np.array([0, 0, 1, 3]), np.array([0, 0, 0, 3]), 4) == pytest.approx((2 / 3 + 1) / 2)
