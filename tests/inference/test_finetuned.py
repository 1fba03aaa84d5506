"""An encoder that is trained further, through the real loop: it learns, and its bundle answers without the encoder."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tiny_encoders import save
from tiny_project import Project, names_of_test, protocol

from ser.commands import prediction
from ser.config.options import with_options
from ser.config.recipe import Recipe
from ser.files.published import sha256
from ser.inference import bundle, predictions
from ser.inference.recordings import Request
from ser.inference.system import System
from ser.tables import contracts

TRAINING = {"optimiser": "layerwise_adamw", "learning_rate": 0.003, "layer_decay": 0.8, "batch": 4, "epochs": 6}
ADAPTERS = {"lora_rank": 2, "lora_targets": ["q_proj", "v_proj"]}


def recipe_of(folder: Path, options: dict[str, Any]) -> Recipe:
    source = {"model": str(folder), "sha256": sha256(folder / "model.safetensors")}
    return with_options(
        Recipe.model_validate(
            {
                "title": "tiny",
                "model": "finetuned_encoder",
                "inputs": {"frames": {"feature": "waveform"}},
                "options": source | options,
                "training": TRAINING,
            }
        ),
        "tiny",
    )


@pytest.mark.parametrize(
    ("name", "options"),
    [("Tuned", {"trained_layers": 1, "pooling": "attentive", "checkpointing": True}), ("Adapted", ADAPTERS)],
)
def test_a_tuned_encoder_learns_and_its_bundle_needs_nothing_else(
    name: str, options: dict[str, Any], project: Project, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = save("hubert", tmp_path / "secret" / name)
    run = project.train_recipe(name, recipe_of(folder, options), protocol())
    history = contracts.read(contracts.HISTORY, run / "history.parquet").to_pylist()
    assert history[-1]["train_loss"] < history[0]["train_loss"] - 0.01
    table = contracts.read(contracts.PREDICTIONS, run / "predictions.parquet").to_pylist()
    stored = {row["utterance"]: row for row in table}
    prediction.bundle(run, tmp_path / "bundle")
    shutil.rmtree(tmp_path / "secret")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert "secret" not in (tmp_path / "bundle" / "bundle.json").read_text()
    card = (tmp_path / "bundle" / "README.md").read_text()
    assert f"Encoder that was trained further: {name}, a folder, model.safetensors SHA-256" in card
    assert "licence apache-2.0" in card
    system = System(bundle.read(tmp_path / "bundle"), calibrated=False)
    wanted = [Request(home / "wav" / f"{one}.wav", one) for one in names_of_test()]
    rows = list(predictions.predict(system, wanted, predictions.Failures()))
    assert [request.name for request, _ in rows] == sorted(stored)
    for request, answer in rows:
        found = list(answer.probabilities.values())
        np.testing.assert_allclose(found, stored[request.name]["probabilities"], rtol=0, atol=1e-5)
        assert answer.label == stored[request.name]["predicted"]
