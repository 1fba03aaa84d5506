"""Targets that are no labels: their losses, their scale, and trainings of a network and an estimator on them."""

import math
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import torch
from torch.nn import functional as F

from ser.config.recipe import Inputs, Recipe, Training, View
from ser.config.schema import Protocol
from ser.dimension_metrics import mean_ccc
from ser.errors import SerError
from ser.files.checkpoints import CheckpointFile
from ser.models import support_vector_regression
from ser.tables import contracts
from ser.training import estimator, fold, fold_data, loop, losses, network, predict
from ser.training.dimensions import Scale
from ser.training.fold_data import FoldData
from ser.training.task import TrainingTask

SIZES = {"train": 40, "dev": 16, "test": 16}
KINDS = {
    "dimensions": {"labels": {}, "selection": "dev_ccc"},
    "distribution": {"labels": {"happy": ["happy"], "sad": ["sad"]}, "selection": "dev_loss"},
}
TARGETS = {"dimensions": {"kind": "dimensions", "dimensions": ["valence", "dominance"]}}
TARGETS["distribution"] = {"kind": "distribution", "without_majority": "train"}


def protocol(kind: str) -> Protocol:
    return Protocol.model_validate({"rule": "any", **KINDS[kind], "target": TARGETS[kind]})


def folded(folder: Path, kind: str, shards: Any, *, modality: str = "frames") -> FoldData:
    """One number x of an utterance decides: p(happy) = 1 / (1 + exp(−2x)), valence 3 + x, dominance 3 − x."""
    draw, rows, matrices = np.random.default_rng(3), [], {}
    for part, count in SIZES.items():
        for k in range(count):
            name, x = f"{part}{k:02}", float(draw.normal())
            p = 1 / (1 + math.exp(-2 * x))
            frames = 1 if modality == "vector" else 4
            matrices[name] = np.full((frames, 2), (x, 1), np.float32) + 0.01 * draw.normal(size=(frames, 2))
            values = [3 + x, 3 - x] if kind == "dimensions" else [p, 1 - p]
            label = (
                None if kind == "dimensions" or (part == "train" and k % 5 == 4) else ("happy" if p > 0.5 else "sad")
            )
            row = {"utterance": name, "fold": 0, "part": part, "label": label, "speaker": "a", "targets": values}
            rows.append(row)
    path = folder / "folds.parquet"
    contracts.write(contracts.FOLDS, pa.Table.from_pylist(rows, schema=contracts.FOLDS.schema), path)
    written = shards(folder / "x", {name: value.astype(np.float32) for name, value in matrices.items()})
    inputs = Inputs.model_validate({modality: View(feature="x")})
    read = fold.read(path, 0, protocol(kind))
    return fold_data.load(read, inputs, {"x": written}, device=torch.device("cpu"), seed=0)


def values_of(data: FoldData, part: str) -> np.ndarray:
    """Return the targets of a part, (utterances, outputs)."""
    assert data.fold.targets is not None
    return data.fold.targets[data.fold.rows(part)]


def task(module: object, folder: Path, **training: Any) -> TrainingTask:
    stated = {"epochs": 40, "batch": 8, "learning_rate": 0.02, "precision": "float32", **training}
    recipe = Recipe(model="m", inputs=Inputs(), training=Training.model_validate(stated), options={})
    return TrainingTask(recipe, module, 0, CheckpointFile(folder / "checkpoint", "m"))  # type: ignore[arg-type]


def plain(tiny: SimpleNamespace) -> SimpleNamespace:
    return SimpleNamespace(build=lambda shape, outputs, **_: tiny.build(shape, outputs, dropout=0.0))


def test_soft_cross_entropy_of_one_hot_votes_is_that_of_labels() -> None:
    logits, labels = torch.randn(7, 3, generator=torch.Generator().manual_seed(0)), torch.tensor([0, 1, 2, 0, 1, 2, 2])
    weights = torch.tensor([0.5, 1.0, 2.0])
    for given in (None, weights):
        wanted = F.cross_entropy(logits, labels, weight=given)
        found = losses.soft_cross_entropy(given)(logits, F.one_hot(labels, 3).float())
        torch.testing.assert_close(found, wanted)


def test_soft_cross_entropy_is_least_at_the_raters_shares_and_differs_from_divergence_by_their_entropy() -> None:
    shares = torch.tensor([[0.5, 0.3, 0.2], [0.1, 0.8, 0.1]])
    loss = losses.soft_cross_entropy(None)
    entropy = -(shares * shares.log()).sum(1).mean()
    torch.testing.assert_close(loss(shares.log(), shares), entropy)
    other = torch.tensor([[0.2, 0.2, 0.6], [0.3, 0.3, 0.4]])
    divergence = F.kl_div(other.log(), shares, reduction="batchmean")
    torch.testing.assert_close(loss(other.log(), shares) - entropy, divergence)


def test_counted_votes_weigh_as_if_each_were_an_example() -> None:
    logits = torch.randn(2, 2, generator=torch.Generator().manual_seed(1))
    counts = torch.tensor([[2.0, 1.0], [0.0, 1.0]])
    repeated, labels = logits[[0, 0, 0, 1]], torch.tensor([0, 0, 1, 1])
    torch.testing.assert_close(losses.soft_cross_entropy(None)(logits, counts), F.cross_entropy(repeated, labels))


def test_the_concordance_loss_is_one_less_the_mean_of_the_metric() -> None:
    draw = np.random.default_rng(0)
    x, y = draw.normal(size=(30, 2)), draw.normal(size=(30, 2)) + 0.5
    found = losses.DIMENSION_LOSSES["ccc"](torch.from_numpy(y), torch.from_numpy(x))
    assert float(found) == pytest.approx(1 - mean_ccc(x, y), rel=1e-6)
    assert float(losses.DIMENSION_LOSSES["ccc"](torch.from_numpy(x), torch.from_numpy(x))) == pytest.approx(0, abs=1e-9)
    one = torch.zeros(1, 2, requires_grad=True)
    losses.DIMENSION_LOSSES["ccc"](one, torch.zeros(1, 2)).backward()  # type: ignore[no-untyped-call]
    assert one.grad is not None
    assert torch.isfinite(one.grad).all(), "a batch of one utterance, whose values do not vary"


def test_the_scale_gives_ratings_back() -> None:
    values = np.random.default_rng(0).uniform(1, 5, size=(50, 3)).astype(np.float32)
    scale = Scale.fitted(values)
    scaled = scale.scaled(values)
    np.testing.assert_allclose(scaled.mean(0), 0, atol=1e-5)
    np.testing.assert_allclose(scaled.std(0), 1, atol=1e-5)
    np.testing.assert_allclose(scale.restored(scaled.astype(np.float64)), values, rtol=1e-5)
    with pytest.raises(SerError, match="dimension 2 of the target has one value in train"):
        Scale.fitted(np.array([[1, 2], [3, 2]], np.float32))


@pytest.mark.parametrize("loss", [None, "ccc", "mse"])
def test_a_network_learns_dimensions_on_the_scale_of_the_ratings(
    tmp_path: Path, tiny: SimpleNamespace, shards: Any, loss: str | None
) -> None:
    data = folded(tmp_path, "dimensions", shards)
    outcome = network.train(task(plain(tiny), tmp_path, loss=loss), data)
    wanted = values_of(data, "test")
    assert mean_ccc(wanted.astype(float), outcome.answers.astype(float)) > 0.8
    assert abs(outcome.answers.mean() - 3) < 0.5, "on the scale of the ratings"
    best = outcome.history[outcome.best_epoch - 1]
    assert best.dev_ccc == max(row.dev_ccc for row in outcome.history if row.dev_ccc is not None)
    assert (best.dev_ua, best.dev_wa, best.test_ua) == (None, None, None)
    assert outcome.train is not None
    assert set(outcome.train) == {"loss", "CCC"}
    np.testing.assert_allclose(outcome.weights["targets.mean"], values_of(data, "train").mean(0), rtol=1e-4)


def test_a_model_with_heads_answers_with_their_mean(tmp_path: Path, shards: Any) -> None:
    class Two(torch.nn.Module):
        def heads(self, batch: Any) -> list[torch.Tensor]:
            return [torch.full((len(batch.frames), 2), value) for value in (1.0, 3.0)]

    data = folded(tmp_path, "dimensions", shards)
    values = predict.scaled_values(Two(), data, "test", 4)
    assert values.shape == (SIZES["test"], 2)
    assert (values == 2).all()
    loss = loop.loss_function(Two(), data, Training(loss="mse"))
    batch = SimpleNamespace(frames=torch.zeros(3, 4, 2))
    assert float(loss(batch, torch.zeros(3, 2))) == pytest.approx(1 + 9)  # type: ignore[arg-type]


def test_a_network_trained_on_shares_is_nearer_to_them_than_one_trained_on_labels(
    tmp_path: Path, tiny: SimpleNamespace, shards: Any
) -> None:
    data = folded(tmp_path, "distribution", shards)
    wanted = values_of(data, "test")
    labels = Protocol.model_validate({"rule": "any", **KINDS["distribution"]})
    known = np.flatnonzero(data.fold.labels >= 0)
    of_labels = replace(
        data.fold,
        protocol=labels,
        targets=None,
        parts=np.where(data.fold.labels < 0, "", data.fold.parts),
    )
    assert known.size < len(data.fold.labels)
    apart = {}
    for name, one in (("shares", data), ("labels", replace(data, fold=of_labels))):
        answers = network.train(task(plain(tiny), tmp_path / name), one).answers
        apart[name] = float(np.abs(answers - wanted).mean())
    assert apart["shares"] < 0.08 < apart["labels"], apart
    unclear = data.fold.labels[data.fold.rows("train")] < 0
    assert unclear.sum() == data.fold.counts()["train"][""] == SIZES["train"] // 5, "they are trained on"


def test_the_dev_loss_of_votes_is_least_for_the_raters_own_shares(tmp_path: Path, shards: Any) -> None:
    class Shares(torch.nn.Module):
        def __init__(self, power: float) -> None:
            super().__init__()
            self.power = power

        def forward(self, batch: Any) -> torch.Tensor:
            x = batch.frames[:, 0, 0]
            return torch.stack([self.power * x, torch.zeros_like(x)], dim=1)

    data = folded(tmp_path, "distribution", shards)
    losses_by = {power: predict.evaluate(Shares(power), data, "dev", 4)[0] for power in (1.0, 2.0, 4.0)}
    assert min(losses_by, key=lambda power: losses_by[power] or 0.0) == 2.0, losses_by


def test_regression_reads_scaled_targets_and_answers_with_ratings(tmp_path: Path, shards: Any) -> None:
    data = folded(tmp_path, "dimensions", shards, modality="vector")
    made = task(support_vector_regression, tmp_path)
    recipe = Recipe(model="support_vector_regression", inputs=Inputs(), options={"c": [0.01, 1.0]})
    outcome = estimator.train(TrainingTask(recipe, support_vector_regression, 0, made.checkpoint), data)
    wanted = values_of(data, "test")
    assert mean_ccc(wanted.astype(float), outcome.answers.astype(float)) > 0.9
    assert outcome.history[0].dev_ccc == outcome.chosen["CCC"]
    assert not outcome.notes or "softmax" not in outcome.notes[0]
    scale = Scale.of_weights({name: value.numpy() for name, value in outcome.weights.items()})
    np.testing.assert_allclose(scale.mean, 3, atol=0.5)


def test_targets_change_the_digest_of_a_fold_and_labels_keep_theirs(tmp_path: Path, shards: Any) -> None:
    data = folded(tmp_path, "dimensions", shards)
    others = np.zeros((len(data.fold.utterances), 2), np.float32)
    assert replace(data.fold, targets=others).digest() != data.fold.digest()
    assert replace(data.fold, targets=None).digest() != data.fold.digest()


def test_folds_of_another_target_are_refused(tmp_path: Path, folds: Any) -> None:
    rows = [(f"u{k}", part, label, "a") for k, (part, label) in enumerate([("train", "happy"), ("train", "sad")])]
    path = folds(tmp_path / "f.parquet", [*rows, ("t", "test", "sad", "a")])
    with pytest.raises(SerError, match="does not have 2 targets; split again"):
        fold.read(path, 0, protocol("distribution").model_copy(update={"selection": "last"}))
