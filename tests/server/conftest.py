"""One run of a system that reads nothing but sound, and one process that answers with it."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import soundfile
from starlette.applications import Starlette
from starlette.testclient import TestClient
from tiny_project import RATE, Project, sound

from ser.inference import trained_run
from ser.inference.trained import Trained
from ser.jobs import run_record
from ser.server.answers import answering
from ser.server.application import application
from ser.server.limits import RequestLimits
from ser.server.pool import Pool
from ser.server.worker import Worker

LIMITS = RequestLimits(size=1_000_000, seconds=20.0, timeout=60.0, waiting=2)
SYSTEMS = ("SVM-eGeMAPS", "Text-CNN")


@pytest.fixture(scope="session")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return the folders of the runs, by system."""
    home = tmp_path_factory.mktemp("tiny-project")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(home)
        patch.setattr(run_record, "_commit", lambda: {"commit": None, "dirty": None})
        patch.setattr(run_record, "_versions", dict)
        project = Project()
        return {name: project.train(name).absolute() for name in SYSTEMS}


@pytest.fixture(scope="session")
def run(runs: dict[str, Path]) -> Path:
    return runs["SVM-eGeMAPS"]


@pytest.fixture(scope="session")
def trained(run: Path) -> Trained:
    return trained_run.read(run)


@pytest.fixture(scope="session")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a recording in stereo, of about a second."""
    path = tmp_path_factory.mktemp("recordings") / "one.wav"
    soundfile.write(path, sound(3), RATE, "PCM_16")
    return path


@pytest.fixture(scope="session")
def long(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a recording of more than six seconds."""
    path = tmp_path_factory.mktemp("recordings") / "long.wav"
    soundfile.write(path, np.concatenate([sound(seed)[:, 0] for seed in range(8)]), RATE, "PCM_16")
    return path


@pytest.fixture(scope="session")
def uploads(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder where the server keeps recordings until they are answered."""
    return tmp_path_factory.mktemp("uploads")


@pytest.fixture(scope="session")
def limits() -> RequestLimits:
    return LIMITS


@pytest.fixture(scope="session")
def worker(trained: Trained, uploads: Path) -> Iterator[Worker]:
    made = Worker(partial(answering, trained, "cpu", 1, LIMITS.seconds, uploads / "scratch"))
    made.ready()
    yield made
    made.stop()


@pytest.fixture
def server(trained: Trained, worker: Worker, uploads: Path) -> Starlette:
    """Return the application, without its end, which would end the worker of all tests."""
    return application(trained, Pool([worker], LIMITS), LIMITS, uploads, ["ser.example"])


@pytest.fixture
def client(server: Starlette) -> TestClient:
    return TestClient(server, base_url="http://127.0.0.1:8000")
