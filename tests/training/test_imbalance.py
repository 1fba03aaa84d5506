"""Options against class imbalance: their formulas, how often a class occurs, and that a training stays repeatable."""

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ser.config import recipe
from ser.config.recipe import Inputs, Recipe, Training, View
from ser.errors import SerError
from ser.files.checkpoints import CheckpointFile
from ser.report.data.runs import NOT_TRAINED
from ser.training import batch_order, loop, losses, predict, sampling
from ser.training.fold_data import Examples, FoldData
from ser.training.task import TrainingTask
from ser.training.training_state import TrainingState

KEY = Path("results/checkpoints/k")
COUNTS = (4, 11, 45)
LABELS = np.random.default_rng(1).permutation(np.repeat(np.arange(3), COUNTS)).astype(np.int64)
SHARES = torch.tensor(COUNTS) / sum(COUNTS)
WEIGHTS = torch.tensor([2.0, 0.5, 1.0])
OPTIONS = [{"sampling": "balanced"}, {"loss": "focal"}, {"loss": "logit_adjusted"}, {"class_weights": "balanced"}]


def logits() -> tuple[Tensor, Tensor]:
    return torch.randn(9, 3, generator=torch.Generator().manual_seed(0)) * 3, torch.arange(9) % 3


def loss(weights: Tensor | None = None, **keys: object) -> Tensor:
    training = Training.model_validate(keys)
    values, labels = logits()
    return losses.LOSSES[str(training.loss)](training, SHARES, weights)(values, labels)


def examples(labels: np.ndarray = LABELS) -> Examples:
    frames = np.random.default_rng(2).integers(5, 50, len(labels)).astype(np.int64)
    return Examples(np.arange(len(labels)), np.arange(len(labels)), frames, labels)


def drawn(seed: int = 0, epoch: int = 1, **keys: object) -> list[np.ndarray]:
    training = Training.model_validate({"batch": 8, "sampling": "balanced"} | keys)
    return sampling.batches(examples(), training, seed, epoch, "random")


# ---- formulas


@pytest.mark.parametrize("weights", [None, WEIGHTS], ids=["plain", "weighted"])
@pytest.mark.parametrize("keys", [{"loss": "focal", "gamma": 0}, {"loss": "logit_adjusted", "tau": 0}])
def test_at_zero_a_loss_is_cross_entropy(keys: dict[str, object], weights: Tensor | None) -> None:
    torch.testing.assert_close(loss(weights, **keys), F.cross_entropy(*logits(), weight=weights))


def test_the_focal_loss_is_that_of_lin_et_al() -> None:
    values, labels = logits()
    p = values.double().softmax(1)[torch.arange(9), labels]
    for gamma in (0.5, 2.0, 5.0):
        wanted = -((1 - p) ** gamma) * p.log()
        torch.testing.assert_close(loss(loss="focal", gamma=gamma).double(), wanted.mean(), rtol=1e-5, atol=1e-7)
        weighted = (WEIGHTS[labels] * wanted).sum() / WEIGHTS[labels].sum()
        found = loss(WEIGHTS, loss="focal", gamma=gamma).double()
        torch.testing.assert_close(found, weighted, rtol=1e-5, atol=1e-7)


def test_a_focal_loss_of_a_certain_answer_is_zero_with_a_finite_gradient() -> None:
    for gamma in (0.0, 0.3, 1.0, 2.0):
        values = torch.tensor([[60.0, 0.0, 0.0], [0.0, 60.0, 0.0]], requires_grad=True)
        training = Training(loss="focal", gamma=gamma)
        value = losses.LOSSES["focal"](training, SHARES, None)(values, torch.tensor([0, 0]))
        torch.autograd.backward(value)
        assert float(value.detach()) == pytest.approx(30)
        assert values.grad is not None
        assert values.grad.isfinite().all(), gamma
        assert values.grad[0].abs().max() < 1e-6


def test_the_adjusted_loss_is_that_of_menon_et_al() -> None:
    values, labels = logits()
    for tau in (0.5, 1.0, 2.0):
        powers = values.double().exp() * SHARES.double() ** tau
        wanted = -(powers[torch.arange(9), labels] / powers.sum(1)).log().mean()
        torch.testing.assert_close(loss(loss="logit_adjusted", tau=tau).double(), wanted, rtol=1e-5, atol=1e-7)


# ---- sampling


def test_every_class_occurs_equally_often_in_an_epoch_as_long_as_train() -> None:
    for epoch in (1, 2, 7):
        rows = np.concatenate(drawn(epoch=epoch))
        assert np.bincount(LABELS[rows]).tolist() == [20, 20, 20]
        assert len(rows) == len(LABELS)
        times = np.bincount(rows, minlength=len(LABELS))
        for label, count in enumerate(COUNTS):
            own = times[label == LABELS]
            assert (own.min(), own.max()) == (20 // count, -(-20 // count)), "alike within a class"


def test_an_epoch_is_rounded_up_to_a_multiple_of_the_classes() -> None:
    given = examples(LABELS[:-1])
    rows = np.concatenate(sampling.batches(given, Training(sampling="balanced"), 0, 1, "random"))
    assert len(rows) == len(LABELS)


def test_a_frequent_class_is_seen_as_a_whole_over_the_epochs() -> None:
    epochs = [set(np.concatenate(drawn(epoch=epoch)).tolist()) for epoch in range(1, 16)]
    assert epochs[0] != epochs[1]
    assert len(epochs[0]) < len(LABELS)
    assert set.union(*epochs) == set(range(len(LABELS)))


def test_the_seed_decides_what_is_drawn() -> None:
    def examples_of(seed: int) -> list[int]:
        return sorted(np.concatenate(drawn(seed)).tolist())

    assert [batch.tolist() for batch in drawn(0)] == [batch.tolist() for batch in drawn(0)]
    assert examples_of(0) != examples_of(1)


def test_without_sampling_batches_are_those_of_batch_order() -> None:
    given = examples()
    found = sampling.batches(given, Training(batch=8), 3, 2, "similar")
    wanted = batch_order.shuffled(given.frames, 8, 3, 2, "similar")
    assert [batch.tolist() for batch in found] == [batch.tolist() for batch in wanted]


# ---- training


ROWS = [
    (f"{part}{k:02d}", part, "angry" if k % 6 else "sad", part)
    for part, count in (("train", 36), ("dev", 12), ("test", 12))
    for k in range(count)
]


@pytest.fixture
def made(loaded: Callable[..., FoldData], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., FoldData]:
    """Folds of one sad utterance in six, whose frames tell the class by a distance."""
    monkeypatch.chdir(tmp_path)

    def make(distance: float) -> FoldData:
        random = np.random.default_rng(7)
        shift = {"angry": 0.0, "sad": distance}
        frames = {name: (random.normal(size=(9, 3)) + shift[label]).astype(np.float32) for name, _, label, _ in ROWS}
        return loaded(ROWS, frames, View(feature=f"f{distance}"))

    return make


def fit(
    tiny: SimpleNamespace, data: FoldData, keys: Mapping[str, object], epochs: int = 30, batch: int = 6
) -> tuple[nn.Module, TrainingState]:
    """Train with seed 3; an earlier checkpoint is continued."""
    stated = {"batch": batch, "learning_rate": 0.03, "precision": "float32", "epochs": epochs}
    made = Recipe(model="m", inputs=Inputs(), training=Training.model_validate(stated | dict(keys)))
    fold = replace(data.fold, protocol=data.fold.protocol.model_copy(update={"selection": "last"}))
    task = TrainingTask(made, ModuleType("m"), 3, CheckpointFile(KEY))
    torch.manual_seed(3)
    model: nn.Module = tiny.build(data.shape, 2, dropout=0.0)
    return model, loop.fit(model, replace(data, fold=fold), task)


def loss_on(part: str, model: nn.Module, data: FoldData) -> float:
    return float(predict.evaluate(model, data, part, 6)[0] or math.nan)


@pytest.mark.parametrize("keys", OPTIONS, ids=lambda keys: next(iter(keys.values())))
def test_what_was_learned_is_below_the_mark_of_an_untrained_run(
    tiny: SimpleNamespace, made: Callable[..., FoldData], keys: dict[str, object]
) -> None:
    """Its loss is cross-entropy of the plain outputs under each option, so that runs can be compared by it."""
    model, fitted = fit(tiny, made(2.0), keys)
    assert loss_on("train", model, made(2.0)) < NOT_TRAINED * math.log(2) / 2
    assert fitted.history[-1].dev_loss == pytest.approx(loss_on("dev", model, made(2.0)), rel=1e-6)


@pytest.mark.parametrize("keys", OPTIONS[::2] + OPTIONS[3:], ids=lambda keys: next(iter(keys)))
def test_the_shares_of_the_classes_alone_are_nothing_learned(
    tiny: SimpleNamespace, made: Callable[..., FoldData], keys: dict[str, object]
) -> None:
    """Without information, plain training answers with the shares of train; the options with equal probabilities."""
    data = made(0.0)
    constant = replace(
        data, features={"frames": replace(data.features["frames"], values=data.features["frames"].values * 0)}
    )
    rare = constant.fold.classes.index("sad")

    def answer(keys: Mapping[str, object]) -> float:
        model, _ = fit(tiny, constant, keys, batch=36, epochs=100)  # batches with all classes
        CheckpointFile(KEY).delete()
        if keys:
            assert loss_on("train", model, constant) >= NOT_TRAINED * math.log(2)
        return float(predict.probabilities(model, constant, "test", 6)[:, rare].mean())

    assert answer({}) == pytest.approx(1 / 6, abs=0.02)
    assert answer(keys) == pytest.approx(1 / 2, abs=0.02)


@pytest.mark.parametrize("keys", OPTIONS[:3], ids=lambda keys: next(iter(keys.values())))
def test_a_resumed_training_ends_in_the_same_bits(
    tiny: SimpleNamespace, made: Callable[..., FoldData], keys: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ser.files.checkpoints.INTERVAL", 0.0)
    whole, history = fit(tiny, made(1.0), keys, epochs=5)
    CheckpointFile(KEY).delete()
    CheckpointFile(KEY).lock.release()
    fit(tiny, made(1.0), keys, epochs=2)
    resumed, again = fit(tiny, made(1.0), keys, epochs=5)
    assert (again.resumes, len(again.history)) == (1, 5)
    for one, two in zip(whole.state_dict().values(), resumed.state_dict().values(), strict=True):
        assert torch.equal(one, two)
    assert [row.train_loss for row in again.history] == [row.train_loss for row in history.history]


def test_a_model_with_its_own_loss_takes_no_other(tiny: SimpleNamespace, made: Callable[..., FoldData]) -> None:
    data = made(1.0)
    model = tiny.build(data.shape, 2)
    model.loss = lambda *given: model(given[0]).sum()
    with pytest.raises(SerError, match="'focal' does not apply: the model has a loss of its own"):
        loop.loss_function(model, data, Training(loss="focal"))


def test_the_configuration_knows_every_entry_and_plain_recipes_keep_their_digest() -> None:
    assert tuple(losses.LOSSES) == recipe.LOSSES
    assert tuple(sampling.SAMPLINGS) == recipe.SAMPLINGS
    keys = Training().model_dump()
    assert not {"sampling", "loss", "gamma", "tau"} & set(keys)
    used = Training(sampling="balanced", loss="focal", gamma=1.0)
    assert Training.model_validate_json(used.canonical()) == used
