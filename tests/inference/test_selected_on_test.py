"""A system that was selected on the test part is neither the best of an experiment on dev nor calibrated there."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ser.config.schema import Protocol
from ser.errors import SerError
from ser.inference import dev_part, models, trained_run
from ser.layout import Run


def protocol(part: str) -> Protocol:
    return Protocol.model_validate({"rule": "any", "labels": "all", "selected_on": part})


@pytest.mark.parametrize(("part", "looked_at"), [("dev", 1), ("test", 0)])
def test_its_score_is_not_compared(part: str, looked_at: int, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Path] = []
    monkeypatch.setattr(trained_run, "is_run", lambda folder: bool(seen.append(folder)))
    plan: Any = SimpleNamespace(protocols={"p": protocol(part)})
    assert models._scores([Run("c", "p", "s", 0, 0)], plan, Path()) == {}
    assert len(seen) == looked_at


def test_its_dev_part_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trained_run, "record", lambda _: {})
    trained: Any = SimpleNamespace(
        weights=Path("run/model.safetensors"), contents=SimpleNamespace(protocol=protocol("test"))
    )
    with pytest.raises(SerError, match="the protocol selects on the test part"):
        dev_part.predicted(trained)
