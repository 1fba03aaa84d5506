"""A checkpoint restores everything that decides what follows, and nothing of another run."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import nn

from ser.config.schema import Inputs, Protocol, Recipe, Training, View
from ser.training import checkpoint, optimiser
from ser.training.checkpoint import Checkpoint, State
from ser.training.history import Epoch

CPU = torch.device("cpu")
RECIPE = Recipe(model="m", inputs=Inputs(frames=View(feature="f")))
PROTOCOL = Protocol(title="", rule="any", labels="all")
ASKED = (RECIPE, PROTOCOL, "c", ["d"], 0, 1, "cpu")


def stepped(training: Training) -> tuple[nn.Module, torch.optim.Optimizer]:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 3), nn.BatchNorm1d(3), nn.Linear(3, 2))
    descent = optimiser.make(model, training, CPU)
    step(model, descent, torch.ones(4, 3) * torch.arange(4).unsqueeze(1))
    return model, descent


def step(model: nn.Module, descent: torch.optim.Optimizer, x: torch.Tensor) -> None:
    descent.zero_grad()
    model(x).square().sum().backward()
    descent.step()


@pytest.mark.parametrize("training", [Training(), Training(optimiser="sgd", momentum=0.9), Training(optimiser="sgd")])
def test_the_next_step_after_a_restore_is_the_same(
    training: Training, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    model, descent = stepped(training)
    best = {name: value + 1 for name, value in model.state_dict().items()}
    row = Epoch(1, 1, 0.5, 0.1, 2.0, None, None, 0.25)
    Checkpoint("k").save(model, descent, State([row], best))
    drawn = torch.rand(4, 3)
    step(model, descent, drawn)

    torch.manual_seed(99)
    other = nn.Sequential(nn.Linear(3, 3), nn.BatchNorm1d(3), nn.Linear(3, 2))
    again = optimiser.make(other, training, CPU)
    state = Checkpoint("k").load(other, again)
    assert (state.history, state.resumes) == ([row], 1)
    assert all(torch.equal(state.best[name], value) for name, value in best.items())
    assert torch.equal(torch.rand(4, 3), drawn)
    step(other, again, drawn)
    assert all(torch.equal(one, two) for one, two in zip(model.parameters(), other.parameters(), strict=True))


@pytest.mark.parametrize("harm", [lambda raw: raw[:-9], lambda _: b"", lambda raw: b"\xff" * 20 + raw[20:]])
def test_a_torn_checkpoint_is_ignored_with_a_line_in_the_log(
    harm: Callable[[bytes], bytes],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    model, descent = stepped(Training())
    held = Checkpoint("k")
    held.save(model, descent, State([Epoch(1, 1, 0.5, 0.1, 2.0, None, None, None)]))
    file = held.folder / checkpoint.FILE
    file.write_bytes(harm(file.read_bytes()))
    before = [value.clone() for value in model.parameters()]
    assert held.load(model, descent) == State()
    assert "torn and ignored" in capsys.readouterr().err
    assert all(torch.equal(one, two) for one, two in zip(before, model.parameters(), strict=True))


def test_a_checkpoint_under_another_key_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    model, descent = stepped(Training())
    Checkpoint("k").save(model, descent, State([Epoch(1, 1, 0.5, 0.1, 2.0, None, None, None)]))
    assert Checkpoint("other").load(model, descent).history == []
    Checkpoint("k").folder.rename(Checkpoint("other").folder)
    assert Checkpoint("other").load(model, descent).history == []


@pytest.mark.parametrize(
    ("at", "value"),
    [
        (0, RECIPE.model_copy(update={"training": Training(learning_rate=0.5)})),
        (0, RECIPE.model_copy(update={"options": {"hidden": 3}})),
        (1, PROTOCOL.model_copy(update={"selection": "last"})),
        (2, "other code"),
        (3, ["other data"]),
        (4, 7),
        (5, 7),
        (6, "cuda"),
    ],
)
def test_everything_that_decides_the_outcome_is_in_the_key(at: int, value: object) -> None:
    changed = [*ASKED[:at], value, *ASKED[at + 1 :]]
    assert checkpoint.key(*changed) != checkpoint.key(*ASKED)  # type: ignore[arg-type]


def test_a_title_is_not_in_the_key() -> None:
    titled = (RECIPE.model_copy(update={"title": "new"}), PROTOCOL.model_copy(update={"title": "new"}), *ASKED[2:])
    assert checkpoint.key(*titled) == checkpoint.key(*ASKED)


def test_short_epochs_share_a_checkpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    held = Checkpoint("k")
    assert held.due()
    held.save(*stepped(Training()), State())
    assert not held.due()
    monkeypatch.setattr(checkpoint, "INTERVAL", 0.0)
    assert held.due()
    held.delete()
    assert not held.folder.exists()
