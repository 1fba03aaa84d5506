"""One project for all tests of a process, and what its systems share."""

from pathlib import Path

import numpy as np
import pytest
from tiny_project import WORDS, Project

from ser.inference.system import System
from ser.jobs import run_record
from ser.recognisers import pocketsphinx


class Recogniser:
    """Words that depend on the samples alone, without a second for each utterance."""

    provenance = "a stand-in"

    def recognise(self, signal: np.ndarray, rate: int) -> str:
        assert rate == 16000
        return " ".join(np.random.default_rng(int(1e6 * abs(signal[:4000]).sum())).choice(WORDS, 3))


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tiny-project")


@pytest.fixture(scope="session")
def made(home: Path) -> Project:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(home)
        return Project()


@pytest.fixture
def project(made: Project, home: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """The project as the present folder; a recogniser without waiting, and no call of git for each run."""
    monkeypatch.chdir(home)
    monkeypatch.setattr(pocketsphinx, "load", Recogniser)
    monkeypatch.setattr(run_record, "_commit", lambda: {"commit": None, "dirty": None})
    monkeypatch.setattr(run_record, "_versions", dict)
    return made


@pytest.fixture(scope="session")
def _extracted() -> dict[tuple[str, bytes], object]:
    return {}


@pytest.fixture
def shared_features(_extracted: dict[tuple[str, bytes], object], monkeypatch: pytest.MonkeyPatch) -> None:
    """Let systems share the features of an utterance that each would extract anew."""
    extract = System._matrix

    def matrix(self: System, name: str, entry: object, signal: np.ndarray) -> object:
        key = name, signal.tobytes()
        if key not in _extracted:
            _extracted[key] = extract(self, name, entry, signal)  # type: ignore[arg-type]
        return _extracted[key]

    monkeypatch.setattr(System, "_matrix", matrix)
