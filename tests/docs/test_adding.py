"""Every example file of docs/adding.md works in a copy of the package, and the page names every field and emotion."""

import json
import re
import shutil
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
import soundfile
from safetensors.numpy import save_file

from ser import catalog
from ser.corpus import Utterance
from ser.emotions import NAMES

PROJECT = Path(__file__).parents[2]
TEXT = (PROJECT / "docs" / "adding.md").read_text(encoding="utf-8")
FILES = dict(re.findall(r'^```python title="([\w/]+\.py)"\n(.*?)^```', TEXT, re.MULTILINE | re.DOTALL))
CHECKS = {  # example: arguments of `ser check`
    "ser/corpora/folders.py": ["corpus", "folders", "--root", "recordings"],
    "ser/features/projected_spectrum.py": [
        "feature",
        "projected_spectrum",
        "--options",
        json.dumps({"weights": "projection.safetensors"}),
    ],
    "ser/models/gated_mean.py": ["model", "gated_mean"],
    "ser/protocols/dialog_folds.py": ["protocol", "dialog_folds"],
    "ser/recognisers/program.py": ["recogniser", "program", "--options", json.dumps({"program": "./recognise.sh"})],
}


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the package with every example in its place, and what the examples read."""
    home = tmp_path_factory.mktemp("copy")
    shutil.copytree(catalog.ROOT, home / "ser", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(PROJECT / "config", home / "config")
    for path, code in FILES.items():
        (home / path).write_text(code)
    rng = np.random.default_rng(0)
    save_file({"projection": rng.normal(size=(201, 12)).astype(np.float32)}, home / "projection.safetensors")
    for emotion in ("angry", "sad"):
        (home / "recordings" / emotion).mkdir(parents=True)
        for name in ("anna_1", "bert_1"):
            soundfile.write(home / "recordings" / emotion / f"{name}.wav", rng.normal(0, 0.1, 8000), 16000)
    (home / "recognise.sh").write_text("#!/bin/sh\ncat > /dev/null\necho hello\n")
    (home / "recognise.sh").chmod(0o755)
    return home


def ran(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from ser.cli import app; app()", *arguments]
    return subprocess.run(command, cwd=home, env={"PYTHONPATH": str(home)}, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("path", CHECKS)
def test_an_example_keeps_its_contract(path: str, copy: Path) -> None:
    done = ran(copy, "check", *CHECKS[path])
    assert done.returncode == 0, done.stdout + done.stderr
    assert "no fault found" in done.stdout


def test_every_example_is_checked_and_short() -> None:
    assert set(FILES) == set(CHECKS)
    for path, code in FILES.items():
        assert code.count("\n") < 100, path


def test_every_example_has_the_style_of_the_package(copy: Path) -> None:
    paths = [str(copy / path) for path in FILES]
    for command in (["ruff", "check"], ["ruff", "format", "--check"]):
        done = subprocess.run(
            [sys.executable, "-m", *command, "--config", str(PROJECT / "pyproject.toml"), *paths],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr


def test_the_page_names_every_field_and_every_emotion() -> None:
    named = set(re.findall(r"`(\w+)`", TEXT))
    assert {field.name for field in fields(Utterance)} <= named
    assert set(NAMES) <= named
