"""Every epoch reaches the epochs file as a whole line; a tracker that fails ends no training."""

import json
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from ser.jobs import tracking
from ser.jobs.trackers import epochs_file
from ser.jobs.trackers.interface import Row, TrackedRun

RUN = TrackedRun(
    run={"corpus": "c", "protocol": "p", "system": "s", "seed": 0, "fold": 1},
    key="k",
    recipe={"model": "m"},
    epochs=5,
    steps=None,
    selection="dev_ua",
    commit=None,
)


def row(epoch: int, dev_ua: float | None = 0.5) -> Row:
    return {"epoch": epoch, "step": 4 * epoch, "seconds": 0.1, "train_loss": 1.0 / epoch, "dev_ua": dev_ua, "best": 1}


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.delenv(tracking.VARIABLE, raising=False)
    yield tmp_path / "fold1" / "epochs.jsonl"
    tracking.end(finished=True)


def epochs(path: Path) -> list[int]:
    found = epochs_file.read(path)
    assert found is not None
    return [one["epoch"] for one in found.rows]


def test_a_reader_sees_every_epoch_as_it_ends_and_no_file_after_the_run(path: Path) -> None:
    tracking.begin(RUN, path)
    tracking.start([])
    assert epochs(path) == []
    for number in (1, 2, 3):
        tracking.epoch(row(number))
        assert epochs(path) == list(range(1, number + 1))
    head = json.loads(path.read_text().splitlines()[0])
    assert (head["run"], head["host"], head["process"]) == (RUN.run, socket.gethostname(), os.getpid())
    tracking.end(finished=True)
    assert list(path.parent.iterdir()) == []


def test_a_continued_training_has_every_epoch_once(path: Path) -> None:
    tracking.begin(RUN, path)
    tracking.start([])
    for number in (1, 2, 3):
        tracking.epoch(row(number))
    tracking.begin(RUN, path)  # killed after epoch 3, its checkpoint is of epoch 2
    tracking.start([row(1), row(2)])
    assert [json.loads(line).get("epoch") for line in path.read_text().splitlines()] == [None, 1, 2]
    tracking.epoch(row(3))
    assert epochs(path) == [1, 2, 3]


def test_a_new_training_has_no_epoch_of_an_earlier_one(path: Path) -> None:
    for _ in range(2):
        tracking.begin(RUN, path)
        tracking.start([])
        tracking.epoch(row(1))
    assert len(path.read_text().splitlines()) == 2


def test_an_unfinished_last_line_is_not_read_at_any_length(path: Path) -> None:
    tracking.begin(RUN, path)
    tracking.start([row(1)])
    whole = path.read_bytes()
    line = json.dumps(row(2)).encode()
    for length in range(len(line) + 1):
        path.write_bytes(whole + line[:length])
        assert epochs(path) == [1]
    path.write_bytes(whole + line + b"\n")
    assert epochs(path) == [1, 2]


@pytest.mark.parametrize("content", [b"", b"\n", b"{}\n", b"[1]\n", b'{"run": 1}\n', b"\xff\n", b'{"run"'])
def test_what_is_no_epochs_file_is_ignored(path: Path, content: bytes) -> None:
    path.parent.mkdir()
    path.write_bytes(content)
    assert epochs_file.read(path) is None


def test_a_loss_that_is_not_finite_is_null_for_readers_of_strict_json(path: Path) -> None:
    tracking.begin(RUN, path)
    tracking.start([])
    tracking.epoch({**row(1), "dev_loss": float("inf"), "train_loss": float("nan")})
    last = path.read_text().splitlines()[-1]

    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    assert json.loads(last, parse_constant=refuse)["dev_loss"] is None


def test_a_training_that_ends_without_its_files_has_failed(path: Path) -> None:
    tracking.begin(RUN, path)
    tracking.start([row(1)])
    tracking.end(finished=False)
    found = epochs_file.read(path)
    assert found is not None
    assert (found.ended, len(found.rows)) == ("failed", 1)


def test_a_tracker_that_fails_is_named_once_and_the_others_go_on(
    path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    blocked = path.parent.parent / "file"
    blocked.write_text("no folder")
    monkeypatch.setenv(tracking.VARIABLE, json.dumps({"tensorboard": str(blocked)}))
    tracking.begin(RUN, path)
    tracking.start([])
    for number in (1, 2, 3):
        tracking.epoch(row(number))
    assert epochs(path) == [1, 2, 3]
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("tracking: TensorBoard is off for the rest of this training (NotADirectoryError")


def test_an_epochs_file_that_is_deleted_meanwhile_is_named_once(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tracking.begin(RUN, path)
    tracking.start([])
    path.unlink()
    tracking.epoch(row(1))
    tracking.epoch(row(2))
    assert capsys.readouterr().err.count("the epochs file is off") == 1
    assert not path.exists()


@pytest.mark.parametrize("text", ["{", "[1]", "3"])
def test_a_variable_that_is_no_json_object_is_one_warning(
    path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    monkeypatch.setenv(tracking.VARIABLE, text)
    tracking.begin(RUN, path)
    tracking.start([])
    assert "SER_TRACKING in the environment is not a JSON object" in capsys.readouterr().err
    assert epochs(path) == []


def test_without_a_training_nothing_is_tracked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    tracking.start([])
    tracking.epoch(row(1))
    assert list(tmp_path.iterdir()) == []
