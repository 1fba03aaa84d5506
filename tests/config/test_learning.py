"""A protocol's target fits its other keys, and every system of its runs can learn it: checked before any job."""

from pathlib import Path
from typing import Any

import pytest

from ser import catalog
from ser.config import read
from ser.config.learning import EVERY, learns
from ser.config.schema import Protocol
from ser.config.target import ProtocolTarget
from ser.errors import SerError

CONFIG = Path(__file__).parents[2] / "config"
DIMENSIONS = {"kind": "dimensions", "dimensions": ["valence", "dominance"]}
PLAIN = {"rule": "speaker_folds", "labels": "all"}


def resolved(protocol: str, system: str, keys: dict[str, Any] | None = None, **training: object) -> None:
    runs = [{"corpora": ["demo"], "protocols": [protocol], "systems": ["mine"]}]
    raw = {
        "experiment": {"name": "e", "runs": runs, **(keys or {})},
        "systems": {"mine": {"base": system, "training": training}},
        "protocols": {"votes": {"base": "speaker-folds-4", "target": {"kind": "distribution"}}},
    }
    read.resolve(read.merged(read.read_yaml(CONFIG / "config.yaml"), raw), CONFIG)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"target": DIMENSIONS}, "labels do not belong to target.kind 'dimensions'"),
        ({"target": DIMENSIONS, "labels": {}}, "needs selection dev_ccc, dev_loss or last"),
        ({"target": DIMENSIONS, "labels": {}, "selection": "dev_ccc", "curves": True}, "curves do not belong"),
        ({"target": {"kind": "dimensions"}, "labels": {}}, "target.dimensions must name one of valence"),
        ({"target": {"kind": "dimensions", "dimensions": ["valence", "valence"]}}, "names one twice"),
        ({"target": {"kind": "distribution", "threshold": 0.5}}, "threshold does not belong to target.kind 'distrib"),
        ({"target": {"kind": "majority", "without_majority": "train"}}, "without_majority does not belong"),
        ({"selection": "dev_ccc"}, "selection dev_ccc needs target.kind 'dimensions'"),
        ({"labels": {}}, "labels must map each class"),
    ],
)
def test_a_target_that_contradicts_the_protocol_is_refused(changes: dict[str, Any], expected: str) -> None:
    with pytest.raises(ValueError, match=expected):
        Protocol.model_validate(PLAIN | changes)


def test_a_protocol_without_a_target_keeps_its_digest() -> None:
    plain = Protocol.model_validate(PLAIN)
    assert "target" not in plain.decisive()
    assert plain.digest() == Protocol.model_validate(PLAIN | {"target": {"kind": "majority"}}).digest()
    assert plain.digest() != Protocol.model_validate(PLAIN | {"target": {"kind": "distribution"}}).digest()


@pytest.mark.parametrize(
    ("protocol", "system", "training", "expected"),
    [
        (
            "session-out-dimensions",
            "SVM-eGeMAPS",
            {},
            "'linear_svm' of system 'mine' does not learn; it learns majority",
        ),
        ("speaker-folds-4", "SVR-eGeMAPS", {}, "target.kind 'majority', which the model 'support_vector_regression'"),
        ("votes", "SVM-eGeMAPS", {}, "target.kind 'distribution'"),
        ("session-out-4-several", "SVM-eGeMAPS", {}, "'linear_svm' of system 'mine' does not learn"),
        ("session-out-dimensions", "RNN-ELM", {}, "'rnn_elm' of system 'mine' does not learn"),
        ("session-out-dimensions", "DenseLSTM-LSTM", {"loss": "focal"}, "systems.mine.training.loss: 'focal' does not"),
        ("speaker-folds-4", "DenseLSTM-LSTM", {"loss": "ccc"}, "training.loss: 'ccc' does not fit protocol 'speaker-"),
        ("votes", "DenseLSTM-LSTM", {"sampling": "balanced"}, "training.sampling: it is of one label per utterance"),
        (
            "session-out-dimensions",
            "DenseLSTM-LSTM",
            {"class_weights": "balanced"},
            "class_weights: it is of one label",
        ),
    ],
)
def test_a_system_that_cannot_learn_the_target_is_refused(
    protocol: str, system: str, training: dict[str, Any], expected: str
) -> None:
    with pytest.raises(SerError, match=expected):
        resolved(protocol, system, **training)


@pytest.mark.parametrize(
    "keys",
    [
        {"use": [{"corpus": "demo", "protocol": "session-out-4-several", "systems": ["mine"]}]},
        {"robustness": {"conditions": {"gain": [6]}, "systems": ["mine"]}},
    ],
)
def test_several_labels_are_used_on_no_other_recordings(keys: dict[str, Any]) -> None:
    with pytest.raises(SerError, match="one class per utterance, not"):
        resolved("session-out-4-several", "Whisper-base-regression", keys)


def test_systems_that_can_learn_the_target_are_accepted() -> None:
    resolved("session-out-4-several", "Whisper-base-regression")
    resolved("session-out-4-distribution-all", "Whisper-base-regression")
    resolved("session-out-4-several", "DenseLSTM-LSTM")
    resolved("session-out-dimensions", "SVR-eGeMAPS")
    resolved("session-out-dimensions", "DenseLSTM-LSTM", loss="mse")
    resolved("votes", "DenseLSTM-LSTM", class_weights="balanced")
    resolved("session-out-dimensions", "HSF-CRNN")


def test_every_stated_kind_of_target_exists() -> None:
    assert ProtocolTarget.model_fields["kind"].annotation.__args__ == EVERY  # type: ignore[union-attr]
    for model in catalog.names("models"):
        assert set(learns(model)) <= set(EVERY), model
