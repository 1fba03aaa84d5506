"""Protocols that select on the test part: what cannot be trained under them is refused before any job."""

from pathlib import Path
from typing import Any

import pytest

from ser.config import read
from ser.config.schema import Config
from ser.errors import SerError

CONFIG = Path(__file__).parents[2] / "config"
SYSTEMS = {"refitted": {"base": "SVM-eGeMAPS", "options": {"refit": "train+dev"}}}


def resolved(system: str = "SVM-eGeMAPS", use: bool = False, **protocol: Any) -> Config:
    entry = {"base": "speaker-folds-4", "selected_on": "test", **protocol}
    block = {"corpora": ["demo"], "protocols": ["mine"], "systems": [system]}
    trained = [{"corpus": "demo", "protocol": "mine", "systems": [system]}] if use else []
    experiment = {"name": "x", "runs": [block], "use": trained}
    raw = {"experiment": experiment, "corpora": {"demo": {}}, "systems": SYSTEMS, "protocols": {"mine": entry}}
    return read.resolve(raw, CONFIG)


def test_it_is_a_key_of_a_protocol_that_changes_its_digest_alone() -> None:
    config = resolved()
    mine, whole = config.protocols["mine"], config.protocols["speaker-folds-4"]
    assert (mine.selected_on, whole.selected_on) == ("test", "dev")
    assert mine.digest() != whole.digest()
    assert "selected_on" not in whole.canonical(), "digests of protocols without the key stay"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"selection": "last"}, r"protocols\.mine: 'selected_on: test' needs a selection by a score"),
        ({"system": "refitted"}, r"runs\[0\]: protocol 'mine' .* 'refitted', .* would be trained on the test part"),
        ({"use": True}, r"use\[0\]: protocol 'mine' has 'selected_on: test'"),
        ({"selected_on": "train"}, r"protocols\.mine\.selected_on: Input should be 'dev' or 'test'"),
    ],
)
def test_what_would_select_nothing_or_train_on_test_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(SerError, match=message):
        resolved(**changes)


def test_a_system_that_is_fitted_on_dev_too_may_select_there() -> None:
    assert resolved("refitted", selected_on="dev").protocols["mine"].selected_on == "dev"
