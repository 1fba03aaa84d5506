"""Several labels of an utterance: a network and a regression find each label's own probability."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import torch
from scipy.special import expit

from ser.config.recipe import Inputs, Recipe, Training, View
from ser.config.schema import Protocol
from ser.files.checkpoints import CheckpointFile
from ser.models import logistic_regression
from ser.tables import contracts
from ser.training import estimator, fold, fold_data, network, predict
from ser.training.fold_data import FoldData
from ser.training.task import TrainingTask

SIZES = {"train": 300, "dev": 60, "test": 60}
PROTOCOL = Protocol.model_validate(
    {
        "rule": "any",
        "labels": {"happy": ["happy"], "sad": ["sad"]},
        "selection": "dev_loss",
        "target": {"kind": "several"},
    }
)


def folded(folder: Path, shards: Any, modality: str) -> tuple[FoldData, np.ndarray]:
    """Utterances of x and y, whose labels are drawn: happy with expit(2x), sad with expit(2y), so both, one or none."""
    draw, rows, matrices, shares = np.random.default_rng(5), [], {}, {}
    for part, size in SIZES.items():
        for k in range(size):
            name, values = f"{part}{k:03}", draw.normal(size=2)
            shares[name] = expit(2 * values)
            given = (draw.random(2) < shares[name]).astype(float)
            matrices[name] = np.full((1 if modality == "vector" else 4, 2), values, np.float32)
            label = "happy" if shares[name][0] > shares[name][1] else "sad"
            facts = {"utterance": name, "fold": 0, "part": part, "speaker": "a"}
            rows.append({**facts, "label": label, "targets": given.tolist()})
    path = folder / "folds.parquet"
    contracts.write(contracts.FOLDS, pa.Table.from_pylist(rows, schema=contracts.FOLDS.schema), path)
    inputs = Inputs.model_validate({modality: View(feature="x")})
    files = {"x": shards(folder / "x", matrices)}
    data = fold_data.load(fold.read(path, 0, PROTOCOL), inputs, files, device=torch.device("cpu"), seed=0)
    return data, np.array([shares[data.fold.utterances[row]] for row in data.fold.rows("test")])


def test_the_sigmoids_of_a_network_are_the_probabilities_of_each_label(
    tmp_path: Path, tiny: SimpleNamespace, shards: Any
) -> None:
    data, shares = folded(tmp_path, shards, "frames")
    module = SimpleNamespace(build=lambda shape, outputs, **_: tiny.build(shape, outputs, dropout=0.0))
    training = Training(epochs=30, batch=16, learning_rate=0.02, precision="float32")
    recipe = Recipe(model="m", inputs=Inputs(), training=training, options={})
    task = TrainingTask(recipe, module, 0, CheckpointFile(tmp_path / "checkpoint", "m"))  # type: ignore[arg-type]
    outcome = network.train(task, data)
    assert np.abs(outcome.answers - shares).mean() < 0.1
    sums = outcome.answers.sum(axis=1)
    assert sums.min() < 0.7 < 1.4 < sums.max(), "none of the labels, and both"
    best = outcome.history[outcome.best_epoch - 1]
    assert best.dev_loss == min(row.dev_loss for row in outcome.history if row.dev_loss is not None)
    assert best.dev_ua is not None
    assert best.dev_ua > 0.8


def test_the_dev_loss_is_the_binary_cross_entropy(tmp_path: Path, shards: Any) -> None:
    class Known(torch.nn.Module):
        def forward(self, batch: Any) -> torch.Tensor:
            return 2 * batch.frames[:, 0]  # type: ignore[no-any-return]

    data, shares = folded(tmp_path, shards, "frames")
    np.testing.assert_allclose(predict.probabilities(Known(), data, "test", 16), shares, atol=1e-5)
    loss, _, _ = predict.evaluate(Known(), data, "test", 16)
    wanted = data.fold.targets[data.fold.rows("test")]  # type: ignore[index]
    assert loss == pytest.approx(-(wanted * np.log(shares) + (1 - wanted) * np.log(1 - shares)).mean(), rel=1e-4)


def test_each_label_has_a_regression(tmp_path: Path, shards: Any) -> None:
    data, shares = folded(tmp_path, shards, "vector")
    recipe = Recipe(model="logistic_regression", inputs=Inputs(), options={"c": [0.001, 10.0], "class_weight": None})
    task = TrainingTask(recipe, logistic_regression, 0, CheckpointFile(tmp_path / "checkpoint", "m"))
    outcome = estimator.train(task, data)
    assert np.abs(outcome.answers - shares).mean() < 0.08
    assert "sigmoid" in outcome.notes[0]
    assert outcome.weights["coef"].shape == (2, 2)
