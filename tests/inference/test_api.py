"""The Python interface: the examples of the documentation run, and the values are those of the pipeline."""

import json
import re
import shutil
from pathlib import Path

import core_only
import numpy as np
import pytest
import soundfile
from tiny_project import CORPUS, SYSTEMS, Project, protocol

import ser
from ser.config.plan import Plan
from ser.config.schema import Block, Experiment
from ser.errors import SerError
from ser.inference import onnx_graph, trained_run
from ser.tables import contracts

PAGE = Path(__file__).parents[2] / "docs" / "predicting.md"
GRAPH = "InferenceSession"  # in the example for a graph
EXAMPLES = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


@pytest.fixture
def demo(project: Project) -> Path:
    """The run of an estimator and a plan that names it."""
    folder = project.train("SVM-eGeMAPS")
    runs = (Block(corpora=(CORPUS,), protocols=("held-out",), systems=("SVM-eGeMAPS",)),)
    plan = Plan(
        experiment=Experiment(name="demo", runs=runs),
        protocols={"held-out": protocol()},
        systems={"SVM-eGeMAPS": SYSTEMS["SVM-eGeMAPS"]},
        folds={CORPUS: {"held-out": 1}},
    )
    Path("results/demo").mkdir(exist_ok=True)
    Path("results/demo/plan.json").write_text(plan.model_dump_json())
    return folder


def test_the_examples_of_the_page_run(demo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from ser.commands import prediction

    Path("my-system.zip").unlink(missing_ok=True)
    prediction.bundle(Path("demo"), Path("my-system.zip"))
    shutil.copy("wav/test3.wav", "recording.wav")
    names: dict[str, object] = {}
    for example in (one for one in EXAMPLES if GRAPH not in one):
        exec(compile(example, str(PAGE), "exec"), names)
    assert "SVM-eGeMAPS" in capsys.readouterr().out
    assert names["cepstra"].shape[1] == 96  # type: ignore[attr-defined]
    assert names["functionals"].shape == (1, 88)  # type: ignore[attr-defined]
    assert json.loads((demo / "run.json").read_text())["system"] == "SVM-eGeMAPS"


def test_the_example_for_a_graph_needs_the_core_and_its_runtime_alone(project: Project, tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    folder = project.train("HSF-CRNN-HSF")
    onnx_graph.export(trained_run.read(folder), tmp_path / "my-system.onnx")
    audio = contracts.read(contracts.AUDIO, project.audio).to_pylist()
    stored = next(row for row in audio if row["utterance"] == "test0")
    signal = np.frombuffer(stored["samples"], "<f4")
    soundfile.write(tmp_path / "recording.wav", signal, stored["rate"], "FLOAT")  # after channel and trim
    (example,) = (one for one in EXAMPLES if GRAPH in one)
    done = core_only.run(example, folder=tmp_path, besides=("onnxruntime",))
    assert done.returncode == 0, done.stderr
    found = {name: float(value) for name, value in (line.split() for line in done.stdout.splitlines())}
    rows = contracts.read(contracts.PREDICTIONS, folder / "predictions.parquet").to_pylist()
    expected = next(row["probabilities"] for row in rows if row["utterance"] == "test0")
    np.testing.assert_allclose(list(found.values()), expected, atol=onnx_graph.SAME)


def test_an_answer_for_an_array_is_that_for_its_file(demo: Path) -> None:
    stored = {
        row["utterance"]: row for row in contracts.read(contracts.PREDICTIONS, demo / "predictions.parquet").to_pylist()
    }
    system = ser.load(demo)
    for name, row in stored.items():
        signal, rate = soundfile.read(f"wav/{name}.wav", dtype="int16")
        answer = system(signal, rate)
        assert sum(answer.probabilities.values()) == pytest.approx(1, abs=1e-6)
        assert answer.label == max(answer.probabilities, key=lambda label: answer.probabilities[label])
        # an array is cut after it is resampled, a file before: the ends of the two differ by less than a sample
        np.testing.assert_allclose(list(answer.probabilities.values()), row["probabilities"], atol=0.1)
    with pytest.raises(SerError, match=r"^lasts 0\.010 s, less than 0\.2 s\.$"):
        system(np.ones(160, np.float32), 16000)


def test_a_system_on_vectors_of_named_utterances_has_no_answer_for_others(
    demo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ser.inference.system.uses_name", lambda _: True)
    with pytest.raises(SerError, match=r"^SVM-eGeMAPS reads feature 'egemaps', vectors of named utterances"):
        ser.load(demo)


def test_a_feature_of_an_array_is_that_of_the_pipeline(project: Project) -> None:
    audio = contracts.read(contracts.AUDIO, project.audio).to_pylist()[0]
    signal = np.frombuffer(audio["samples"], "<f4")
    shard = contracts.read(contracts.FEATURES, project.feature("mfcc_120") / "0.parquet").to_pylist()[0]
    stored = np.frombuffer(shard["matrix"], shard["dtype"]).reshape(shard["frames"], shard["dims"])
    assert np.array_equal(ser.features.extract("mfcc_120", signal, 16000), stored)
    with pytest.raises(SerError, match=r"unknown feature 'mfc'\. Did you mean 'mfcc'"):
        ser.features.extract("mfc", signal, 16000)
    with pytest.raises(SerError, match="coefficients"):
        ser.features.extract("mfcc", signal, 16000, coefficients="many")


def test_the_table_of_runs_has_a_column_for_every_class(demo: Path) -> None:
    table = ser.read_runs("demo")
    assert demo.is_dir()
    assert len(table) == 4
    columns = [name for name in table.columns if name.startswith("probability_")]
    assert columns == [f"probability_{name}" for name in ("angry", "happy", "neutral", "sad")]
    assert table[columns].sum(axis=1).tolist() == pytest.approx([1] * 4)
    with pytest.raises(SerError, match=r"plan\.json does not exist"):
        ser.read_runs("other")
