"""TensorBoard reads the event files; MLflow's client sends one run per fold, and a server that is gone ends nothing."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import urlsplit

import pytest

from ser.jobs import tracking
from ser.jobs.trackers import mlflow as tracker
from ser.jobs.trackers.interface import Row, TrackedRun

RUN = TrackedRun(
    run={"corpus": "c", "protocol": "p", "system": "s", "seed": 0, "fold": 1},
    key="k",
    recipe={"model": "m", "training": {"learning_rate": 0.001, "steps": None}, "options": {}},
    epochs=5,
    steps=None,
    selection="dev_ua",
    commit="abc",
)


def row(epoch: int) -> Row:
    return {
        "epoch": epoch,
        "step": 4 * epoch,
        "seconds": 0.1,
        "learning_rate": 0.001,
        "train_loss": 1.0 / epoch,
        "dev_loss": None,
        "dev_wa": 0.25 * epoch,
        "dev_ua": 0.125 * epoch,
        "best": epoch,
    }


@pytest.fixture(autouse=True)
def ended(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name, value in tracker.ENVIRONMENT.items():  # put back after the test
        monkeypatch.setenv(name, value)
    yield
    tracking.end(finished=True)


def begin(monkeypatch: pytest.MonkeyPatch, folder: Path, rows: list[Row], **chosen: str) -> None:
    monkeypatch.setenv(tracking.VARIABLE, json.dumps({"experiment": "e"} | chosen))
    tracking.begin(RUN, folder / "epochs.jsonl")
    tracking.start(rows)


def scalars(folder: Path) -> dict[str, list[tuple[int, float]]]:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(folder)).Reload()
    return {tag: [(one.step, one.value) for one in events.Scalars(tag)] for tag in events.Tags()["scalars"]}


def test_tensorboard_reads_the_curves_of_a_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begin(monkeypatch, tmp_path, [], tensorboard=str(tmp_path / "events"))
    for epoch in (1, 2):
        tracking.epoch(row(epoch))
    tracking.end(finished=True)
    found = scalars(tmp_path / "events/c/p/s/seed0/fold1")
    assert found["dev/UA"] == [(1, 0.125), (2, 0.25)]
    assert found["loss/train"] == [(1, 1.0), (2, 0.5)]
    assert "loss/dev" not in found, "it was not measured"
    assert not [tag for tag in found if "test" in tag]


def test_event_files_of_a_continued_training_have_every_epoch_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin(monkeypatch, tmp_path, [], tensorboard=str(tmp_path / "events"))
    for epoch in (1, 2, 3):
        tracking.epoch(row(epoch))
    begin(monkeypatch, tmp_path, [row(1), row(2)], tensorboard=str(tmp_path / "events"))
    tracking.epoch(row(3))
    tracking.end(finished=True)
    assert [step for step, _ in scalars(tmp_path / "events/c/p/s/seed0/fold1")["dev/UA"]] == [1, 2, 3]


def stored(folder: Path) -> list[Any]:
    from mlflow import MlflowClient

    client = MlflowClient(tracking_uri=folder.as_uri())
    (experiment,) = [one for one in client.search_experiments() if one.name == "e"]
    return [(one, client) for one in client.search_runs([experiment.experiment_id])]


def test_mlflow_has_one_run_with_recipe_epochs_and_tags(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = tmp_path / "ml runs"
    begin(monkeypatch, tmp_path, [], mlflow=store.as_uri())
    for epoch in (1, 2):
        tracking.epoch(row(epoch))
    tracking.end(finished=True)
    ((run, client),) = stored(store)
    assert run.info.status == "FINISHED"
    assert run.data.params == {"model": "m", "training.learning_rate": "0.001"}
    wanted = {"experiment": "e", "corpus": "c", "protocol": "p", "system": "s", "seed": "0", "fold": "1"}
    assert wanted.items() | {("commit", "abc")} <= run.data.tags.items()
    history = client.get_metric_history(run.info.run_id, "dev_ua")
    assert [(one.step, one.value) for one in history] == [(1, 0.125), (2, 0.25)]
    assert "dev_loss" not in run.data.metrics


def test_mlflow_continues_the_run_of_a_killed_attempt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = tmp_path / "store"
    begin(monkeypatch, tmp_path, [], mlflow=store.as_uri())
    for epoch in (1, 2, 3):
        tracking.epoch(row(epoch))
    tracking.end(finished=False)
    begin(monkeypatch, tmp_path, [row(1), row(2)], mlflow=store.as_uri())
    for epoch in (3, 4):
        tracking.epoch(row(epoch))
    tracking.end(finished=True)
    ((run, client),) = stored(store)
    assert run.info.status == "FINISHED"
    assert [one.step for one in client.get_metric_history(run.info.run_id, "seconds")] == [1, 2, 3, 4]


def test_mlflow_has_a_new_run_for_a_training_that_begins_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = tmp_path / "store"
    for _ in range(2):
        begin(monkeypatch, tmp_path, [], mlflow=store.as_uri())
        tracking.epoch(row(1))
        tracking._trackers.clear()  # killed: no status is set
    begin(monkeypatch, tmp_path, [], mlflow=store.as_uri())
    tracking.end(finished=True)
    assert sorted(run.info.status for run, _ in stored(store)) == ["FINISHED", "KILLED", "KILLED"]


class Recorded(BaseHTTPRequestHandler):
    """The part of MLflow's REST interface that a new run needs."""

    calls: list[tuple[str, dict[str, Any]]]
    lacking = 404

    def _answer(self, body: dict[str, Any]) -> None:
        name = urlsplit(self.path).path.partition("/mlflow/")[2]
        self.calls.append((name, body))
        run = {"info": {"run_id": "r1", "experiment_id": "7", "status": "RUNNING"}, "data": {}}
        known = {"experiments/create": {"experiment_id": "7"}, "runs/create": {"run": run}, "runs/search": {}}
        known |= {"runs/log-batch": {}, "runs/update": {"run_info": run["info"]}, "runs/get": {"run": run}}
        code, content = (200, known[name]) if name in known else (404, {"error_code": "RESOURCE_DOES_NOT_EXIST"})
        text = json.dumps(content).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def do_GET(self) -> None:
        self._answer({})

    def do_POST(self) -> None:
        self._answer(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[ThreadingHTTPServer]:
    handler = type("Handler", (Recorded,), {"calls": []})
    found = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    Thread(target=found.serve_forever, daemon=True).start()
    yield found
    found.shutdown()
    found.server_close()


def test_mlflow_sends_a_run_to_a_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, server: ThreadingHTTPServer, capsys: pytest.CaptureFixture[str]
) -> None:
    begin(monkeypatch, tmp_path, [], mlflow=f"http://127.0.0.1:{server.server_port}")
    for epoch in range(1, 301):
        tracking.epoch(row(epoch))
    tracking.end(finished=True)
    assert "is off" not in capsys.readouterr().err
    calls = server.RequestHandlerClass.calls  # type: ignore[attr-defined]
    bodies = {name: [body for called, body in calls if called == name] for name, _ in calls}
    assert bodies["experiments/create"][0]["name"] == "e"
    assert {"key": "system", "value": "s"} in bodies["runs/create"][0]["tags"]
    metrics = [one for body in bodies["runs/log-batch"] for one in body.get("metrics", [])]
    assert [one["step"] for one in metrics if one["key"] == "dev_ua"] == list(range(1, 301))
    assert max(len(body.get("metrics", [])) for body in bodies["runs/log-batch"]) <= 1000
    assert len(bodies["runs/log-batch"]) < 20, "short epochs share a request"
    assert [body["status"] for body in bodies["runs/update"]] == ["FINISHED"]


def test_a_server_that_is_gone_costs_little_and_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import mlflow  # noqa: F401  # takes seconds

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    began = time.monotonic()
    begin(monkeypatch, tmp_path, [], mlflow=f"http://127.0.0.1:{port}")
    for epoch in (1, 2, 3):
        tracking.epoch(row(epoch))
    tracking.end(finished=True)
    assert time.monotonic() - began < 20
    (line,) = [line for line in capsys.readouterr().err.splitlines() if line.startswith("tracking:")]
    assert line.startswith("tracking: MLflow is off for the rest of this training (")
    assert len(line) < 400


def test_a_server_that_goes_away_during_a_training_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, server: ThreadingHTTPServer, capsys: pytest.CaptureFixture[str]
) -> None:
    begin(monkeypatch, tmp_path, [], mlflow=f"http://127.0.0.1:{server.server_port}")
    server.shutdown()
    server.server_close()
    monkeypatch.setattr(tracker, "EVERY", 0.0)
    for epoch in (1, 2, 3):
        tracking.epoch(row(epoch))
    tracking.end(finished=True)
    assert capsys.readouterr().err.count("tracking: MLflow is off") == 1


def test_no_package_of_a_tracker_is_imported_where_all_are_off(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from ser.jobs import tracking;"
        "from ser.jobs.trackers.interface import TrackedRun;"
        "tracking.begin(TrackedRun({}, 'k', {}, 1, None, 'dev_ua', None), Path('epochs.jsonl')); tracking.start([]);"
        "tracking.epoch({'epoch': 1, 'step': 1, 'seconds': 1.0});"
        "sys.exit(bool({'mlflow', 'tensorboard', 'torch'} & set(sys.modules)))"
    )
    environment = {name: value for name, value in os.environ.items() if name != tracking.VARIABLE}
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment, check=False)
    assert done.returncode == 0
    assert (tmp_path / "epochs.jsonl").read_text().endswith('{"ended": "failed"}\n'), "it did not end its training"
