"""The key ``tracking``: checked before the plan, passed to the jobs, and part of no digest."""

import json
from pathlib import Path
from typing import Any

import pytest

from ser.config import tracking
from ser.config.read import SHIPPED, merged, read_yaml, resolve
from ser.config.schema import Tracking
from ser.errors import SerError

DEMO = merged(read_yaml(SHIPPED / "config.yaml"), read_yaml(SHIPPED / "experiments/demo.yaml"))


def resolved(**keys: Any) -> Any:
    return resolve({**DEMO, "tracking": keys}, SHIPPED)


def test_all_is_off_by_default() -> None:
    config = resolve(DEMO, SHIPPED)
    assert (config.tracking.tensorboard, config.tracking.mlflow) == (False, None)
    assert tracking.variable(config.tracking, "demo") == ""


def test_it_is_part_of_no_digest() -> None:
    plain, tracked = resolve(DEMO, SHIPPED), resolved(tensorboard=True, mlflow="http://127.0.0.1:5000")
    assert tracked.tracking != plain.tracking
    for section in ("systems", "protocols", "features", "corpora"):
        one, other = getattr(plain, section), getattr(tracked, section)
        assert {name: entry.decisive() for name, entry in one.items()} == {
            name: entry.decisive() for name, entry in other.items()
        }
    assert tracked.model_copy(update={"tracking": plain.tracking}) == plain


@pytest.mark.parametrize(
    ("given", "folder"),
    [(True, "results/tensorboard"), ("events", "events"), ("~/events", str(Path.home() / "events")), (False, None)],
)
def test_the_jobs_get_the_folder_and_the_experiment(given: bool | str, folder: str | None) -> None:
    chosen = Tracking(tensorboard=given, mlflow="file:///store")
    wanted = {"experiment": "demo", "tensorboard": folder, "mlflow": "file:///store"}
    assert json.loads(tracking.variable(chosen, "demo")) == wanted


@pytest.mark.parametrize(
    "address", ["localhost:5000", "mlruns", "/mlruns", "http://", "file:", "http://[", "sqlite:///a.db"]
)
def test_what_is_no_address_is_one_sentence(address: str) -> None:
    with pytest.raises(SerError, match=r"^tracking\.mlflow: .*address"):
        resolved(mlflow=address)


def test_a_login_in_the_address_is_refused_without_printing_it() -> None:
    with pytest.raises(SerError, match="MLFLOW_TRACKING_PASSWORD") as error:
        resolved(mlflow="https://me:hidden@host")
    assert "hidden" not in str(error.value)


@pytest.mark.parametrize(
    ("keys", "package"), [({"tensorboard": True}, "tensorboard"), ({"mlflow": "http://host"}, "mlflow-skinny")]
)
def test_a_missing_package_is_one_sentence(monkeypatch: pytest.MonkeyPatch, keys: dict[str, Any], package: str) -> None:
    monkeypatch.setattr(tracking, "find_spec", lambda _: None)
    resolve(DEMO, SHIPPED)
    with pytest.raises(SerError, match=rf"needs the package {package}: pip install 'ser\[tracking\]'\.$"):
        resolved(**keys)


@pytest.mark.parametrize(
    ("keys", "message"),
    [({"tensorbord": True}, "Did you mean 'tensorboard'"), ({"mlflow": True}, "tracking.mlflow: must be text")],
)
def test_a_misspelt_key_or_another_type_is_one_sentence(keys: dict[str, Any], message: str) -> None:
    with pytest.raises(SerError, match=message):
        resolved(**keys)
