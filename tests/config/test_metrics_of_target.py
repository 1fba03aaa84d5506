"""Metrics must be of the target's kind, of which an experiment has one: checked before any job."""

from pathlib import Path
from typing import Any

import pytest

from ser import dimension_metrics, metrics
from ser.config import read
from ser.config.schema import Config, Experiment
from ser.errors import SerError

CONFIG = Path(__file__).parents[2] / "config"


def resolved(protocols: list[str], system: str, **keys: Any) -> Config:
    block = {"corpora": ["demo"], "protocols": protocols, "systems": [system]}
    return read.resolve({"corpora": {"demo": {}}, "experiment": {"name": "x", "runs": [block], **keys}}, CONFIG)


def test_dimensions_have_metrics_of_their_own_by_default() -> None:
    assert resolved(["session-out-dimensions"], "SVR-eGeMAPS").experiment.metrics == tuple(dimension_metrics.MEASURES)
    assert resolved(["session-out-4"], "SVM-eGeMAPS").experiment.metrics == metrics.DEFAULT


def test_those_that_are_named_stay() -> None:
    chosen = ["MAE", "CCC", "MAE"]
    assert resolved(["session-out-dimensions"], "SVR-eGeMAPS", metrics=chosen).experiment.metrics == ("MAE", "CCC")


@pytest.mark.parametrize(
    ("protocol", "system", "chosen", "said"),
    [
        (
            "session-out-dimensions",
            "SVR-eGeMAPS",
            ["CCC", "UA"],
            r"experiment\.metrics: UA cannot be computed: the target of session-out-dimensions is dimensions; "
            r"known: CCC, Pearson, MAE\.",
        ),
        (
            "session-out-4",
            "SVM-eGeMAPS",
            ["CCC", "WA"],
            r"CCC cannot be computed: the target of session-out-4 is classes; known: WA, UA, macro F1, weighted F1\.",
        ),
    ],
)
def test_a_metric_of_the_other_kind_is_refused(protocol: str, system: str, chosen: list[str], said: str) -> None:
    with pytest.raises(SerError, match=said):
        resolved([protocol], system, metrics=chosen)


def test_an_experiment_has_one_kind_of_target() -> None:
    two = [
        {"corpora": ["demo"], "protocols": ["session-out-dimensions"], "systems": ["SVR-eGeMAPS"]},
        {"corpora": ["demo"], "protocols": ["session-out-4"], "systems": ["SVM-eGeMAPS"]},
    ]
    raw = {"corpora": {"demo": {}}, "experiment": {"name": "x", "runs": two}}
    with pytest.raises(SerError, match="one kind of target; the protocols session-out-dimensions have dimensions"):
        read.resolve(raw, CONFIG)


def test_an_unknown_metric_is_refused_with_those_that_are_known() -> None:
    block = {"corpora": ["a"], "protocols": ["b"], "systems": ["c"]}
    with pytest.raises(SerError, match=r"experiment\.metrics.*'UA'.*'CCC'"):
        read.record(Experiment, {"name": "x", "runs": [block], "metrics": ["RMSE"]}, "experiment")
