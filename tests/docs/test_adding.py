"""Every example file of docs/adding.md works in a copy of the package, and the page names every field and emotion."""

import json
import re
import shutil
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import soundfile
from safetensors.numpy import save_file

from ser import catalog
from ser.corpus import Utterance
from ser.emotions import NAMES
from ser.tables import contracts

PROJECT = Path(__file__).parents[2]
TEXT = (PROJECT / "docs" / "adding.md").read_text(encoding="utf-8")
BLOCKS = dict(re.findall(r'^```python title="(ser/[^"]+)"\n(.*?)^```', TEXT, re.MULTILINE | re.DOTALL))
FILES = {
    title: code for title, code in BLOCKS.items() if title.endswith(".py")
}  # whole files; the others are additions
LINES = dict(re.findall(r"^\| \[[^|]*?\]\(#([\w-]+)\)[^|]*\| `[^|]*` \| (\d+) \|$", TEXT, re.MULTILINE))
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
    """A copy of the package with every example added, and what the examples read."""
    home = tmp_path_factory.mktemp("copy")
    shutil.copytree(catalog.ROOT, home / "ser", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(PROJECT / "config", home / "config")
    for title, code in BLOCKS.items():
        add(home, title, code)
    rng = np.random.default_rng(0)
    save_file({"projection": rng.normal(size=(201, 12)).astype(np.float32)}, home / "projection.safetensors")
    for emotion in ("angry", "sad"):
        (home / "recordings" / emotion).mkdir(parents=True)
        for name in ("anna_1", "bert_1"):
            soundfile.write(home / "recordings" / emotion / f"{name}.wav", rng.normal(0, 0.1, 8000), 16000)
    (home / "recognise.sh").write_text("#!/bin/sh\ncat > /dev/null\necho hello\n")
    (home / "recognise.sh").chmod(0o755)
    return home


def add(home: Path, title: str, code: str) -> None:
    """Write a file, or put a function before and an entry into the table of an existing one."""
    path, _, part = title.partition(": ")
    if not part:
        (home / path).write_text(code)
        return
    text = (home / path).read_text(encoding="utf-8")
    table = re.search(r"^[A-Z]+(: [^\n]*?)? = Choices\(\s*\{", text, re.MULTILINE)
    assert table is not None, path
    if part == "function":
        before = text.rindex("\n\n\n", 0, table.start())
        text = f"{text[:before]}\n\n\n{code}{text[before + 2 :]}"
    else:
        text = f"{text[: table.end()]}\n{code}{text[table.end() :]}"
    (home / path).write_text(text)


def ran(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from ser.cli import app; app()", *arguments]
    return subprocess.run(command, cwd=home, env={"PYTHONPATH": str(home)}, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("path", CHECKS)
def test_an_example_keeps_its_contract(path: str, copy: Path) -> None:
    done = ran(copy, "check", *CHECKS[path])
    assert done.returncode == 0, done.stdout + done.stderr
    assert "no fault found" in done.stdout


def test_every_example_is_tested_and_as_short_as_the_page_states() -> None:
    elsewhere = {"ser/report/sections/speed.py", "ser/report/sections/size.py"}  # tests/report/test_adding.py
    assert set(FILES) == {*CHECKS, *elsewhere, "ser/commands/hours.py", "ser/conditions/cracks.py"}
    sections = re.split(r"^## ", TEXT, flags=re.MULTILINE)[1:]
    found = {}
    for section in sections:
        blocks = re.findall(r'^```python title="[^"]+"\n(.*?)^```', section, re.MULTILINE | re.DOTALL)
        found[section.split("\n")[0].lower().replace(" ", "-")] = sum(block.count("\n") for block in blocks)
    assert {name: int(lines) for name, lines in LINES.items()} == found
    assert max(found.values()) < 100


def test_the_added_metric_and_optimiser_are_choices_that_work(copy: Path) -> None:
    code = """
import numpy as np, torch
from ser.config.recipe import Training
from ser.config.schema import Experiment
from ser.metrics import METRICS
from ser.training import optimisers
block = {"corpora": ["a"], "protocols": ["b"], "systems": ["c"]}
assert Experiment.model_validate({"name": "x", "runs": [block], "metrics": ["UA", "G-mean"]}).metrics[1] == "G-mean"
counts = np.array([[[8.0, 2.0], [4.0, 1.0]]])
assert np.allclose(METRICS["G-mean"].of(counts, None), (0.8 * 0.2) ** 0.5)
training = Training(optimiser="rmsprop", learning_rate=0.1)
model = torch.nn.Linear(1, 1)
made = optimisers.make(model, training, torch.device("cpu"))
before = model.weight.item()
optimisers.step(made, model, model(torch.ones(1, 1)).sum(), training, 0.1)
assert isinstance(made, torch.optim.RMSprop) and model.weight.item() < before
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=copy, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_added_condition_has_the_cracks_that_it_promises(copy: Path) -> None:
    code = """
import numpy as np
from ser.config.disturbances import Disturbance
from ser.config.schema import Robustness
from ser.config.disturbances import of_experiment
from ser.preparation.disturbing import disturbed
(one,) = of_experiment(Robustness(conditions={"cracks": ()}))
assert one == Disturbance("cracks", (1.0, 10.0, 100.0))
found = disturbed(np.full(160000, 0.1, np.float32), "u", one, 100.0)
assert set(np.unique(found)) == {np.float32(0.1), np.float32(1)}
assert 800 < (found == 1).sum() < 1200
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=copy, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_added_verb_is_listed_and_works(copy: Path) -> None:
    assert "hours of speech of every speaker" in ran(copy, "--help").stdout
    done = ran(copy, "hours", "absent")
    assert (done.returncode, "data/absent/manifest.parquet does not exist" in done.stderr) == (2, True)
    columns = {
        "utterance": ["u", "v"],
        "audio": ["u.wav", "v.wav"],
        "seconds": [1800.0, 3600.0],
        "speaker": ["a", None],
    }
    columns |= {"rate": [16000] * 2, "channels": [1] * 2, "checksum": ["0" * 32] * 2, "shard": [0, 0]}
    schema = contracts.MANIFEST.schema
    table = pa.table({field.name: pa.array(columns.get(field.name, [None] * 2), field.type) for field in schema})
    contracts.write(contracts.MANIFEST, table, copy / "data" / "mine" / "manifest.parquet")
    assert ran(copy, "hours", "mine").stdout == "unknown: 1.00 h\na: 0.50 h\n"


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
