"""Curves over the test part: of the model of every epoch, without any effect on what is learned or kept."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from ser.config.recipe import Recipe, Training, View
from ser.files import checkpoints
from ser.files.checkpoints import CheckpointFile
from ser.layers.interface import Batch, Shape
from ser.training import epoch_selection, loop, network, predict
from ser.training.epoch_selection import Epoch
from ser.training.fold_data import FoldData
from ser.training.task import Outcome, TrainingTask
from ser.training.training_state import TrainingState

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


KEY = Path("results/checkpoints/k")
MODULE = SimpleNamespace(build=lambda shape, classes, **_: Restless(shape, classes))
RECIPE = Recipe(model="restless", inputs={"frames": VIEW.model_dump()}, training=TRAINING)


@pytest.fixture
def data(loaded: Callable[..., FoldData], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FoldData:
    monkeypatch.chdir(tmp_path)
    return loaded(ROWS, MATRICES, VIEW)


def under(data: FoldData, selection: str, curves: bool) -> FoldData:
    """Return the data under a protocol with this selection, with or without curves."""
    protocol = data.fold.protocol.model_copy(update={"selection": selection, "curves": curves})
    return replace(data, fold=replace(data.fold, protocol=protocol))


def fit(data: FoldData, *, curves: bool, **keys: object) -> tuple[Restless, TrainingState]:
    torch.manual_seed(3)
    model = Restless(data.shape, 2)
    recipe = RECIPE.model_copy(update={"training": TRAINING.model_copy(update=keys)})
    task = TrainingTask(recipe, MODULE, 3, CheckpointFile(KEY))  # type: ignore[arg-type]
    return model, loop.fit(model, under(data, "last", curves), task)


def train(data: FoldData, selection: str, *, curves: bool) -> Outcome:
    task = TrainingTask(RECIPE, MODULE, 3, CheckpointFile(KEY))  # type: ignore[arg-type]
    outcome = network.train(task, under(data, selection, curves))
    task.checkpoint.delete()
    return outcome


def bare(row: Epoch) -> Epoch:
    """Return what is the same in two runs that differ in nothing but the curves."""
    return replace(row, seconds=0.0, test_wa=None, test_ua=None)


def test_every_epoch_is_scored_with_the_weights_of_that_epoch(data: FoldData) -> None:
    _, fitted = fit(data, curves=True)
    CheckpointFile(KEY).delete()
    truth = data.fold.labels[data.fold.rows("test")]
    for epoch, row in enumerate(fitted.history, start=1):
        model, _ = fit(data, curves=False, epochs=epoch)  # ends with the weights after this epoch
        CheckpointFile(KEY).delete()
        predicted = predict.probabilities(model, data, "test", 4).argmax(1)
        assert row.test_wa == np.mean(predicted == truth)
        assert row.test_ua == np.mean([np.mean(predicted[truth == label] == label) for label in (0, 1)])
    assert len(fitted.history) == TRAINING.epochs
    assert len({row.test_ua for row in fitted.history}) > 1, "a flat curve shows nothing"


@pytest.mark.parametrize("selection", ["last", "dev_ua", "dev_loss"])
def test_curves_change_no_bit_of_what_is_learned_kept_or_predicted(data: FoldData, selection: str) -> None:
    plain, curved = (train(data, selection, curves=curves) for curves in (False, True))
    assert plain.best_epoch == curved.best_epoch
    assert plain.weights.keys() == curved.weights.keys()
    assert all(torch.equal(value, curved.weights[name]) for name, value in plain.weights.items())
    assert np.array_equal(plain.answers, curved.answers)
    assert [bare(row) for row in plain.history] == [bare(row) for row in curved.history]
    assert {row.test_ua for row in plain.history} | {row.test_wa for row in plain.history} == {None}
    assert all(row.test_ua is not None and row.test_wa is not None for row in curved.history)


def test_no_epoch_is_selected_or_waited_for_by_the_curve() -> None:
    rows = [
        Epoch(k, k * 6, 1.0, 0.1, 1.0, 1 - dev, dev, dev, test, test)
        for k, (dev, test) in enumerate([(0.5, 0.1), (0.6, 0.2), (0.4, 0.9), (0.3, 0.95)], start=1)
    ]
    assert [epoch_selection.best(rows, rule) for rule in ("dev_ua", "dev_wa", "dev_loss", "last")] == [2, 2, 2, 4]
    assert epoch_selection.finished(rows, Training(epochs=9, patience=2), "dev_ua")


def test_a_resumed_run_has_the_whole_curve(data: FoldData, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoints, "INTERVAL", 0.0)
    _, through = fit(data, curves=True)
    CheckpointFile(KEY).delete()
    fit(data, curves=True, epochs=2)  # leaves its checkpoint
    _, resumed = fit(data, curves=True)
    assert resumed.resumes == 1
    scores = [[(row.epoch, row.test_wa, row.test_ua) for row in run.history] for run in (through, resumed)]
    assert scores[0] == scores[1]


def test_the_history_holds_the_curve(data: FoldData) -> None:
    _, fitted = fit(data, curves=True)
    assert all(row.test_ua is not None and 0 <= row.test_ua <= 1 for row in fitted.history)
    CheckpointFile(KEY).delete()
    _, fitted = fit(data, curves=False)
    assert [row.test_ua for row in fitted.history] == [None] * TRAINING.epochs
