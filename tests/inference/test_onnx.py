"""The ONNX graph of every network gives torch's probabilities; the others are refused with the reason."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from tiny_project import CLASSES, FEATURES, SYSTEMS, WORDS, Project, protocol, shortened
from typer.testing import CliRunner

import ser
from ser import catalog, cli
from ser.config import extractors
from ser.config.options import with_options
from ser.config.recipe import View
from ser.errors import SerError
from ser.inference import onnx_graph
from ser.inference.network import TrainedNetwork
from ser.inference.trained import Contents, FeatureChain, Trained
from ser.tables import contracts
from ser.training import network

onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")
DIMS = extractors.dims(FEATURES)
NONE = {
    "estimator of scikit-learn": ["SVM-ComParE", "SVM-eGeMAPS"],
    "second learner behind the network": [
        "CNN-LSTM-neutral-first",
        "CNN-LSTM-prior",
        "CNN-LSTM-two-step",
        "DNN-ELM",
        "DNN-ELM-Han",
        "RNN-CE-ELM",
        "RNN-ELM",
    ],
}
REFUSED = [name for names in NONE.values() for name in names]

ALONE = """
import sys
class Hidden:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("ser", "torch"):
            raise ModuleNotFoundError(f"No module named '{name}'", name=name)
sys.meta_path.insert(0, Hidden())
import json
import numpy as np, onnxruntime
session = onnxruntime.InferenceSession(sys.argv[1], providers=["CPUExecutionProvider"])
found = session.run(["probabilities"], {"vector": np.load(sys.argv[2])})[0][0].tolist()
classes = json.loads(session.get_modelmeta().custom_metadata_map["ser"])["classes"]
print(json.dumps({"classes": classes, "probabilities": found}))
"""  # in a process that can import neither torch nor ser


def untrained(name: str, folder: Path) -> Trained:
    """Return a system with random weights and statistics, as a training would leave it."""
    shipped = with_options(SYSTEMS[name], name)
    recipe = shipped.model_copy(update={"inputs": shortened(shipped.inputs)})
    views = recipe.inputs.views()
    chains = {view.feature: chain(view) for view in views.values()}
    run = {"corpus": "c", "protocol": "p", "system": name, "seed": 0, "fold": 0}
    given = {"recipe": recipe, "protocol": protocol(), "classes": CLASSES, "features": chains}
    contents = Contents(ser="0", run=run, vocabulary=WORDS if recipe.inputs.words else (), **given)
    trained = Trained(name, contents, folder / "model.safetensors")
    if catalog.model_kind(recipe.model) == "estimator":
        return trained
    torch.manual_seed(0)
    shape = TrainedNetwork.shape(type("Given", (), {"recipe": recipe, "contents": contents})())  # type: ignore[arg-type]
    weights = network.build(recipe, recipe.load(), shape, len(CLASSES)).state_dict()
    for modality, view in views.items():
        if view.normalise == "statistics":
            dims = chains[view.feature].dims
            weights |= {
                f"statistics.{modality}.mean": torch.rand(dims),
                f"statistics.{modality}.sd": 1 + torch.rand(dims),
            }
    save_file({key: value.clone().contiguous() for key, value in weights.items()}, trained.weights)
    return trained


def chain(view: View) -> FeatureChain:
    entry = FEATURES[view.feature]
    module = entry.load()
    about = {"dtype": module.DTYPE, "hop": module.HOP, "dims": DIMS[view.feature]}
    return FeatureChain(extractor=entry.extractor, options=entry.options, **about)


def distinct() -> list[str]:
    """Return the networks of which no other has the same model, options and inputs, up to the transcript."""
    found: dict[str, str] = {}
    for name, recipe in SYSTEMS.items():
        words = recipe.inputs.words
        about = recipe.inputs.model_copy(
            update={"words": words and words.model_copy(update={"transcript": "", "vocabulary": "all"})}
        )
        found.setdefault(f"{recipe.model} {recipe.options} {about}", name)
    return [name for name in found.values() if name not in REFUSED]


@pytest.mark.parametrize("name", distinct())
def test_a_graph_gives_the_probabilities_of_torch(name: str, tmp_path: Path) -> None:
    trained = untrained(name, tmp_path)
    made = onnx_graph.graph(trained)
    assert made.difference <= onnx_graph.SAME
    assert set(trained.recipe().inputs.modalities()) <= set(made.inputs)


@pytest.mark.parametrize("reason", list(NONE))
def test_what_has_no_graph_says_why(reason: str, tmp_path: Path) -> None:
    for name in NONE[reason]:
        with pytest.raises(SerError, match=f"{name} cannot be exported to ONNX: .*{reason}"):
            onnx_graph.export(untrained(name, tmp_path), tmp_path / "no.onnx")
    assert not (tmp_path / "no.onnx").exists()


def test_a_graph_holds_what_is_needed_to_read_it(tmp_path: Path) -> None:
    onnx_graph.export(untrained("Text-CNN", tmp_path), tmp_path / "text.onnx")
    session = onnxruntime.InferenceSession(tmp_path / "text.onnx", providers=["CPUExecutionProvider"])
    about = session.get_modelmeta().custom_metadata_map["ser"]
    assert '"classes": ["angry", "happy", "neutral", "sad"]' in about
    assert all(f'"{word}"' in about for word in WORDS)
    words = np.zeros((1, 128), np.int64)
    words[0, :3] = (2, 5, 1)
    assert session.run(["probabilities"], {"words": words})[0].sum() == pytest.approx(1, abs=1e-6)


def test_the_verb_writes_a_graph_that_answers_for_a_real_recording(project: Project, tmp_path: Path) -> None:
    folder = project.train("HSF-CRNN-HSF")
    done = CliRunner().invoke(cli.app, ["export", "onnx", str(folder), str(tmp_path / "one.onnx")])
    assert done.exit_code == 0, done.output
    assert "reads vector" in done.output
    stored = {row["utterance"]: row for row in contracts.read(contracts.AUDIO, project.audio).to_pylist()}["test0"]
    signal = np.frombuffer(stored["samples"], "<f4")
    np.save(tmp_path / "vector.npy", ser.features.extract("emobase", signal, stored["rate"]))
    command = [sys.executable, "-c", ALONE, str(tmp_path / "one.onnx"), str(tmp_path / "vector.npy")]
    alone = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False)
    assert alone.returncode == 0, alone.stderr
    answer = json.loads(alone.stdout)
    assert answer["classes"] == list(CLASSES)
    found = answer["probabilities"]
    rows = contracts.read(contracts.PREDICTIONS, folder / "predictions.parquet").to_pylist()
    expected = next(row["probabilities"] for row in rows if row["utterance"] == "test0")
    np.testing.assert_allclose(found, expected, atol=onnx_graph.SAME)
    wrong = CliRunner().invoke(cli.app, ["export", "tflite", str(folder), str(tmp_path / "one.tflite")])
    assert wrong.exit_code == 2
    assert "unknown format 'tflite'" in wrong.output
