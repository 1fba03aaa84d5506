"""Options against class imbalance are refused where they do not apply, before any job."""

from pathlib import Path

import pytest

from ser import catalog
from ser.config import read
from ser.config.imbalance import check_imbalance
from ser.config.recipe import LOSSES, Inputs, Recipe
from ser.errors import SerError
from ser.provenance.code_hash import package, roots, training_options

CONFIG = Path(__file__).parents[2] / "config"


def recipe(model: str, **training: object) -> Recipe:
    return Recipe.model_validate({"model": model, "inputs": Inputs(), "training": training})


@pytest.mark.parametrize(
    ("model", "training", "said"),
    [
        (
            "linear_svm",
            {"sampling": "balanced"},
            r"s\.x\.training\.sampling: only networks .* 'linear_svm' is an estimator",
        ),
        ("logistic_regression", {"loss": "focal"}, r"s\.x\.training\.loss: only networks"),
        ("external_predictions", {"loss": "logit_adjusted"}, "is a table of predictions"),
        ("rnn_elm", {"loss": "focal"}, "'rnn_elm' has a loss of its own"),
        ("multiscale_cnn", {"gamma": 2.0}, r"training\.gamma: belongs to loss 'focal'; the loss is 'None'"),
        ("multiscale_cnn", {"loss": "focal", "tau": 1}, r"training\.tau: belongs to loss 'logit_adjusted'"),
        (
            "multiscale_cnn",
            {"loss": "logit_adjusted", "sampling": "balanced"},
            "sampling: balanced and loss: logit_adj",
        ),
        ("rnn_elm", {"class_weights": "balanced", "sampling": "balanced"}, "sampling: balanced and class_weights: bal"),
    ],
)
def test_an_option_that_does_not_apply_is_refused(model: str, training: dict[str, object], said: str) -> None:
    with pytest.raises(SerError, match=said):
        check_imbalance(recipe(model, **training), "s.x")


@pytest.mark.parametrize(
    ("model", "training"),
    [
        ("multiscale_cnn", {"loss": "focal", "gamma": 1, "sampling": "balanced"}),
        ("multiscale_cnn", {"loss": "focal", "class_weights": "balanced"}),
        ("multiscale_cnn", {"loss": "logit_adjusted", "tau": 0.5}),
        ("rnn_elm", {"sampling": "balanced"}),
    ],
)
def test_what_applies_is_accepted(model: str, training: dict[str, object]) -> None:
    check_imbalance(recipe(model, **training), "s.x")


def test_every_network_with_its_own_loss_is_known_from_its_file() -> None:
    refused = set()
    for model in catalog.names("models"):
        if catalog.model_kind(model) == "network":
            try:
                check_imbalance(recipe(model, loss="focal"), "s.x")
            except SerError:
                refused.add(model)
    assert refused == {"dnn_elm", "dual_recurrent", "hsf_crnn", "rnn_elm", "tdnn_lstm", "two_step_crnn"}


def test_an_experiment_stops_at_the_first_such_system() -> None:
    raw = {
        "experiment": {"name": "x", "runs": [{"corpora": ["demo"], "protocols": ["peng2021"], "systems": ["mine"]}]},
        "corpora": {"demo": {}},
        "systems": {"mine": {"base": "SVM-eGeMAPS", "training": {"sampling": "balanced"}}},
    }
    with pytest.raises(SerError, match=r"systems\.mine\.training\.sampling"):
        read.resolve(raw, CONFIG)


@pytest.mark.parametrize(
    ("training", "reached"),
    [
        ({}, set()),
        ({"sampling": "balanced"}, {"_balanced"}),
        ({"loss": "focal"}, {"_focal"}),
        ({"loss": "logit_adjusted"}, {"_logit_adjusted"}),
    ],
)
def test_the_code_hash_of_a_training_covers_the_options_that_it_uses(
    training: dict[str, object], reached: set[str]
) -> None:
    """So an edit of one of them repeats no training without it."""
    assert set(LOSSES) == {"focal", "logit_adjusted"}
    code = package()
    stage = roots(code, "train", ["ser.models.multiscale_cnn"])
    found = code.reached(stage, training_options(recipe("multiscale_cnn", **training)))
    assert {str(one.name) for one in found} & {"_balanced", "_focal", "_logit_adjusted"} == reached
