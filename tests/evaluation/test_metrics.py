"""WA, UA, recalls, confusions, their summary, and the published numbers they stand beside."""

import math

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import accuracy_score, balanced_accuracy_score

from ser.errors import SerError
from ser.evaluation import metrics
from ser.papers.published import published

CLASSES = ("angry", "happy", "neutral", "sad")
FIGURE_4 = np.array([[69, 13, 20, 2], [17, 90, 38, 15], [10, 27, 123, 16], [5, 9, 17, 59]])  # Cao 2019, C-pFSMN-A
C_BILSTM = {"angry": (66, 104), "happy": (76, 160), "neutral": (111, 176), "sad": (66, 90)}  # right, of all


def spelled_out(matrix: np.ndarray) -> tuple[list[str], list[str]]:
    """Return labels and predictions that have ``matrix`` (rows true) as their confusions."""
    cells = [(row, column) for row in range(4) for column in range(4) for _ in range(matrix[row, column])]
    return [CLASSES[row] for row, _ in cells], [CLASSES[column] for _, column in cells]


def test_by_hand() -> None:
    labels = ["angry", "angry", "angry", "sad"]
    predicted = ["angry", "angry", "sad", "angry"]
    assert metrics.wa(labels, predicted) == 0.5
    assert metrics.recalls(labels, predicted, ("angry", "sad")) == {"angry": pytest.approx(2 / 3), "sad": 0.0}
    assert metrics.ua(labels, predicted, ("angry", "sad")) == pytest.approx(1 / 3)
    assert metrics.confusion(labels, predicted, ("sad", "angry")).tolist() == [[0, 1], [1, 2]]


def test_a_class_without_test_utterance_has_no_recall_and_does_not_lower_ua() -> None:
    labels, predicted = ["angry", "sad"], ["angry", "happy"]
    recalls = metrics.recalls(labels, predicted, CLASSES)
    assert [name for name, value in recalls.items() if math.isnan(value)] == ["happy", "neutral"]
    assert metrics.ua(labels, predicted, CLASSES) == 0.5
    assert metrics.confusion(labels, predicted, CLASSES).sum() == 2


def test_cao_figure_4_gives_the_printed_scores() -> None:
    labels, predicted = spelled_out(FIGURE_4)
    assert len(labels) == 530
    assert round(100 * metrics.wa(labels, predicted), 2) == 64.34
    assert round(100 * metrics.ua(labels, predicted, CLASSES), 2) == 64.51
    assert metrics.confusion(labels, predicted, CLASSES).tolist() == FIGURE_4.tolist()


def test_cao_recalls_of_the_bilstm_give_its_printed_scores() -> None:
    labels, predicted = [], []
    for name, (right, total) in C_BILSTM.items():
        wrong = CLASSES[(CLASSES.index(name) + 1) % 4]
        labels += [name] * total
        predicted += [name] * right + [wrong] * (total - right)
    assert round(100 * metrics.wa(labels, predicted), 2) == 60.19
    assert round(100 * metrics.ua(labels, predicted, CLASSES), 2) == 61.84


def test_agreement_with_scikit_learn_on_random_labels() -> None:
    generator = np.random.default_rng(0)
    for _ in range(20):
        labels = generator.choice(CLASSES, 200, p=[0.5, 0.3, 0.15, 0.05]).tolist()
        predicted = generator.choice(CLASSES, 200).tolist()
        assert metrics.wa(labels, predicted) == accuracy_score(labels, predicted)
        assert metrics.ua(labels, predicted, CLASSES) == pytest.approx(balanced_accuracy_score(labels, predicted))


def test_nothing_to_score_and_strange_labels_are_refused() -> None:
    with pytest.raises(ValueError, match="0 labels"):
        metrics.wa([], [])
    with pytest.raises(ValueError, match="2 labels and 1 predictions"):
        metrics.wa(["sad", "sad"], ["sad"])
    with pytest.raises(ValueError, match="calm"):
        metrics.ua(["sad"], ["calm"], CLASSES)


def rows(values: dict[tuple[int, int], float], sizes: dict[int, int]) -> pd.DataFrame:
    """Return a scores table of WA from (seed, fold) -> value and fold -> utterances."""
    fixed = {"corpus": "c", "protocol": "p", "system": "s", "metric": "WA", "label": ""}
    return pd.DataFrame(
        [
            {**fixed, "seed": seed, "fold": fold, "value": value, "utterances": sizes[fold]}
            for (seed, fold), value in values.items()
        ]
    )


def test_summary_pools_per_seed_and_spreads_over_folds() -> None:
    sizes = {0: 10, 1: 30, -1: 40}
    values = {(0, 0): 0.2, (0, 1): 0.6, (0, -1): 0.5, (1, 0): 0.4, (1, 1): 0.8, (1, -1): 0.7}
    summary = metrics.summary(rows(values, sizes))
    assert len(summary) == 1
    row = summary.iloc[0]
    assert row["pooled"] == pytest.approx(0.6)
    assert row["pooled_sd"] == pytest.approx(np.std([0.5, 0.7], ddof=1))
    assert row["fold_mean"] == pytest.approx(np.mean([0.3, 0.7]))
    assert row["fold_sd"] == pytest.approx(np.std([0.3, 0.7], ddof=1))
    assert (row["folds"], row["seeds"], row["runs"], row["utterances"]) == (2, 2, 4, 40)


def test_summary_keeps_systems_apart_and_has_no_spread_of_one() -> None:
    one = rows({(0, 0): 0.5, (0, -1): 0.5}, {0: 8, -1: 8})
    summary = metrics.summary(pd.concat([one, one.assign(system="t", value=0.25)])).set_index("system")
    assert summary["pooled"].to_dict() == {"s": 0.5, "t": 0.25}
    assert summary[["pooled_sd", "fold_sd"]].isna().all(axis=None)


def test_published_numbers_are_in_percent_under_one_name() -> None:
    cao = {(entry.metric, entry.label): entry.percent for entry in published("cao2019", "C-pFSMN-A")}
    assert cao["WA", ""] == 64.34
    assert cao["UA", ""] == 64.51
    assert cao["recall", "neutral"] == 69.89
    xie = published("xie2019", "Feature")
    assert [(entry.table, entry.value, entry.percent) for entry in xie if entry.metric == "UA"] == [
        ("Table2", 0.88, 88.0),
        ("Table3", 0.54, 54.0),
    ]
    assert {entry.label for entry in xie if entry.table == "Table3"} == {
        *("", "angry", "excited", "frustrated", "neutral", "sad")
    }
    assert {entry.metric for entry in published("li2018", "CNN_TF_GAP")} == {"WA", "UA"}


def test_an_unknown_paper_or_system_is_named_with_the_known_ones() -> None:
    with pytest.raises(SerError, match=r"unknown paper 'cao2018'. Did you mean 'cao2019'"):
        published("cao2018", "C-pFSMN-A")
    with pytest.raises(SerError, match=r"unknown system of cao2019 'C-pFSMN-B'.*C-pFSMN-A"):
        published("cao2019", "C-pFSMN-B")
