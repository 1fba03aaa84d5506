"""Every module in the package keeps the contract of its kind, and a module that does not is described in one line each.

Models and protocol rules are in ``tests/models`` and ``tests/protocols``.
"""

import json
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ser import catalog
from ser.checks import run
from ser.cli import app
from ser.config import definitions

CONFIG = Path(__file__).parents[2] / "config"
ELSEWHERE = ("model", "protocol")
MODULES = [(kind, name) for kind in run.KINDS for name in catalog.names(run.KINDS[kind].FOLDER)]

CORPUS = '''"""Two recordings."""
from ser.corpus import Card, Facts, Utterance
CARD = Card(title="Two", licence="none", homepage="", language="en", utterances=2, labels={"angry": 1, "joyful": 1})
def facts(root, *, allow_subset=False): return Facts(2, ("b", "a"), (), ("angry",))
def sources(root): return []
def audio_files(root): return []
def utterances(root): return []
'''
FEATURE = '''"""A feature."""
import numpy as np
DTYPE = "float32"
DEPENDS = ("numpy",)
HOP = 0.01
def dims(*, bands: int = 31) -> int: return bands
def extract(signal, rate, *, bands: int = 31): return np.zeros((len(signal) // 160, bands + 1), np.float32)
'''
MODEL = '''"""A model."""
import torch
from torch import nn
class Wide(nn.Module):
    def __init__(self, dims, outputs):
        super().__init__()
        self.layer, self.unused = nn.Linear(dims, outputs), nn.Linear(2, 2)
    def forward(self, batch): return self.layer(batch.frames.mean(1))
def build(shape, classes, *, extra: int = 0): return Wide(shape.frame_dims(), classes + extra)
'''
PROTOCOL = '''"""A rule."""
from itertools import count
calls = count()
def folds(facts): return 2
def assign(rows):
    call = next(calls)
    yield ["test" if (n + call) % 2 else "train" for n in range(len(rows))]
'''
BROKEN = {  # kind and name: code, and what a line about it must hold
    ("corpus", "two"): (CORPUS, ["the function verify(rows, **options) is missing"]),
    ("corpus", "joyful"): (
        CORPUS + "def verify(rows): return []\n",
        ["unknown emotions joyful; known: angry, happy", "speakers are not sorted"],
    ),
    ("feature", "wide"): (FEATURE, ["dims() declares (rows, 31)", "8000 Hz is taken for 16000 Hz"]),
    ("feature", "no_hop"): (FEATURE.replace("HOP = 0.01\n", ""), ["the constant HOP is missing: seconds per row"]),
    ("feature", "half"): (
        FEATURE.replace('DTYPE = "float32"', 'DTYPE, RANGE = "float8", 1'),
        ['DTYPE must be "float16" or "float32"'],
    ),
    ("feature", "slow"): (FEATURE.replace("bands + 1", "bands").replace("0.01", "0.02"), ["1 s give 100 rows"]),
    ("feature", "untyped"): (
        FEATURE.replace("bands: int = 31): return np", "bands=31): return np"),
        ["option bands: the annotation is missing"],
    ),
    ("model", "unimportable"): (
        "import absent\n\ndef build(shape, classes): ...\n",
        ["No module named 'absent' (", "e.py:1)"],
    ),
    ("model", "unbuildable"): (
        "def build(shape, classes): return shape.frames + 'x'\n",
        ["TypeError: unsupported operand", "unbuildable.py:1)"],
    ),
    ("model", "torn"): ("def build(:\n", ["torn.py:1: invalid syntax"]),
    ("model", "padded"): (MODEL, ["those of 5 frames move by", "unused.weight has none"]),
    ("model", "too_wide"): (MODEL.replace("extra: int = 0", "extra: int = 1"), ["of shape (3, 5)", "must be (3, 4)"]),
    ("model", "undefined"): ('"""A model."""\n', ["the function build(shape, classes, **options) is missing"]),
    ("protocol", "halves"): (
        PROTOCOL,
        ["it counts 2 and makes 0", "tested in no fold", "a second call gives other folds"],
    ),
    ("protocol", "unlike"): (PROTOCOL.replace("def folds(facts)", "def folds()"), ["folds must take the positional"]),
    ("recogniser", "mute"): (
        '"""A recogniser."""\nDEPENDS = "numpy"\n',
        ["DEPENDS must be", "load(**options) is missing"],
    ),
}
CHECK = """
import json, sys
from pathlib import Path
from ser.checks import run
names = json.loads(sys.argv[1])
print(json.dumps([run.module(kind, name, Path(sys.argv[2])) for kind, name in names]))
"""


@pytest.mark.parametrize(("kind", "name"), MODULES)
def test_every_module_is_complete(kind: str, name: str) -> None:
    assert definitions.problems(run.KINDS[kind].FOLDER, name) == ()


@pytest.mark.parametrize(("kind", "name"), [pair for pair in MODULES if pair[0] not in ELSEWHERE])
def test_every_module_keeps_its_contract(kind: str, name: str) -> None:
    if name == "ge2e" and find_spec("resemblyzer") is None:
        pytest.skip("resemblyzer is not installed: uv pip install --no-deps resemblyzer==0.1.4")
    assert run.module(kind, name, CONFIG) == []


def test_an_estimator_keeps_its_contract() -> None:
    estimators = [name for name in catalog.names("models") if catalog.constant("models", name, "KIND") == "estimator"]
    assert estimators
    for name in estimators:
        assert run.module("model", name, CONFIG) == []


def test_an_experiment_is_checked_with_every_module_that_it_uses(tmp_path: Path) -> None:
    assert run.experiment(CONFIG / "experiments" / "demo.yaml", CONFIG) == []
    path = tmp_path / "mine.yaml"
    path.write_text("experiment: {name: mine, runs: [{corpora: [demo], protocols: [peng2021], systems: [Audio-CN]}]}")
    assert "Did you mean 'Audio-CNN'" in run.experiment(path, CONFIG)[0]
    block = "runs: [{corpora: [ravdess], protocols: [session-out-4], systems: [mine]}]"
    options = "systems: {mine: {base: Audio-CNN, options: {kernels: [5, 5, 5], statistics: [max], masked: true}}}"
    path.write_text(f"experiment: {{name: mine, {block}}}\n{options}\n")
    lines = "\n".join(run.experiment(path, CONFIG))
    assert "session-out-4 on ravdess: the rule needs sessions" in lines
    assert "mine: model 'multiscale_cnn': it cannot mask padding" in lines


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], list[str]]:
    """Return what is wrong with each broken module, in a copy of the package."""
    home = tmp_path_factory.mktemp("copy")
    shutil.copytree(catalog.ROOT, home / "ser", ignore=shutil.ignore_patterns("__pycache__"))
    for (kind, name), (code, _) in BROKEN.items():
        (home / "ser" / run.KINDS[kind].FOLDER / f"{name}.py").write_text(code)
    command = [sys.executable, "-c", CHECK, json.dumps(list(BROKEN)), str(CONFIG)]
    done = subprocess.run(command, cwd=home, env={"PYTHONPATH": str(home)}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return dict(zip(BROKEN, json.loads(done.stdout), strict=True))


@pytest.mark.parametrize(("kind", "name"), BROKEN)
def test_a_broken_module_is_described(kind: str, name: str, found: dict[tuple[str, str], list[str]]) -> None:
    lines = found[kind, name]
    assert all("\n" not in line and "Traceback" not in line for line in lines)
    for wanted in BROKEN[kind, name][1]:
        assert any(wanted in line for line in lines), (wanted, lines)


def test_the_verb_prints_a_line_per_fault_and_fails() -> None:
    runner = CliRunner()
    done = runner.invoke(app, ["check", "corpus", "table", "--options", '{"table": "absent.csv"}'])
    assert done.exit_code == 2
    assert "'table: absent.csv', does not exist" in done.stdout
    assert runner.invoke(app, ["check", "model", "linear_svm"]).stdout == "model linear_svm: no fault found\n"
    assert "Did you mean 'model'" in runner.invoke(app, ["check", "modl", "linear_svm"]).stderr
