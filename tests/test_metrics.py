"""WA, UA, both F1, recalls and confusions: by hand, as papers print them, and as scikit-learn computes them."""

import math

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, balanced_accuracy_score, confusion_matrix, f1_score

from ser import metrics

FIGURE_4 = np.array([[69, 13, 20, 2], [17, 90, 38, 15], [10, 27, 123, 16], [5, 9, 17, 59]])  # Cao 2019, C-pFSMN-A
C_BILSTM = [(66, 104), (76, 160), (111, 176), (66, 90)]  # right, of all


def test_by_hand() -> None:
    counts = metrics.confusion(np.array([0, 0, 0, 1]), np.array([0, 0, 1, 0]), 2)
    assert counts.tolist() == [[2, 1], [1, 0]]
    assert metrics.wa(counts) == 0.5
    assert metrics.recalls(counts).tolist() == [pytest.approx(2 / 3), 0.0]
    assert metrics.ua(counts) == pytest.approx(1 / 3)
    assert metrics.macro_f1(counts) == pytest.approx((4 / 6 + 0) / 2)


def test_a_class_without_test_utterance_has_no_recall_and_does_not_lower_a_mean() -> None:
    counts = metrics.confusion(np.array([0, 3]), np.array([0, 1]), 4)
    assert np.isnan(metrics.recalls(counts)).tolist() == [False, True, True, False]
    assert metrics.ua(counts) == metrics.macro_f1(counts) == 0.5
    assert counts.sum() == 2


def test_without_any_utterance_there_is_no_value() -> None:
    for metric in metrics.METRICS.values():
        assert math.isnan(metric.of(np.zeros((3, 3)), None))


def test_cao_figure_4_gives_the_printed_scores() -> None:
    counts = FIGURE_4.astype(float)
    assert counts.sum() == 530
    assert round(100 * float(metrics.wa(counts)), 2) == 64.34
    assert round(100 * float(metrics.ua(counts)), 2) == 64.51


def test_cao_recalls_of_the_bilstm_give_its_printed_scores() -> None:
    counts = np.zeros((4, 4))
    for row, (right, total) in enumerate(C_BILSTM):
        counts[row, row], counts[row, (row + 1) % 4] = right, total - right
    assert round(100 * float(metrics.wa(counts)), 2) == 60.19
    assert round(100 * float(metrics.ua(counts)), 2) == 61.84


def test_agreement_with_scikit_learn_on_random_labels() -> None:
    random = np.random.default_rng(0)
    for _ in range(20):
        truth, predicted = random.choice(4, 200, p=[0.5, 0.3, 0.15, 0.05]), random.choice(4, 200)
        counts = metrics.confusion(truth, predicted, 4)
        assert counts.tolist() == confusion_matrix(truth, predicted).tolist()
        assert metrics.wa(counts) == accuracy_score(truth, predicted)
        assert metrics.ua(counts) == pytest.approx(balanced_accuracy_score(truth, predicted))
        assert metrics.macro_f1(counts) == pytest.approx(f1_score(truth, predicted, average="macro"))
        assert metrics.weighted_f1(counts) == pytest.approx(f1_score(truth, predicted, average="weighted"))


@pytest.mark.parametrize("name", metrics.METRICS)
def test_leading_axes_are_kept(name: str) -> None:
    counts = np.random.default_rng(1).integers(0, 9, (2, 3, 4, 4)).astype(float)
    values = metrics.METRICS[name].of(counts, None)
    assert values.shape == (2, 3)
    assert values[1, 2] == pytest.approx(float(metrics.METRICS[name].of(counts[1, 2], None)))


@pytest.mark.parametrize("name", metrics.METRICS)
def test_only_a_linear_metric_of_a_difference_is_the_difference(name: str) -> None:
    random, metric = np.random.default_rng(2), metrics.METRICS[name]
    truth = random.choice(4, 300)
    one, other = (
        metrics.confusion(truth, random.choice(4, 300, p=share), 4) for share in ([0.25] * 4, [0.7, 0.1, 0.1, 0.1])
    )
    apart = metric.of(one, None) - metric.of(other, None)
    assert (metric.of(one - other, one.sum(-1)) == pytest.approx(float(apart))) == metric.linear


def test_nothing_to_score_and_strange_labels_are_refused() -> None:
    with pytest.raises(ValueError, match="0 labels"):
        metrics.confusion(np.array([], int), np.array([], int), 2)
    with pytest.raises(ValueError, match="2 labels and 1 predictions"):
        metrics.confusion(np.array([0, 0]), np.array([0]), 2)
    for strange in (-1, 2):
        with pytest.raises(ValueError, match="invalid entry"):
            metrics.confusion(np.array([0]), np.array([strange]), 2)
