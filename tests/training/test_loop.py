"""Gradient descent: reproducible, stopped and chosen by the rules of recipe and protocol."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn

from ser.config.schema import Training, View
from ser.errors import SerError
from ser.training import history, loop, optimiser, predict
from ser.training.checkpoint import Checkpoint
from ser.training.history import Epoch
from ser.training.material import Material

RANDOM = np.random.default_rng(7)
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
def material(placed: Callable[..., Material], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Material:
    monkeypatch.chdir(tmp_path)
    return placed(ROWS, MATRICES, View(feature="f", normalise="statistics"))


def fit(tiny: SimpleNamespace, material: Material, selection: str = "dev_ua", **keys: object) -> tuple:
    torch.manual_seed(3)
    model = tiny.build(material.shape, 2)
    training = Training.model_validate({"batch": 4, "epochs": 4} | keys)
    return model, loop.fit(model, material, training, selection, seed=3, checkpoint=Checkpoint("k"))


def row(epoch: int, loss: float | None = None, wa: float | None = None, ua: float | None = None) -> Epoch:
    return Epoch(epoch, epoch * 10, 1.0, 0.1, 1.0, loss, wa, ua)


def test_the_same_seed_gives_the_same_bits(tiny: SimpleNamespace, material: Material) -> None:
    said = []
    for _ in range(2):
        model, fitted = fit(tiny, material)
        Checkpoint("k").delete()
        said.append((predict.probabilities(model, material, "test", 4), [row.train_loss for row in fitted.history]))
    assert np.array_equal(said[0][0], said[1][0])
    assert said[0][1] == said[1][1]


def test_history_counts_epochs_and_steps(tiny: SimpleNamespace, material: Material) -> None:
    _, fitted = fit(tiny, material, milestones=[2, 4], learning_rate=0.02)
    assert [row.epoch for row in fitted.history] == [1, 2, 3, 4]
    assert [row.step for row in fitted.history] == [5, 10, 15, 20]
    assert [row.learning_rate for row in fitted.history] == pytest.approx([0.02, 0.002, 0.002, 0.0002])
    table = history.table(fitted.history)
    assert table["dev_ua"].null_count == 0


def test_steps_end_training_within_an_epoch(tiny: SimpleNamespace, material: Material) -> None:
    _, fitted = fit(tiny, material, steps=7)
    assert [row.step for row in fitted.history] == [5, 7]


def test_training_learns(tiny: SimpleNamespace, material: Material) -> None:
    _, fitted = fit(tiny, material, learning_rate=0.03, epochs=12)
    assert fitted.history[-1].train_loss < 0.7 * fitted.history[0].train_loss


def test_the_kept_weights_are_those_of_the_best_epoch(tiny: SimpleNamespace, material: Material) -> None:
    model, fitted = fit(tiny, material, "dev_loss", learning_rate=0.5, optimiser="sgd", epochs=6)
    losses = [row.dev_loss for row in fitted.history]
    assert fitted.best_epoch == 1 + int(np.argmin(losses))
    assert predict.evaluate(model, material, "dev", 4).loss == pytest.approx(min(losses), rel=1e-6)


def test_last_keeps_the_last_epoch_and_knows_no_patience(tiny: SimpleNamespace, material: Material) -> None:
    model, fitted = fit(tiny, material, "last", patience=1, learning_rate=0.5, optimiser="sgd", epochs=6)
    assert fitted.best_epoch == len(fitted.history) == 6
    assert predict.evaluate(model, material, "dev", 4).loss == pytest.approx(fitted.history[-1].dev_loss, rel=1e-6)


def test_patience_counts_from_the_best_and_the_earlier_of_equals_wins() -> None:
    training = Training(patience=2, epochs=50)
    scores = [0.4, 0.6, 0.6, 0.5]
    rows = [row(k, ua=ua) for k, ua in enumerate(scores, start=1)]
    assert history.best(rows, "dev_ua") == 2
    assert not history.finished(rows[:3], training, "dev_ua")
    assert history.finished(rows, training, "dev_ua")
    assert not history.finished(rows, training, "last")


def test_each_selection_reads_its_own_score() -> None:
    rows = [row(1, loss=1.0, wa=0.5, ua=0.9), row(2, loss=0.5, wa=0.6, ua=0.1), row(3, loss=0.9, wa=0.7, ua=0.2)]
    assert [history.best(rows, rule) for rule in ("dev_ua", "dev_loss", "dev_wa", "last")] == [1, 2, 3, 3]


def test_a_loss_that_is_not_finite_names_epoch_and_step(material: Material) -> None:
    class Doomed(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.head, self.calls = nn.Linear(3, 2), 0

        def forward(self, batch: object) -> torch.Tensor:
            self.calls += self.training
            return self.head(batch.frames.mean(1)) * (torch.nan if self.calls == 7 else 1)  # type: ignore[attr-defined]

    with pytest.raises(SerError, match="epoch 2, step 7"):
        loop.fit(Doomed(), material, Training(batch=4, epochs=4), "dev_ua", seed=0, checkpoint=Checkpoint("k"))


def test_class_weights_shift_the_model_to_the_rare_class(
    tiny: SimpleNamespace, placed: Callable[..., Material], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    rows = [(name, part, "sad" if name in ("train00", "test00") else "angry", who) for name, part, _, who in ROWS]
    noise = {name: RANDOM.normal(size=(9, 3)).astype(np.float32) for name in MATRICES}
    rare = placed(rows, noise, View(feature="g"))
    means = []
    for weights in ("none", "balanced"):
        model, _ = fit(tiny, rare, "last", class_weights=weights, learning_rate=0.03, epochs=15)
        Checkpoint("k").delete()
        means.append(predict.probabilities(model, rare, "test", 4)[:, rare.fold.classes.index("sad")].mean())
    assert means[1] > means[0] + 0.1


def test_clipping_bounds_the_first_step(tiny: SimpleNamespace, material: Material) -> None:
    def moved(**keys: object) -> float:
        torch.manual_seed(3)
        before = {name: value.clone() for name, value in tiny.build(material.shape, 2).state_dict().items()}
        model, _ = fit(tiny, material, "last", optimiser="sgd", learning_rate=1.0, steps=1, **keys)
        Checkpoint("k").delete()
        after = model.state_dict()
        return float(torch.sqrt(sum(((after[name] - value) ** 2).sum() for name, value in before.items())))

    assert moved(clip_norm=0.01) == pytest.approx(0.01, rel=1e-3)
    assert moved() > 0.02


def test_decay_of_weights_spares_biases_and_norms() -> None:
    model = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.LSTM(4, 2), nn.LayerNorm(2))
    training = Training(weight_decay=0.1, decay="weights")
    decayed, spared = optimiser.make(model, training, torch.device("cpu")).param_groups
    assert (decayed["weight_decay"], spared["weight_decay"]) == (0.1, 0.0)
    assert [len(value.shape) for value in decayed["params"]] == [2, 2, 2]  # one linear and two LSTM matrices
    assert len(decayed["params"]) + len(spared["params"]) == len(list(model.parameters()))
    (every,) = optimiser.make(model, Training(weight_decay=0.1), torch.device("cpu")).param_groups
    assert len(every["params"]) == len(list(model.parameters()))


@pytest.mark.parametrize("training", [Training(optimiser="sgd", momentum=0.9, nesterov=True), Training(beta2=0.7)])
def test_optimisers_take_the_recipes_numbers(training: Training) -> None:
    made = optimiser.make(nn.Linear(2, 2), training, torch.device("cpu"))
    group = made.param_groups[0]
    if training.optimiser == "sgd":
        assert (group["momentum"], group["nesterov"]) == (0.9, True)
    else:
        assert group["betas"] == (0.9, 0.7)


def test_segment_probabilities_are_averaged(tiny: SimpleNamespace, placed: Callable[..., Material]) -> None:
    keys = {"feature": "s", "segments": {"frames": 6, "train_hop": 6, "test_hop": 3}}
    cut = placed(ROWS, MATRICES, View.model_validate(keys))
    model = tiny.build(cut.shape, 2).eval()
    said = predict.probabilities(model, cut, "test", 5)
    examples = cut.examples("test")
    for at, utterance in enumerate(cut.fold.rows("test")):
        own = np.flatnonzero(examples.utterance == utterance)
        (batch, _), *_ = cut.batches(examples, [own])
        with torch.no_grad():
            expected = model(batch).softmax(-1).mean(0).numpy()
        assert np.allclose(said[at], expected, atol=1e-6)
    assert np.allclose(said.sum(1), 1, atol=1e-6)


def test_dev_scores_are_the_textbook_ones(material: Material) -> None:
    class Angry(nn.Module):
        def forward(self, batch: object) -> torch.Tensor:
            return torch.tensor([[1.0, 0.0]]).repeat(len(batch.mask), 1)  # type: ignore[attr-defined]

    scores = predict.evaluate(Angry(), material, "dev", 3)
    p = np.exp(1) / (1 + np.exp(1))
    assert (scores.wa, scores.ua) == (0.5, 0.5)
    assert scores.loss == pytest.approx(-0.5 * (np.log(p) + np.log(1 - p)), rel=1e-6)


def test_a_training_job_imports_neither_torchs_compiler_nor_scikit_learn() -> None:
    script = (
        "import sys, torch, ser.stages.train\n"
        "from ser.config.schema import Training\n"
        "from ser.training import device, optimiser\n"
        "device.prepare('cpu', 1)\n"
        "model = torch.nn.Linear(2, 2)\n"
        "sgd = optimiser.make(model, Training(optimiser='sgd'), torch.device('cpu'))\n"
        "adam = optimiser.make(model, Training(), torch.device('cpu'))\n"
        "model(torch.ones(1, 2)).sum().backward()\n"
        "before = model.bias.clone()\n"
        "optimiser.step(adam), optimiser.step(sgd), sgd.zero_grad(), adam.load_state_dict(adam.state_dict())\n"
        "assert not torch.equal(before, model.bias)\n"
        "print(*({'torch._dynamo', 'sklearn', 'pandas'} & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=120)
    assert done.stdout.strip() == "", "seconds in each of thousands of jobs"
