"""Several labels per utterance: metrics by hand and as scikit-learn has them, intervals that leave speakers out."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import accuracy_score, f1_score, hamming_loss

from ser.evaluation import intervals
from ser.evaluation.label_sets import MEASURES, counts, tally

DRAW = np.random.default_rng(0)
TRUTH = DRAW.random((60, 4)) < 0.4
PROBABILITIES = np.clip(0.35 * TRUTH + 0.65 * DRAW.random((60, 4)), 0, 1)
GIVEN = PROBABILITIES >= 0.5


def test_metrics_are_those_of_scikit_learn() -> None:
    found = {name: float(metric.of(counts(TRUTH, PROBABILITIES).sum(0), None)) for name, metric in MEASURES.items()}
    assert found == pytest.approx(
        {
            "macro F1": f1_score(TRUTH, GIVEN, average="macro"),
            "micro F1": f1_score(TRUTH, GIVEN, average="micro"),
            "subset accuracy": accuracy_score(TRUTH, GIVEN),
            "Hamming loss": hamming_loss(TRUTH, GIVEN),
        }
    )


def test_by_hand() -> None:
    truth, probabilities = [[1, 1, 0], [0, 1, 0]], [[0.9, 0.2, 0.5], [0.1, 0.5, 0.4]]
    found = {name: float(metric.of(counts(truth, probabilities).sum(0), None)) for name, metric in MEASURES.items()}
    # right: the first class, the second class once of twice; the third is given once and true never
    assert found == pytest.approx(
        {"macro F1": (1 + 2 / 3) / 2, "micro F1": 4 / 6, "subset accuracy": 1 / 2, "Hamming loss": 2 / 6}
    )


def test_counts_of_parts_add_up_and_shapes_must_agree() -> None:
    parts = counts(TRUTH[:20], PROBABILITIES[:20]).sum(0) + counts(TRUTH[20:], PROBABILITIES[20:]).sum(0)
    np.testing.assert_array_equal(parts, counts(TRUTH, PROBABILITIES).sum(0))
    with pytest.raises(ValueError, match="not of the same classes"):
        counts(TRUTH[:, :3], PROBABILITIES)


def test_an_interval_leaves_out_one_speaker_at_a_time() -> None:
    speakers = np.repeat(list("abcdef"), 10)
    rows = pd.DataFrame({"seed": 0, "utterance": [f"u{n}" for n in range(60)], "speaker": speakers})
    of = tally(rows, TRUTH, PROBABILITIES)
    assert (of.kind, of.clusters, of.counts.shape) == ("speaker", tuple("abcdef"), (6, 1, 4, 5))
    found = intervals.estimate(of, "micro F1")
    left = [f1_score(TRUTH[speakers != one], GIVEN[speakers != one], average="micro") for one in "abcdef"]
    error = np.sqrt(5 / 6 * np.square(np.subtract(left, np.mean(left))).sum())
    assert found.value == pytest.approx(f1_score(TRUTH, GIVEN, average="micro"))
    assert found.error == pytest.approx(error)
    assert found.low < found.value < found.high
