"""Gradient descent: reproducible, stopped and chosen by the rules of recipe and protocol."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn

from ser.config.recipe import Inputs, Recipe, Training, View
from ser.errors import SerError
from ser.files.checkpoints import CheckpointFile
from ser.training import epoch_selection, loop, predict
from ser.training.epoch_selection import Epoch
from ser.training.fold_data import FoldData
from ser.training.task import TrainingTask
from ser.training.training_state import TrainingState

RANDOM = np.random.default_rng(7)
KEY = Path("results/checkpoints/k")
LABELS = ("angry", "sad")
ROWS = [
    (f"{part}{k:02d}", part, LABELS[k % 2], part)
    for part, count in (("train", 20), ("dev", 8), ("test", 8))
    for k in range(count)
]
MATRICES = {
    name: (RANDOM.normal(size=(RANDOM.integers(5, 30), 3)) + LABELS.index(label)).astype(np.float32)
    for name, _, label, _ in ROWS
}


@pytest.fixture
def data(loaded: Callable[..., FoldData], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FoldData:
    monkeypatch.chdir(tmp_path)
    return loaded(ROWS, MATRICES, View(feature="f", normalise="statistics"))


def run(model: nn.Module, data: FoldData, training: Training, selection: str) -> TrainingState:
    """Fit ``model`` with seed 3 under a protocol with this selection."""
    recipe = Recipe(model="m", inputs=Inputs(), training=training)
    fold = replace(data.fold, protocol=data.fold.protocol.model_copy(update={"selection": selection}))
    task = TrainingTask(recipe, SimpleNamespace(), 3, CheckpointFile(KEY))  # type: ignore[arg-type]
    return loop.fit(model, replace(data, fold=fold), task)


def fit(tiny: SimpleNamespace, data: FoldData, selection: str = "dev_ua", **keys: object) -> tuple:
    torch.manual_seed(3)
    model = tiny.build(data.shape, 2)
    return model, run(model, data, Training.model_validate({"batch": 4, "epochs": 4} | keys), selection)


def row(epoch: int, loss: float | None = None, wa: float | None = None, ua: float | None = None) -> Epoch:
    return Epoch(epoch, epoch * 10, 1.0, 0.1, 1.0, loss, wa, ua)


def test_the_same_seed_gives_the_same_bits(tiny: SimpleNamespace, data: FoldData) -> None:
    found = []
    for _ in range(2):
        model, fitted = fit(tiny, data)
        CheckpointFile(KEY).delete()
        found.append((predict.probabilities(model, data, "test", 4), [row.train_loss for row in fitted.history]))
    assert np.array_equal(found[0][0], found[1][0])
    assert found[0][1] == found[1][1]


def test_history_counts_epochs_and_steps(tiny: SimpleNamespace, data: FoldData) -> None:
    _, fitted = fit(tiny, data, milestones=[2, 4], learning_rate=0.02)
    assert [row.epoch for row in fitted.history] == [1, 2, 3, 4]
    assert [row.step for row in fitted.history] == [5, 10, 15, 20]
    assert [row.learning_rate for row in fitted.history] == pytest.approx([0.02, 0.002, 0.002, 0.0002])
    assert all(row.dev_ua is not None for row in fitted.history)


def test_steps_end_training_within_an_epoch(tiny: SimpleNamespace, data: FoldData) -> None:
    _, fitted = fit(tiny, data, steps=7)
    assert [row.step for row in fitted.history] == [5, 7]


def test_training_learns(tiny: SimpleNamespace, data: FoldData) -> None:
    _, fitted = fit(tiny, data, learning_rate=0.03, epochs=12)
    assert fitted.history[-1].train_loss < 0.7 * fitted.history[0].train_loss


def test_the_kept_weights_are_those_of_the_best_epoch(tiny: SimpleNamespace, data: FoldData) -> None:
    model, fitted = fit(tiny, data, "dev_loss", learning_rate=0.5, optimiser="sgd", epochs=6)
    losses = [row.dev_loss for row in fitted.history]
    assert epoch_selection.best(fitted.history, "dev_loss") == 1 + int(np.argmin(losses))
    assert predict.evaluate(model, data, "dev", 4)[0] == pytest.approx(min(losses), rel=1e-6)


def test_last_keeps_the_last_epoch_and_knows_no_patience(tiny: SimpleNamespace, data: FoldData) -> None:
    model, fitted = fit(tiny, data, "last", patience=1, learning_rate=0.5, optimiser="sgd", epochs=6)
    assert epoch_selection.best(fitted.history, "last") == len(fitted.history) == 6
    assert predict.evaluate(model, data, "dev", 4)[0] == pytest.approx(fitted.history[-1].dev_loss, rel=1e-6)


def test_patience_counts_from_the_best_and_the_earlier_of_equals_wins() -> None:
    training = Training(patience=2, epochs=50)
    scores = [0.4, 0.6, 0.6, 0.5]
    rows = [row(k, ua=ua) for k, ua in enumerate(scores, start=1)]
    assert epoch_selection.best(rows, "dev_ua") == 2
    assert not epoch_selection.finished(rows[:3], training, "dev_ua")
    assert epoch_selection.finished(rows, training, "dev_ua")
    assert not epoch_selection.finished(rows, training, "last")


def test_patience_in_steps_waits_as_long_in_a_small_corpus_and_both_must_pass() -> None:
    rows = [row(k, ua=ua) for k, ua in enumerate([0.4, 0.6, 0.6, 0.5], start=1)]  # ten steps each, the second is best
    for keys, ends in (
        ({"patience_steps": 20}, True),
        ({"patience_steps": 21}, False),
        ({"patience_steps": 20, "patience": 3}, False),
        ({"patience_steps": 21, "patience": 2}, False),
        ({"patience_steps": 20, "patience": 2}, True),
    ):
        assert epoch_selection.finished(rows, Training.model_validate(keys), "dev_ua") == ends, keys


def test_each_selection_reads_its_own_score() -> None:
    rows = [row(1, loss=1.0, wa=0.5, ua=0.9), row(2, loss=0.5, wa=0.6, ua=0.1), row(3, loss=0.9, wa=0.7, ua=0.2)]
    assert [epoch_selection.best(rows, rule) for rule in ("dev_ua", "dev_loss", "dev_wa", "last")] == [1, 2, 3, 3]


def test_a_loss_that_is_not_finite_names_epoch_and_step(data: FoldData) -> None:
    class Doomed(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.head, self.calls = nn.Linear(3, 2), 0

        def forward(self, batch: object) -> torch.Tensor:
            self.calls += self.training
            return self.head(batch.frames.mean(1)) * (torch.nan if self.calls == 7 else 1)  # type: ignore[attr-defined]

    with pytest.raises(SerError, match="epoch 2, step 7"):
        run(Doomed(), data, Training(batch=4, epochs=4), "dev_ua")


def test_class_weights_shift_the_model_to_the_rare_class(
    tiny: SimpleNamespace, loaded: Callable[..., FoldData], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    rows = [(name, part, "sad" if name in ("train00", "test00") else "angry", who) for name, part, _, who in ROWS]
    noise = {name: RANDOM.normal(size=(9, 3)).astype(np.float32) for name in MATRICES}
    rare = loaded(rows, noise, View(feature="g"))
    means = []
    for weights in ("none", "balanced"):
        model, _ = fit(tiny, rare, "last", class_weights=weights, learning_rate=0.03, epochs=15)
        CheckpointFile(KEY).delete()
        means.append(predict.probabilities(model, rare, "test", 4)[:, rare.fold.classes.index("sad")].mean())
    assert means[1] > means[0] + 0.1


def test_clipping_bounds_the_first_step(tiny: SimpleNamespace, data: FoldData) -> None:
    def moved(**keys: object) -> float:
        torch.manual_seed(3)
        before = {name: value.clone() for name, value in tiny.build(data.shape, 2).state_dict().items()}
        model, _ = fit(tiny, data, "last", optimiser="sgd", learning_rate=1.0, steps=1, **keys)
        CheckpointFile(KEY).delete()
        after = model.state_dict()
        return float(torch.sqrt(sum(((after[name] - value) ** 2).sum() for name, value in before.items())))

    assert moved(clip_norm=0.01) == pytest.approx(0.01, rel=1e-3)
    assert moved() > 0.02


def test_segment_probabilities_are_averaged(tiny: SimpleNamespace, loaded: Callable[..., FoldData]) -> None:
    keys = {"feature": "s", "segments": {"frames": 6, "train_hop": 6, "test_hop": 3}}
    cut = loaded(ROWS, MATRICES, View.model_validate(keys))
    model = tiny.build(cut.shape, 2).eval()
    predicted = predict.probabilities(model, cut, "test", 5)
    examples = cut.examples("test")
    for at, utterance in enumerate(cut.fold.rows("test")):
        own = np.flatnonzero(examples.utterance == utterance)
        (batch, _), *_ = cut.batches(examples, [own])
        with torch.no_grad():
            expected = model(batch).softmax(-1).mean(0).numpy()
        assert np.allclose(predicted[at], expected, atol=1e-6)
    assert np.allclose(predicted.sum(1), 1, atol=1e-6)


def test_dev_scores_are_the_textbook_ones(data: FoldData) -> None:
    class Angry(nn.Module):
        def forward(self, batch: object) -> torch.Tensor:
            return torch.tensor([[1.0, 0.0]]).repeat(len(batch.mask), 1)  # type: ignore[attr-defined]

    loss, wa, ua = predict.evaluate(Angry(), data, "dev", 3)
    p = np.exp(1) / (1 + np.exp(1))
    assert (wa, ua) == (0.5, 0.5)
    assert loss == pytest.approx(-0.5 * (np.log(p) + np.log(1 - p)), rel=1e-6)
