"""Masks over frames and mixed examples: what they hide and mix, how often, and that a training stays repeatable."""

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ser.config.augmentation import Mixup, SpecAugment
from ser.config.recipe import Inputs, Recipe, Training, View
from ser.errors import SerError
from ser.files.checkpoints import CheckpointFile
from ser.layers.interface import Batch
from ser.training import batch_changes, loop, mixup, predict, spec_augment
from ser.training.fold_data import FoldData
from ser.training.task import TrainingTask
from ser.training.training_state import TrainingState

KEY = Path("results/checkpoints/k")
FRAMES = np.array([400, 123, 7, 1])
DIMS, TIME = 40, 400
MASKS = {"frequency_masks": 2, "frequency_width": 9, "time_masks": 2, "time_width": 50, "time_share": 0.2}
BOTH: dict[str, object] = {"spec_augment": {"frequency_width": 1, "time_width": 3}, "mixup": {"alpha": 1.0}}


def batch() -> Batch:
    """Return frames that are 3 to 4 where they are real and −1 on padding."""
    real = torch.arange(TIME) < torch.from_numpy(FRAMES).unsqueeze(1)
    frames = 3 + torch.rand(len(FRAMES), TIME, DIMS, generator=torch.Generator().manual_seed(0))
    return Batch(frames.masked_fill(~real.unsqueeze(2), -1.0), real, vector=torch.rand(len(FRAMES), 5))


def hidden(seed: int, **masks: object) -> Tensor:
    """Return which values of ``batch()`` a draw hides, (batch, time, dims)."""
    change = spec_augment.changing(SpecAugment.model_validate(MASKS | masks), np.random.default_rng(seed))
    changed, _ = change(batch(), torch.zeros(4), FRAMES)
    assert torch.equal(changed.frames[changed.frames != 0], batch().frames[changed.frames != 0])
    return changed.frames == 0


# ---- masks


@pytest.mark.parametrize("fill", ["zero", "mean"])
def test_padding_is_never_masked(fill: str) -> None:
    for seed in range(20):
        change = spec_augment.changing(SpecAugment.model_validate(MASKS | {"fill": fill}), np.random.default_rng(seed))
        changed, _ = change(batch(), torch.zeros(4), FRAMES)
        for row, count in enumerate(FRAMES):
            assert (changed.frames[row, count:] == -1).all()
        assert (changed.mask, changed.vector.shape) == (changed.mask, (4, 5))


def test_a_mask_is_a_whole_band_or_a_whole_stretch_no_wider_than_stated() -> None:
    for seed in range(50):
        bands = hidden(seed, time_masks=0, frequency_masks=1)
        for row, count in enumerate(FRAMES):
            every = bands[row, :count]
            assert torch.equal(every.all(0), every.any(0)), "over all frames"
            assert int(every.any(0).sum()) <= 9
        time = hidden(seed, frequency_masks=0, time_masks=1)
        for row, count in enumerate(FRAMES):
            assert torch.equal(time[row].all(1), time[row].any(1)), "over all dimensions"
            assert int(time[row].any(1).sum()) <= min(50, math.floor(0.2 * count))


def test_widths_are_uniform_and_so_is_the_share_that_is_hidden() -> None:
    """F = 9 hides 4.5 dimensions in the mean; T = 50 hides 25 frames of 400, and 12 of 123 (p = 0.2: up to 24)."""
    draw = np.random.default_rng(0)
    sizes = np.full(20_000, DIMS)
    first, after = spec_augment.spans(sizes, 1, np.full(20_000, 9), draw)[..., 0]
    assert np.bincount(after - first, minlength=10).min() > 20_000 / 10 * 0.9
    assert (int(first.min()), int(after.max())) == (0, DIMS), "both ends are reached"
    draws = [hidden(seed, frequency_masks=0, time_masks=1) for seed in range(400)]
    shares = torch.stack(draws).any(3).float().sum(2).mean(0)
    assert shares[0] == pytest.approx(25, abs=2)
    assert shares[1] == pytest.approx(12, abs=1)
    assert shares[2:].tolist() == pytest.approx([0.5, 0.0], abs=0.1)


def test_every_example_has_masks_of_its_own() -> None:
    long = [hidden(seed, frequency_masks=0)[:2, :100].any(2) for seed in range(10)]
    assert any(not torch.equal(one[0], one[1]) for one in long)


def test_the_mean_is_that_of_the_real_values() -> None:
    change = spec_augment.changing(SpecAugment.model_validate(MASKS | {"fill": "mean"}), np.random.default_rng(1))
    changed, _ = change(batch(), torch.zeros(4), FRAMES)
    for row, count in enumerate(FRAMES[:2]):
        before, after = batch().frames[row, :count], changed.frames[row, :count]
        assert (after != before).any()
        assert torch.allclose(after[after != before], before.mean(), rtol=1e-5)


# ---- mixed examples


def test_inputs_are_mixed_in_the_drawn_shares_and_a_frame_of_either_is_real() -> None:
    given, rows = batch(), torch.tensor([1, 0, 3, 2])
    found = mixup.mixed(given, rows, 0.7)
    torch.testing.assert_close(found.frames, 0.7 * given.frames + 0.3 * given.frames[rows])
    torch.testing.assert_close(found.vector, 0.7 * given.vector + 0.3 * given.vector[rows])
    assert found.mask is not None
    assert found.mask.sum(1).tolist() == [400, 400, 7, 7]
    assert torch.equal(found.frames[3, 7:], given.frames[3, 7:]), "what is padding of both stays padding"


@pytest.mark.parametrize("alpha", [0.2, 1.0, 8.0])
def test_shares_have_the_beta_distribution(alpha: float) -> None:
    """Its mean is 1/2 and its variance 1 / (4 (2α + 1))."""
    change = mixup.changing(Mixup(alpha=alpha), np.random.default_rng(0))
    small = Batch(vector=torch.zeros(3, 1))
    shares = np.array([change(small, torch.arange(3), np.ones(3, np.int64))[1].share for _ in range(4000)])
    assert ((shares >= 0) & (shares <= 1)).all()
    assert shares.mean() == pytest.approx(0.5, abs=0.03)
    assert shares.var() == pytest.approx(1 / (4 * (2 * alpha + 1)), rel=0.07)


def test_the_loss_is_that_of_the_mixed_labels() -> None:
    """Cross-entropy of λ · a + (1 − λ) · b is λ · loss(a) + (1 − λ) · loss(b), as Zhang et al. define it."""
    logits, change = torch.randn(6, 3), mixup.changing(Mixup(alpha=1.0), np.random.default_rng(3))
    labels = torch.arange(6) % 3
    _, of = change(Batch(vector=torch.zeros(6, 1)), labels, np.ones(6, np.int64))
    assert sorted(of.second.tolist()) == sorted(labels.tolist())
    mixed = of.share * F.one_hot(of.first, 3) + (1 - of.share) * F.one_hot(of.second, 3)
    wanted = F.cross_entropy(logits, mixed.float())
    torch.testing.assert_close(mixup.mixed_loss(F.cross_entropy)(logits, of), wanted)


# ---- training


ROWS = [
    (f"{part}{k:02d}", part, "angry" if k % 2 else "sad", part)
    for part, count in (("train", 30), ("dev", 8), ("test", 8))
    for k in range(count)
]


@pytest.fixture
def data(loaded: Callable[..., FoldData], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FoldData:
    monkeypatch.chdir(tmp_path)
    random = np.random.default_rng(7)
    frames = {
        name: (random.normal(size=(9 + number % 5, 3)) + 2.0 * (label == "sad")).astype(np.float32)
        for number, (name, _, label, _) in enumerate(ROWS)
    }
    return loaded(ROWS, frames, View(feature="f", normalise="statistics"))


def fit(
    tiny: SimpleNamespace, data: FoldData, keys: Mapping[str, object], epochs: int = 8
) -> tuple[nn.Module, TrainingState]:
    """Train with seed 3; an earlier checkpoint is continued."""
    stated = {"batch": 6, "learning_rate": 0.03, "precision": "float32", "epochs": epochs}
    made = Recipe(model="m", inputs=Inputs(), training=Training.model_validate(stated | dict(keys)))
    task = TrainingTask(made, ModuleType("m"), 3, CheckpointFile(KEY))
    torch.manual_seed(3)
    model: nn.Module = tiny.build(data.shape, 2, dropout=0.2)
    return model, loop.fit(model, data, task)


def test_a_resumed_training_ends_in_the_same_bits(
    tiny: SimpleNamespace, data: FoldData, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ser.files.checkpoints.INTERVAL", 0.0)
    whole, history = fit(tiny, data, BOTH, epochs=5)
    CheckpointFile(KEY).delete()
    CheckpointFile(KEY).lock.release()
    fit(tiny, data, BOTH, epochs=2)
    resumed, again = fit(tiny, data, BOTH, epochs=5)
    assert (again.resumes, len(again.history)) == (1, 5)
    for one, two in zip(whole.state_dict().values(), resumed.state_dict().values(), strict=True):
        assert torch.equal(one, two)
    assert [row.train_loss for row in again.history] == [row.train_loss for row in history.history]


@pytest.mark.parametrize("key", list(BOTH))
def test_a_network_learns_with_each_and_ends_elsewhere(tiny: SimpleNamespace, data: FoldData, key: str) -> None:
    plain, _ = fit(tiny, data, {})
    CheckpointFile(KEY).delete()
    CheckpointFile(KEY).lock.release()
    changed, _ = fit(tiny, data, {key: BOTH[key]})
    assert not torch.equal(next(plain.parameters()), next(changed.parameters()))
    assert float(predict.evaluate(changed, data, "test", 6)[0] or math.nan) < math.log(2) / 2


def test_each_epoch_draws_anew_and_only_the_train_batches_change(data: FoldData) -> None:
    training = Training.model_validate(BOTH)
    examples = data.examples("train")
    order = [np.arange(30)]

    def seen(training: Training, epoch: int) -> Tensor:
        ((found, _),) = batch_changes.batches(data, examples, order, training, 0, epoch)
        return found.frames

    assert torch.equal(seen(training, 1), seen(training, 1))
    assert not torch.equal(seen(training, 1), seen(training, 2))
    ((plain, _),) = data.batches(examples, order)
    assert torch.equal(seen(Training(), 1), plain.frames), "nothing changes where nothing is asked for"


def test_a_model_with_its_own_loss_is_not_mixed(tiny: SimpleNamespace, data: FoldData) -> None:
    model = tiny.build(data.shape, 2)
    model.loss = lambda *given: model(given[0]).sum()
    with pytest.raises(SerError, match=r"training\.mixup does not apply: the model has a loss of its own"):
        loop.loss_function(model, data, Training(mixup=Mixup()))
