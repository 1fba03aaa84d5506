"""``ser watch``: which trainings run, stall or have ended, as a page for people and JSON for programs."""

import json
import os
import pty
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from ser import layout
from ser.cli import app
from ser.config.plan import Plan
from ser.jobs.trackers.epochs_file import EpochsFile
from ser.jobs.trackers.interface import TrackedRun
from ser.layout import Run
from ser.stages.plan import PlanJob, plan
from ser.terminal import ASCII, BLOCKS, sparkline
from ser.watching import screen, trainings
from ser.watching.live import Watch

RUN = Run("mine", "folds", "CNN", 0, 1)


@pytest.fixture(autouse=True)
def _project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("results").mkdir()


def training(run: Run = RUN, epochs: int = 4, seconds: float = 2.0, **head: Any) -> Path:
    """Write the epochs file of a training of 10 epochs, dev UA 10, 20, … %, and return its path."""
    of: dict[str, Any] = {"epochs": 10, "steps": None, "selection": "dev_ua"}
    given = {name: head.pop(name) for name in list(head) if name in of}
    file = EpochsFile(
        TrackedRun(run=run._asdict(), key="k", recipe={}, commit=None, **of | given), layout.epochs(run.folder)
    )
    file.start([])
    for epoch in range(1, epochs + 1):
        values = {"dev_ua": epoch / 10, "dev_wa": epoch / 10, "dev_loss": 1 / epoch, "train_loss": 2 / epoch}
        file.epoch(
            {"epoch": epoch, "step": 5 * epoch, "seconds": seconds, "learning_rate": 0.01, "best": epoch, **values}
        )
    if head:
        first, *rest = file.path.read_text().splitlines(keepends=True)
        file.path.write_text(json.dumps(json.loads(first) | head) + "\n" + "".join(rest))
    return file.path


def silent(path: Path, seconds: float) -> None:
    then = time.time() - seconds
    os.utime(path, (then, then))


def only() -> trainings.WatchedTraining:
    (found,) = trainings.find(None)
    return found


def ended_process() -> int:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_a_training_that_writes_runs_and_its_time_left_falls() -> None:
    path = training(epochs=4, seconds=100.0)
    assert only().state == "running"
    assert only().left == pytest.approx(600, abs=2), "6 epochs of 100 s"
    silent(path, 50)
    assert only().left == pytest.approx(550, abs=2)


def test_a_training_has_stalled_after_several_times_its_own_epoch() -> None:
    path = training(seconds=100.0)
    for seconds, state in ((450, "running"), (550, "stalled")):
        silent(path, seconds)
        assert only().state == state
    path = training(seconds=0.01)
    silent(path, 50)
    assert only().state == "running", "a checkpoint may take longer than many short epochs"


def test_a_training_before_its_first_epoch_runs() -> None:
    silent(training(epochs=0), 3600)
    assert (only().state, only().left) == ("running", None)


def test_a_killed_process_is_known_on_its_own_host_alone() -> None:
    gone = ended_process()
    training(process=gone)
    assert only().state == "killed"
    training(process=gone, host=f"not-{socket.gethostname()}")
    assert only().state == "running"


def test_a_training_that_failed_is_not_stalled() -> None:
    path = training()
    with path.open("a") as file:
        file.write('{"ended": "failed"}\n')
    silent(path, 10_000)
    assert only().state == "failed"


def test_a_run_whose_record_is_newer_is_finished() -> None:
    path = training()
    record = path.with_name("run.json")
    record.write_text("{}")
    assert trainings.find(None) == []
    silent(record, 60)
    assert only().state == "running", "the run is being trained again"


def test_a_number_of_steps_bounds_the_epochs() -> None:
    training(epochs=2, steps=27)
    assert only().total == 6, "five steps an epoch"
    training(epochs=2, steps=1000)
    assert only().total == 10


def test_the_page_has_what_a_person_asks() -> None:
    training(epochs=4, seconds=100.0)
    lines = screen.page(trainings.find(None), None, 200, True)
    assert lines[0] == "Trainings: 1 running"
    assert lines[2] == "mine, folds"
    cells = lines[4]
    for cell in ("CNN", "4/10", "40.0 (4)", "0.01", "100", "10 min", "running", "▁▃▆█", "█▃▁▁"):
        assert cell in cells, lines
    assert "dev UA (%)" in lines[3]


@pytest.mark.parametrize(
    ("selection", "title", "value"), [("dev_loss", "dev loss", "0.2500"), ("last", "dev UA", "40.0")]
)
def test_the_score_is_the_one_that_selects(selection: str, title: str, value: str) -> None:
    training(selection=selection)
    lines = screen.page(trainings.find(None), None, 200, True)
    assert title in lines[3]
    assert value in lines[4]


@pytest.mark.parametrize("width", [1, 20, 60, 80, 110, 130, 300])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    training(epochs=200)
    training(RUN._replace(system="a-system-with-a-long-name-of-its-own", fold=2), epochs=0)
    lines = screen.page(trainings.find(None), None, width, True)
    assert max(map(len, lines)) <= width
    text = "".join(lines)
    assert ("▁▁▁▁" in text and "▄▅" in text) == (width >= 60), "both curves"


def test_what_stalled_long_ago_is_counted_and_not_listed() -> None:
    silent(training(seconds=1.0), 3 * 24 * 3600)
    lines = screen.page(trainings.find(None), None, 200, True)
    assert lines == ["Trainings: 1 stalled", "not listed: 1 without a line for more than a day"]


def test_a_terminal_without_block_characters_has_curves_in_ascii() -> None:
    training()
    text = "\n".join(screen.page(trainings.find(None), None, 200, False))
    assert text.isascii()
    assert "_" in text.splitlines()[-1]


def test_a_training_that_finishes_stays_on_the_page() -> None:
    path, page = training(), Watch(None, None)
    assert "running" in page.lines(200, True)[-1]
    path.with_name("run.json").write_text("{}")
    path.unlink()
    assert "finished" in page.lines(200, True)[-1]
    training()
    silent(path.with_name("run.json"), 60)
    lines = page.lines(200, True)
    assert "running" in lines[-1]
    assert len(lines) == 5, "trained again: one line"


def planned(name: str, folds: int) -> None:
    block = {"corpora": ["mine"], "protocols": ["folds"], "systems": ["CNN"]}
    content = {
        "experiment": {"name": name, "runs": [block]},
        "protocols": {"folds": {"rule": "any", "labels": "all"}},
        "systems": {"CNN": {"model": "m", "inputs": {}}},
        "folds": {"mine": {"folds": folds}},
    }
    plan(PlanJob(plan=Plan.model_validate(content), out=Path("results", name, "plan.json")))


def test_an_experiment_has_only_its_own_trainings_and_its_progress() -> None:
    planned("e", 3)
    training()
    training(RUN._replace(system="other"))
    finished = RUN._replace(fold=0).folder
    finished.mkdir(parents=True)
    (finished / "run.json").write_text("{}")
    done = CliRunner().invoke(app, ["watch", "e"])
    assert done.exit_code == 0
    assert done.output.startswith("e: 1 of 3 runs finished; trainings: 1 running\n")
    assert "other" not in done.output


def test_an_unknown_experiment_is_one_sentence_with_the_known_names() -> None:
    planned("mine", 1)
    done = CliRunner().invoke(app, ["watch", "mien"])
    assert done.exit_code == 2
    assert "unknown experiment 'mien'. Did you mean 'mine'?" in done.output


def test_another_folder_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "other").mkdir()
    monkeypatch.chdir(tmp_path / "other")
    done = CliRunner().invoke(app, ["watch"])
    assert done.exit_code == 2
    assert "there is no folder results in" in done.output


def test_programs_get_json() -> None:
    training(epochs=4)
    (found,) = json.loads(CliRunner().invoke(app, ["watch", "--json"]).output)
    assert (found["system"], found["state"], found["epochs"], found["last"]["dev_ua"]) == ("CNN", "running", 10, 0.4)


@pytest.fixture
def terminal() -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    controller, follower = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "120", "LINES": "30", "PYTHONIOENCODING": "utf-8"}
    command = [sys.executable, "-c", "from ser.cli import app; app()", "watch", "--every", "0.2"]
    streams = {"stdin": follower, "stdout": follower, "stderr": follower}
    # a shell's background job ignores the interrupt, and so would the process
    heeds = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    process = subprocess.Popen(command, **streams, env=environment, preexec_fn=heeds)
    os.close(follower)
    yield process, controller
    process.kill()
    process.wait()
    os.close(controller)


def read_until(controller: int, text: str) -> str:
    seen, deadline = b"", time.monotonic() + 120
    while text.encode() not in seen:
        assert time.monotonic() < deadline, seen
        seen += os.read(controller, 65536)
    return seen.decode()


def test_a_terminal_is_drawn_again_until_the_user_interrupts(terminal: tuple[subprocess.Popen[bytes], int]) -> None:
    process, controller = terminal
    read_until(controller, "no training runs")
    training()
    drawn = read_until(controller, "40.0 (4)")
    assert "\x1b[H" in drawn
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=120) == 0


def test_a_curve_goes_from_the_lowest_to_the_highest_value() -> None:
    assert sparkline([1, 2, 3, 4, 5, 6, 7, 8], 8) == BLOCKS
    assert sparkline([8, 1], 8) == "█▁"
    assert sparkline([1, 2], 8, blocks=False) == ASCII[0] + ASCII[-1]
    assert sparkline(list(range(1000)), 8) == BLOCKS, "means of 125 values each"
    assert sparkline([1.0, None, 2.0], 8) == "▁ █"
    assert len(set(sparkline([3.0, 3.0], 8))) == 1
    assert sparkline([], 8) == sparkline([None], 8) == sparkline([float("nan")], 8) == ""


def test_ties_of_state_do_not_depend_on_the_order_of_files() -> None:
    for fold in (2, 0, 1):
        training(RUN._replace(fold=fold))
    found = trainings.find(None)
    assert [one.run.fold for one in found] == [0, 1, 2]
    assert replace(found[0], state="finished").left is None


def test_a_training_for_use_is_found_and_named() -> None:
    training(RUN._replace(fold=layout.FOR_USE))
    (one,) = trainings.find(None)
    assert one.run.folder.name == "use"
    assert [found.run for found in trainings.find([one.run])] == [one.run]
