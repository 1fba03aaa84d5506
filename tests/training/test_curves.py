"""Curves over the test part: true to the model of every epoch, and without any effect on what is learned or kept."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from ser.config.schema import Protocol, Recipe, Training, View
from ser.layers.batch import Batch, Shape
from ser.training import checkpoint, history, loop, network, predict
from ser.training.checkpoint import Checkpoint
from ser.training.history import Epoch
from ser.training.material import Material
from ser.training.outcome import Outcome

RANDOM = np.random.default_rng(11)
LABELS = ("angry", "sad")
ROWS = [
    (f"{part}{k:02d}", part, LABELS[k % 3 == 0], part)
    for part, count in (("train", 24), ("dev", 9), ("test", 11))
    for k in range(count)
]
MATRICES = {
    name: (RANDOM.normal(size=(RANDOM.integers(5, 30), 3)) + 0.5 * LABELS.index(label)).astype(np.float32)
    for name, _, label, _ in ROWS
}
VIEW = View(feature="f", normalise="statistics")
TRAINING = Training(batch=4, epochs=5, learning_rate=0.02)


class Restless(nn.Module):
    """Dropout draws random numbers and batch normalisation keeps statistics: an evaluation may disturb neither."""

    def __init__(self, shape: Shape, classes: int) -> None:
        super().__init__()
        assert shape.frames is not None
        self.hidden, self.norm = nn.Linear(shape.frames, 6), nn.BatchNorm1d(6)
        self.dropout, self.head = nn.Dropout(0.5), nn.Linear(6, classes)

    def forward(self, batch: Batch) -> Tensor:
        assert batch.frames is not None
        assert batch.mask is not None
        mean = batch.frames.sum(1) / batch.mask.sum(1, keepdim=True)
        logits: Tensor = self.head(self.dropout(torch.relu(self.norm(self.hidden(mean)))))
        return logits


MODULE = SimpleNamespace(build=lambda shape, classes, **_: Restless(shape, classes))
RECIPE = Recipe(model="restless", inputs={"frames": VIEW.model_dump()}, training=TRAINING)


@pytest.fixture
def material(placed: Callable[..., Material], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Material:
    monkeypatch.chdir(tmp_path)
    return placed(ROWS, MATRICES, VIEW)


def fit(material: Material, *, curves: bool, **keys: object) -> tuple[Restless, loop.Fitted]:
    torch.manual_seed(3)
    model = Restless(material.shape, 2)
    training = TRAINING.model_copy(update=keys)
    return model, loop.fit(model, material, training, "last", seed=3, checkpoint=Checkpoint("k"), curves=curves)


def train(material: Material, selection: str, *, curves: bool) -> Outcome:
    protocol = Protocol(rule="any", labels="all", selection=selection, curves=curves)
    outcome = network.train(RECIPE, protocol, MODULE, material, seed=3, checkpoint=Checkpoint("k"))  # type: ignore[arg-type]
    Checkpoint("k").delete()
    return outcome


def bare(row: Epoch) -> Epoch:
    """Return what is the same in two runs that differ in nothing but the curves."""
    return replace(row, seconds=0.0, test_wa=None, test_ua=None)


def test_every_epoch_is_scored_as_the_model_stood_then(material: Material) -> None:
    _, fitted = fit(material, curves=True)
    Checkpoint("k").delete()
    truth = material.fold.labels[material.fold.rows("test")]
    for epoch, row in enumerate(fitted.history, start=1):
        model, _ = fit(material, curves=False, epochs=epoch)  # ends with the weights after this epoch
        Checkpoint("k").delete()
        said = predict.probabilities(model, material, "test", 4).argmax(1)
        assert row.test_wa == np.mean(said == truth)
        assert row.test_ua == np.mean([np.mean(said[truth == label] == label) for label in (0, 1)])
    assert len(fitted.history) == TRAINING.epochs
    assert len({row.test_ua for row in fitted.history}) > 1, "a flat curve shows nothing"


@pytest.mark.parametrize("selection", ["last", "dev_ua", "dev_loss"])
def test_curves_change_no_bit_of_what_is_learned_kept_or_said(material: Material, selection: str) -> None:
    plain, curved = (train(material, selection, curves=curves) for curves in (False, True))
    assert plain.best_epoch == curved.best_epoch
    assert plain.weights.keys() == curved.weights.keys()
    assert all(torch.equal(value, curved.weights[name]) for name, value in plain.weights.items())
    assert np.array_equal(plain.probabilities, curved.probabilities)
    assert [bare(row) for row in plain.history] == [bare(row) for row in curved.history]
    assert {row.test_ua for row in plain.history} | {row.test_wa for row in plain.history} == {None}
    assert all(row.test_ua is not None and row.test_wa is not None for row in curved.history)


def test_no_epoch_is_chosen_or_waited_for_by_the_curve() -> None:
    rows = [
        Epoch(k, k * 6, 1.0, 0.1, 1.0, 1 - dev, dev, dev, test, test)
        for k, (dev, test) in enumerate([(0.5, 0.1), (0.6, 0.2), (0.4, 0.9), (0.3, 0.95)], start=1)
    ]
    assert [history.best(rows, rule) for rule in ("dev_ua", "dev_wa", "dev_loss", "last")] == [2, 2, 2, 4]
    assert history.finished(rows, Training(epochs=9, patience=2), "dev_ua")


def test_a_resumed_run_has_the_whole_curve(material: Material, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoint, "INTERVAL", 0.0)
    _, through = fit(material, curves=True)
    Checkpoint("k").delete()
    fit(material, curves=True, epochs=2)  # leaves its checkpoint
    _, resumed = fit(material, curves=True)
    assert resumed.resumes == 1
    scores = [[(row.epoch, row.test_wa, row.test_ua) for row in run.history] for run in (through, resumed)]
    assert scores[0] == scores[1]


def test_the_table_of_the_history_holds_the_curve(material: Material) -> None:
    _, fitted = fit(material, curves=True)
    table = history.table(fitted.history)
    assert table["test_ua"].to_pylist() == [row.test_ua for row in fitted.history]
    Checkpoint("k").delete()
    _, fitted = fit(material, curves=False)
    assert history.table(fitted.history)["test_ua"].null_count == TRAINING.epochs
