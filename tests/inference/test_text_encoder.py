"""Systems on a vector of the transcript: predictions equal those of the run, and what they need is one sentence."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tiny_project import CLASSES, CORPUS, FEATURES, SYSTEMS, TEXTS, UTTERANCES, Project, names_of_test, protocol
from tiny_text_encoders import save

from ser import layout
from ser.config import read
from ser.config.options import with_options
from ser.config.recipe import Recipe
from ser.config.schema import Feature
from ser.errors import SerError
from ser.inference import bundle, predictions, trained_run
from ser.inference.recordings import Request
from ser.inference.system import System
from ser.stages.extract_text import ExtractTextJob, extract_text
from ser.tables import contracts

SHIPPED = read.shipped(read.SHIPPED)[1]
TINY = {"epochs": 1, "steps": 1, "batch": 8}


def trained(project: Project, name: str, recipe: Recipe, transcript: str) -> Path:
    """Train a recipe whose vector is that of a tiny encoder of text, on the tiny project; return the run's folder."""
    model = Path("tiny-bert")
    if not model.is_dir():
        save("bert", model)
    feature = f"text_{transcript}"
    FEATURES[feature] = Feature(extractor="text_vector", options={"model": str(model), "transcript": transcript})
    out = layout.features(CORPUS, feature) / "0.parquet"
    if not out.is_file():
        shard = project.transcript(transcript) / "0.parquet"
        options = FEATURES[feature].options
        extract_text(
            ExtractTextJob(feature=feature, extractor="text_vector", options=options, transcripts=shard, out=out)
        )
    assert recipe.inputs.vector is not None
    vector = recipe.inputs.vector.model_copy(update={"feature": feature})
    update: dict[str, Any] = {"inputs": recipe.inputs.model_copy(update={"vector": vector})}
    update["training"] = recipe.training.model_copy(update=TINY)
    return project.train_recipe(name, with_options(recipe.model_copy(update=update), name), protocol())


def with_frames() -> Recipe:
    """Return the shipped network on frames and a text, on 60 frames of a feature that needs no weights."""
    recipe = SHIPPED["Audio-CNN-Whisper-base-MiniLM"]
    assert recipe.inputs.frames is not None
    frames = recipe.inputs.frames.model_copy(update={"feature": "mfcc", "length": 60})
    return recipe.model_copy(update={"inputs": recipe.inputs.model_copy(update={"frames": frames})})


@pytest.mark.parametrize("transcript", ["given", "recognised"])
@pytest.mark.parametrize("name", ["MiniLM-SVM", "Audio-CNN-Whisper-base-MiniLM"])
def test_the_answers_are_those_of_the_training(name: str, transcript: str, project: Project) -> None:
    recipe = SHIPPED[name] if name == "MiniLM-SVM" else with_frames()
    folder = trained(project, f"{name}-{transcript}", recipe, transcript)
    stored = {
        row["utterance"]: row
        for row in contracts.read(contracts.PREDICTIONS, folder / "predictions.parquet").to_pylist()
    }
    system, failures = System(trained_run.read(folder)), predictions.Failures()
    assert system.needs_text == (transcript == "given")
    wanted = [
        Request(Path("wav", f"{one}.wav"), one, text=TEXTS[one] if system.needs_text else None)
        for one in names_of_test()
    ]
    predictions.check(system, wanted)
    rows = list(predictions.predict(system, wanted, failures))
    assert not failures.found
    assert [request.name for request, _ in rows] == sorted(stored)
    for request, answer in rows:
        assert answer.label == stored[request.name]["predicted"]
        found = list(answer.probabilities.values())
        np.testing.assert_allclose(found, stored[request.name]["probabilities"], rtol=0, atol=1e-5)


def test_a_system_on_given_text_alone_depends_on_the_text_and_on_no_sound(project: Project) -> None:
    system = System(trained_run.read(trained(project, "MiniLM-SVM-given", SHIPPED["MiniLM-SVM"], "given")))
    noise = np.random.default_rng(0).normal(0, 0.1, (2, 16000)).astype(np.float32)
    one, other = (system(noise[k], 16000, text="please leave me alone") for k in (0, 1))
    assert one.probabilities == other.probabilities
    assert system(noise[0], 16000, text="good morning").probabilities != one.probabilities
    assert system(noise[0], 16000, text="").label in CLASSES


def test_without_a_text_it_refuses_in_one_sentence(project: Project) -> None:
    folder = trained(project, "MiniLM-SVM-given", SHIPPED["MiniLM-SVM"], "given")
    system, name = System(trained_run.read(folder)), UTTERANCES[0][0]
    request = Request(Path("wav", f"{name}.wav"), name)
    with pytest.raises(SerError, match=r"reads given transcripts: give the text with --text, or a CSV"):
        predictions.check(system, [request])
    with pytest.raises(SerError, match=r"reads given transcripts, and a window has no text of its own"):
        predictions.check(system, [request], predictions.Windows(1.0, 1.0))
    with pytest.raises(SerError, match=r"reads given transcripts, and no text is given\.$"):
        system(np.zeros(16000, np.float32), 16000)


def test_a_system_on_an_encoder_in_a_folder_cannot_be_bundled(project: Project, tmp_path: Path) -> None:
    """As one on an encoder of speech: the bundle names a model on the hub, and no folder of this machine."""
    folder = trained(project, "MiniLM-SVM-given", SHIPPED["MiniLM-SVM"], "given")
    with pytest.raises(SerError, match=r"feature text_given reads .*a file that is not part of a bundle\.$"):
        bundle.write(trained_run.read(folder), "card", tmp_path / "bundle")
    assert "MiniLM-SVM" not in SYSTEMS  # the test over all systems has none that reads a model on the hub
