"""Logistic regression on raters' votes and on several labels: true shares are found, and scikit-learn agrees."""

from typing import Literal

import numpy as np
import pytest
from scipy.special import expit, softmax
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from ser.models import logistic_regression

DRAW = np.random.default_rng(0)
VECTORS = DRAW.normal(size=(600, 2))
SHARES = softmax(VECTORS @ DRAW.normal(size=(2, 3)) + [0.5, 0.0, -1.0], axis=1)
VOTES = DRAW.multinomial(3, SHARES).astype(np.float32)  # of three raters
LABELS = VOTES.argmax(1)
PARTS = {"train": slice(0, 400), "dev": slice(400, 500)}
TEST = slice(500, 600)
WEIGHTS: tuple[Literal["balanced"] | None, ...] = (None, "balanced")


def by_part(values: np.ndarray) -> dict[str, np.ndarray]:
    return {part: values[rows] for part, rows in PARTS.items()}


def fitted(
    votes: np.ndarray | None, *, several: bool = False, class_weight: Literal["balanced"] | None = None
) -> logistic_regression.Probe:
    probe = logistic_regression.build(3, c=100.0, class_weight=class_weight)
    given = None if votes is None else by_part(votes)
    logistic_regression.fit(probe, by_part(VECTORS), by_part(LABELS), "dev_ua", votes=given, several=several)
    return probe


def test_a_regression_on_votes_finds_the_true_shares_and_one_on_majorities_exaggerates_them() -> None:
    wrong = {}
    for name, votes in (("votes", VOTES / 3), ("majority", None)):
        found = softmax(logistic_regression.scores(fitted(votes), VECTORS[TEST]), axis=1)
        wrong[name] = float(np.abs(found - SHARES[TEST]).mean())
    assert wrong["votes"] < 0.03 < 2 * wrong["votes"] < wrong["majority"]


def test_votes_are_examples_with_weights() -> None:
    rows = np.repeat(np.arange(400), 3)
    answers = np.concatenate([np.repeat(np.arange(3), one.astype(int)) for one in VOTES[:400]])
    scaler = StandardScaler().fit(VECTORS[:400])
    for class_weight in WEIGHTS:
        theirs = LogisticRegression(C=100.0, class_weight=class_weight, max_iter=2000)
        theirs.fit(scaler.transform(VECTORS[:400])[rows], answers)
        ours = logistic_regression.scores(fitted(VOTES, class_weight=class_weight), VECTORS[TEST])
        np.testing.assert_allclose(
            softmax(ours, axis=1), theirs.predict_proba(scaler.transform(VECTORS[TEST])), atol=1e-4
        )


@pytest.mark.parametrize("classes", [2, 3])
def test_each_of_several_labels_has_a_regression_against_the_others(classes: int) -> None:
    given = (VOTES[:, :classes] > 0).astype(np.float32)
    probe = logistic_regression.build(classes, c=1.0, class_weight=None)
    labels = by_part(given.argmax(1))
    logistic_regression.fit(probe, by_part(VECTORS), labels, "last", votes=by_part(given), several=True)
    scores = logistic_regression.scores(probe, VECTORS[TEST])
    scaler = StandardScaler().fit(VECTORS[:400])
    for k in range(classes):
        theirs = LogisticRegression(C=1.0).fit(scaler.transform(VECTORS[:400]), given[:400, k])
        wanted = theirs.predict_proba(scaler.transform(VECTORS[TEST]))[:, 1]
        np.testing.assert_allclose(expit(scores[:, k]), wanted, atol=1e-4)
    again = logistic_regression.restored(logistic_regression.weights(probe))
    np.testing.assert_allclose(again.logits(VECTORS[TEST]), scores, atol=1e-9)


def test_a_label_that_all_utterances_have_is_always_likely() -> None:
    given = (VOTES > 0).astype(np.float32)
    given[:, 1], given[:, 2] = 1, 0
    scores = expit(logistic_regression.scores(fitted(given, several=True), VECTORS[TEST]))
    assert (scores[:, 1] > 0.99).all()
    assert (scores[:, 2] < 0.01).all()
    assert scores[:, 0].std() > 0.1


@pytest.mark.parametrize("several", [False, True])
def test_c_is_chosen_by_the_votes_of_dev_where_the_protocol_says_loss(several: bool) -> None:
    votes = by_part((VOTES > 0).astype(np.float32) if several else VOTES / 3)
    probe = logistic_regression.build(3, c=(1e-6, 0.01, 1e4), class_weight=None)
    chosen, notes = logistic_regression.fit(
        probe, by_part(VECTORS), by_part(LABELS), "dev_loss", votes=votes, several=several
    )
    logits, wanted = logistic_regression.scores(probe, VECTORS[PARTS["dev"]]), votes["dev"]
    given = expit(logits) if several else softmax(logits, axis=1)
    each = wanted * np.log(given) + ((1 - wanted) * np.log(1 - given) if several else 0)
    assert chosen["loss"] == pytest.approx(-each.mean() if several else -each.sum() / wanted.sum(), rel=1e-5)
    assert chosen["loss"] == min(one["loss"] for one in chosen["tried"])
    assert chosen["c"] != 1e-6
    assert "by loss on dev" in notes[0]


def test_c_is_chosen_by_the_labels_of_dev() -> None:
    probe = logistic_regression.build(3, c=(1e-6, 1.0), class_weight=None)
    chosen, _ = logistic_regression.fit(
        probe, by_part(VECTORS), by_part(LABELS), "dev_wa", votes=by_part(VOTES / 3), several=False
    )
    right = (logistic_regression.scores(probe, VECTORS[PARTS["dev"]]).argmax(1) == LABELS[PARTS["dev"]]).mean()
    assert chosen["WA"] == pytest.approx(right)
    assert chosen["WA"] == max(one["WA"] for one in chosen["tried"])
