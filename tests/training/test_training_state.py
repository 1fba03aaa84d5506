"""A checkpoint restores everything that decides what follows, and nothing of another run."""

import errno
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import nn

from ser.config.recipe import Inputs, Recipe, Training, View
from ser.config.schema import Protocol
from ser.errors import SerError
from ser.files import checkpoints
from ser.files.checkpoints import CheckpointFile
from ser.training import optimisers, training_state
from ser.training.epoch_selection import Epoch
from ser.training.training_state import TrainingState

CPU = torch.device("cpu")
RECIPE = Recipe(model="m", inputs=Inputs(frames=View(feature="f")))
PROTOCOL = Protocol(title="", rule="any", labels="all")
ASKED = (RECIPE, PROTOCOL, "c", ["d"], 0, 1, "cpu")


def checkpoint(key: str) -> CheckpointFile:
    return CheckpointFile(Path("results/checkpoints", key))


def stepped(training: Training) -> tuple[nn.Module, torch.optim.Optimizer]:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 3), nn.BatchNorm1d(3), nn.Linear(3, 2))
    descent = optimisers.make(model, training, CPU)
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
    training_state.save(checkpoint("k"), model, descent, TrainingState([row], best))
    drawn = torch.rand(4, 3)
    step(model, descent, drawn)

    torch.manual_seed(99)
    other = nn.Sequential(nn.Linear(3, 3), nn.BatchNorm1d(3), nn.Linear(3, 2))
    again = optimisers.make(other, training, CPU)
    state = training_state.load(checkpoint("k"), other, again)
    assert (state.history, state.resumes) == ([row], 1)
    assert all(torch.equal(state.best[name], value) for name, value in best.items())
    assert torch.equal(torch.rand(4, 3), drawn)
    step(other, again, drawn)
    assert all(torch.equal(one, two) for one, two in zip(model.parameters(), other.parameters(), strict=True))


@pytest.mark.parametrize("harm", [lambda raw: raw[:-9], lambda _: b"", lambda raw: b"\xff" * 20 + raw[20:]])
def test_a_damaged_checkpoint_is_ignored_with_a_line_in_the_log(
    harm: Callable[[bytes], bytes],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    model, descent = stepped(Training())
    held = checkpoint("k")
    training_state.save(held, model, descent, TrainingState([Epoch(1, 1, 0.5, 0.1, 2.0, None, None, None)]))
    file = held.folder / checkpoints.FILE
    file.write_bytes(harm(file.read_bytes()))
    before = [value.clone() for value in model.parameters()]
    assert training_state.load(held, model, descent) == TrainingState()
    assert "damaged and ignored" in capsys.readouterr().err
    assert all(torch.equal(one, two) for one, two in zip(before, model.parameters(), strict=True))


def test_a_checkpoint_under_another_key_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    model, descent = stepped(Training())
    training_state.save(checkpoint("k"), model, descent, TrainingState([Epoch(1, 1, 0.5, 0.1, 2.0, None, None, None)]))
    assert training_state.load(checkpoint("other"), model, descent).history == []
    checkpoint("k").folder.rename(checkpoint("other").folder)
    assert training_state.load(checkpoint("other"), model, descent).history == []


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
    assert training_state.key(*changed) != training_state.key(*ASKED)  # type: ignore[arg-type]


def test_a_title_is_not_in_the_key() -> None:
    titled = (RECIPE.model_copy(update={"title": "new"}), PROTOCOL.model_copy(update={"title": "new"}), *ASKED[2:])
    assert training_state.key(*titled) == training_state.key(*ASKED)


def test_short_epochs_share_a_checkpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    held = checkpoint("k")
    assert held.due()
    training_state.save(held, *stepped(Training()), TrainingState())
    assert not held.due()
    monkeypatch.setattr(checkpoints, "INTERVAL", 0.0)
    assert held.due()
    held.delete()
    assert not held.folder.exists()


OWNER = """
import sys, time
from filelock import FileLock
with FileLock(sys.argv[1]):
    print("owned", flush=True)
    time.sleep(600)
"""


def test_a_second_process_of_the_same_run_leaves_the_checkpoint_alone_until_the_first_is_dead(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    second = checkpoint("k")
    command = [sys.executable, "-c", OWNER, str(second.folder / checkpoints.LOCK)]
    first = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert first.stdout is not None
    assert first.stdout.readline() == "owned\n"
    model, descent = stepped(Training())
    for _ in range(2):
        training_state.save(second, model, descent, TrainingState())
    assert not second.due()  # counted from the attempt, though nothing was written
    second.delete()
    assert [path.name for path in second.folder.iterdir()] == [checkpoints.LOCK]
    assert capsys.readouterr().err.count("another process") == 1
    first.kill()
    first.communicate()
    training_state.save(second, model, descent, TrainingState())
    assert (second.folder / checkpoints.FILE).is_file()
    second.delete()
    assert not second.folder.exists()


SCRIBBLER = """
import torch
from ser.config.recipe import Training
from pathlib import Path
from ser.files.checkpoints import CheckpointFile
from ser.training import optimisers
from ser.training.training_state import TrainingState, load, save
model = torch.nn.Linear(50, 50)
descent = optimisers.make(model, Training(), torch.device("cpu"))
print("ready", flush=True)
for turn in range(60):
    held = CheckpointFile(Path("results/checkpoints/k"))
    load(held, model, descent)
    save(held, model, descent, TrainingState(resumes=turn))
    if turn % 3:
        held.delete()
    held.lock.release()
"""


def test_two_processes_that_save_and_delete_at_once_never_read_a_torn_state(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    command = [sys.executable, "-c", SCRIBBLER]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    other = subprocess.Popen(command, env=environment, **pipes)
    assert other.stdout is not None
    assert other.stdout.readline() == "ready\n", other.communicate()
    exec(SCRIBBLER, {})
    log = other.communicate(timeout=600)[1]
    assert other.returncode == 0, log
    lines = (log + capsys.readouterr().err).splitlines()
    assert [line for line in lines if "damaged" in line and "No such file" not in line] == []


def test_a_file_system_without_locks_keeps_its_checkpoints(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("fcntl.flock", refuse)
    held = checkpoint("k")
    model, descent = stepped(Training())
    training_state.save(held, model, descent, TrainingState())
    training_state.save(held, model, descent, TrainingState())
    assert (held.folder / checkpoints.FILE).is_file()
    assert capsys.readouterr().err.count("cannot be locked here") == 1
    held.delete()
    assert not held.folder.exists()


@pytest.mark.parametrize("error", [FileNotFoundError, FileExistsError])
def test_a_folder_that_its_owner_is_just_removing_is_left_to_the_next_save(
    error: type[OSError], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Making a folder while another process removes it fails in either way."""

    def gone(*_: object, **__: object) -> None:
        raise error(errno.ENOENT, "gone")

    monkeypatch.chdir(tmp_path)
    held = checkpoint("k")
    with monkeypatch.context() as patch:
        patch.setattr(held.lock, "acquire", gone)
        training_state.save(held, *stepped(Training()), TrainingState())
    assert not held.folder.exists()
    training_state.save(held, *stepped(Training()), TrainingState())
    assert (held.folder / checkpoints.FILE).is_file()


def test_a_checkpoint_that_vanishes_while_it_is_read_is_ignored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(Path, "is_file", lambda _: True)
    assert training_state.load(checkpoint("k"), *stepped(Training())) == TrainingState()
    assert "No such file" in capsys.readouterr().err

    def vanished(*_: object, **__: object) -> None:
        raise RuntimeError("unable to open file <state.safetensors> in read-only mode: No such file or directory")

    monkeypatch.setattr(checkpoints, "safe_open", vanished)
    assert training_state.load(checkpoint("k"), *stepped(Training())) == TrainingState()


def test_a_flipped_bit_in_a_checkpoint_is_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """In a weight, a moment, the generator's state: all of them would load and train on to other results."""
    monkeypatch.chdir(tmp_path)
    model, descent = stepped(Training())
    held = checkpoint("k")
    training_state.save(held, model, descent, TrainingState([Epoch(1, 1, 0.5, 0.1, 2.0, None, None, None)]))
    file = held.folder / checkpoints.FILE
    raw = file.read_bytes()
    for at in range(len(raw) - 1, 0, -len(raw) // 40):
        file.write_bytes(raw[:at] + bytes([raw[at] ^ 4]) + raw[at + 1 :])
        assert training_state.load(held, model, descent) == TrainingState(), f"byte {at} of {len(raw)}"
    assert "is damaged" in capsys.readouterr().err


@pytest.mark.parametrize("given", ["soon", "-1", "nan"])
def test_an_interval_that_is_no_number_is_refused(given: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(checkpoints.INTERVAL_VARIABLE, given)
    with pytest.raises(SerError, match=f"SER_CHECKPOINT_SECONDS .* '{given}'"):
        checkpoints.interval()
