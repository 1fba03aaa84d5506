"""Checkpoints that no run has continued are listed and removed; never one that is in use."""

import errno
import json
import os
import time
from pathlib import Path

import pytest
import torch
from torch import nn
from typer.testing import CliRunner

from ser.cli import app
from ser.config.recipe import Training
from ser.files.checkpoints import DAY, FILE, CheckpointFile
from ser.training import optimisers, training_state
from ser.training.epoch_selection import Epoch
from ser.training.training_state import TrainingState

RUN = "results/runs/c/p/s/seed0/fold1"


def saved(key: str, days: float) -> CheckpointFile:
    """Return a checkpoint of three epochs that was last written some days ago."""
    model = nn.Linear(2, 2)
    held = CheckpointFile(Path("results/checkpoints", key), RUN)
    rows = [Epoch(epoch, epoch, 0.5, 0.1, 2.0, None, None, None) for epoch in (1, 2, 3)]
    training_state.save(held, model, optimisers.make(model, Training(), torch.device("cpu")), TrainingState(rows))
    held.lock.release()
    os.utime(held.folder / FILE, (time.time() - days * DAY,) * 2)
    return held


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def listed(*arguments: str) -> list[dict[str, object]]:
    done = CliRunner().invoke(app, ["checkpoints", "--json", *arguments])
    assert done.exit_code == 0, done.output
    found: list[dict[str, object]] = json.loads(done.output)
    return found


def test_nothing_is_listed_where_no_run_was_ever_killed() -> None:
    assert listed("--older-than", "0") == []


def test_old_checkpoints_are_listed_with_their_run_and_kept() -> None:
    saved("young", 1)
    old, older = saved("old", 10), saved("older", 20)
    found = listed()
    assert [row["key"] for row in found] == ["older", "old"]
    assert {(row["run"], row["epochs"], row["in_use"], row["removed"]) for row in found} == {(RUN, 3, False, False)}
    assert (old.folder / FILE).is_file()
    assert (older.folder / FILE).is_file()
    assert {row["key"] for row in listed("--older-than", "0")} == {"young", "old", "older"}


def test_only_old_ones_that_no_run_uses_are_removed() -> None:
    young, old, used = saved("young", 1), saved("old", 10), saved("used", 20)
    assert used.acquire()
    found = {row["key"]: (row["in_use"], row["removed"]) for row in listed("--remove")}
    assert found == {"used": (True, False), "old": (False, True)}
    assert (young.folder.exists(), old.folder.exists(), (used.folder / FILE).is_file()) == (True, False, True)


def test_an_age_is_compared_before_it_is_rounded() -> None:
    saved("nearly", 6.997)
    assert listed() == []
    assert [row["days"] for row in listed("--older-than", "6.99")] == [7.0]


def test_a_file_system_without_locks_has_its_checkpoints_listed_and_removed(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    held = saved("unlocked", 10)
    monkeypatch.setattr("fcntl.flock", refuse)
    assert [(row["in_use"], row["removed"]) for row in listed("--remove")] == [(False, True)]
    assert not held.folder.exists()


def refused(*_: object, **__: object) -> None:
    raise PermissionError(errno.EACCES, "Permission denied")


def test_the_checkpoint_of_another_user_counts_as_in_use(monkeypatch: pytest.MonkeyPatch) -> None:
    held = saved("theirs", 10)
    monkeypatch.setattr("ser.files.checkpoints.FileLock.acquire", refused)
    assert [(row["in_use"], row["removed"]) for row in listed("--remove")] == [(True, False)]
    assert held.folder.exists()


def test_a_torn_one_is_listed_without_its_run_and_can_be_removed() -> None:
    held = saved("torn", 10)
    (held.folder / FILE).write_bytes(b"torn")
    assert [(row["run"], row["epochs"]) for row in listed("--older-than", "0", "--remove")] == [("", 0)]
    assert not held.folder.exists()
