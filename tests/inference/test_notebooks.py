"""The notebooks run from their first cell to their last, on miniature results, and are committed without outputs."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import soundfile
from plans import write_plan
from tiny_project import Project, sound

from ser.commands import prediction
from ser.layout import Run
from ser.stages.compare import CompareJob, compare
from ser.tables import contracts

PROJECT = Path(__file__).parents[2]
NOTEBOOKS = sorted(PROJECT.glob("notebooks/*.ipynb"))
CLASSES = ("angry", "happy", "neutral", "sad")
SKILL = {"SVM-ComParE": 0.7, "SVM-eGeMAPS": 0.5, "Audio-CNN-demo": 0.3}
RUNNER = """
import json, sys
path, then = sys.argv[1:]
names = {}
for number, cell in enumerate(json.loads(open(path, encoding="utf-8").read())["cells"]):
    if cell["cell_type"] == "code":
        exec(compile("".join(cell["source"]), f"{path}, cell {number}", "exec"), names)
exec(then, names)
"""


def cells(path: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return found


def ran(name: str, folder: Path, then: str) -> str:
    """Run the code of a notebook and then ``then`` in a fresh process; return what it printed."""
    path = PROJECT / "notebooks" / name
    plain = {**os.environ, "MPLBACKEND": "Agg", "PYTHONPATH": str(PROJECT)}
    command = [sys.executable, "-c", RUNNER, str(path), then]
    done = subprocess.run(command, cwd=folder, env=plain, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def trained(system: str) -> list[Run]:
    """Write two folds of five speakers each, of whom each utters 20 utterances."""
    runs = [Run("demo", "session-out-4", system, 0, fold) for fold in (0, 1)]
    for run in runs:
        labels = np.random.default_rng(run.fold).choice(CLASSES, 100)
        random = np.random.default_rng([run.fold, ord(system[-1])])
        skill = SKILL[system] + np.repeat(random.normal(0, 0.1, 5), 20)
        predicted = np.where(random.random(100) < skill, labels, random.choice(CLASSES, 100))
        table = {name: [value] * 100 for name, value in run._asdict().items()}
        table |= {"utterance": [f"{run.fold}-{k}" for k in range(100)], "label": labels.tolist()}
        table |= {"speaker": [f"speaker{run.fold}{k // 20}" for k in range(100)], "predicted": predicted.tolist()}
        table |= {"probabilities": [[0.25] * 4] * 100}
        notes = {"classes": json.dumps(CLASSES), "tested": "once"}
        arrow = pa.table(table, schema=contracts.PREDICTIONS.schema)
        contracts.write(contracts.PREDICTIONS, arrow, run.folder / "predictions.parquet", notes)
    return runs


def test_there_are_two_without_outputs_and_with_text_before_the_code() -> None:
    assert [path.name for path in NOTEBOOKS] == ["compare_systems.ipynb", "predict_and_look.ipynb"]
    for path in NOTEBOOKS:
        record = json.loads(path.read_text(encoding="utf-8"))
        assert (record["nbformat"], record["cells"][0]["cell_type"]) == (4, "markdown")
        assert len({cell["id"] for cell in record["cells"]}) == len(record["cells"])
        for cell in record["cells"]:
            assert cell.get("outputs", []) == [], path.name
            assert cell.get("execution_count") is None, path.name
            code = cell["source"] if cell["cell_type"] == "code" else []
            assert not [line for line in code if line.lstrip().startswith(("%", "!"))], "magics"


def test_only_the_public_interface_is_used() -> None:
    for path in NOTEBOOKS:
        code = "".join(line for cell in cells(path) if cell["cell_type"] == "code" for line in [*cell["source"], "\n"])
        assert "import ser\n" in code
        assert "from ser" not in code
        assert "import ser." not in code


def test_systems_are_compared_with_the_numbers_of_the_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    plan = write_plan([run for system in SKILL for run in trained(system)], metrics=("WA", "UA"))
    Path("results/demo").mkdir()
    written = {name: Path("results/demo", f"{name}.parquet") for name in ("comparisons", "intervals", "contrasts")}
    compare(CompareJob(plan=plan, **written))
    plan.rename("results/demo/plan.json")
    (tmp_path / "notebooks").mkdir()
    then = "scores.to_csv('scores.csv'); print(ONE, OTHER, difference.sum(), p); assert len(plt.get_fignums()) == 2"
    *_, last = ran("compare_systems.ipynb", tmp_path / "notebooks", then).splitlines()
    found = pd.read_csv("scores.csv").set_index(["system", "metric"]).sort_index()
    expected = pd.read_parquet("results/demo/intervals.parquet").set_index(["system", "metric"]).sort_index()
    np.testing.assert_allclose(found[["value", "low", "high"]], expected[["value", "low", "high"]])
    one, other, difference, p = last.split()
    table = pd.read_parquet("results/demo/comparisons.parquet").query("metric == 'UA'")
    [row] = table[table[["system", "other"]].isin([one, other]).all(axis=1)].to_dict("records")
    assert abs(float(difference)) == pytest.approx(abs(row["difference"]) / 100)
    assert float(p) == pytest.approx(row["p"])


def test_a_recording_is_predicted_and_drawn(project: Project, tmp_path: Path) -> None:
    prediction.bundle(project.train("SVM-eGeMAPS"), tmp_path / "my-system.zip")
    folder = tmp_path / "data/raw/demo/Session1"
    folder.mkdir(parents=True)
    for k in range(3):
        soundfile.write(folder / f"{k}.wav", sound(k)[:, 0], 22050)
    then = """
assert abs(sum(answer.probabilities.values()) - 1) < 1e-6 and answer.label in system.classes
assert times["end"].iloc[-1] == max(times["end"]) and len(times) > 3 and set(system.classes) < set(times.columns)
assert mel.shape[1] > 20 and functionals.shape == (1, 88) and len(plt.get_fignums()) == 2
"""
    assert "SVM-eGeMAPS with the classes angry, happy, neutral, sad" in ran("predict_and_look.ipynb", tmp_path, then)
