"""A fold that is read from a mapped file gives the results of one in memory, bit for bit."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import torch
from safetensors.torch import load_file

from ser.config.recipe import Inputs, Recipe, View
from ser.config.schema import Protocol
from ser.layers.interface import Batch
from ser.layout import Run
from ser.stages import train as stage
from ser.stages.train import TrainJob, train
from ser.tables import contracts
from ser.training import feature_input, feature_shards, fold_data
from ser.training.feature_input import FeatureInput
from ser.training.fold import read

RANDOM = np.random.default_rng(3)
LABELS = ("angry", "happy", "sad")
ROWS = [
    (f"{part}{k:02d}", part, LABELS[k % 3], f"{part}{k % 2}")
    for part, count in (("train", 18), ("dev", 6), ("test", 6))
    for k in range(count)
]
LSTM = {"model": "frame_lstm", "options": {"cells": 4, "layers": 1}}
CRNN = {"model": "hsf_crnn", "options": {"statistics": [6], "channels": [2], "kernels": [3], "cells": 3, "dense": 5}}
SVM = {"model": "linear_svm", "options": {"c": [0.1, 1.0]}}
SEGMENTS = {"frames": 6, "train_hop": 3, "test_hop": 2}
FRAMES = {"feature": "frames", "normalise": "statistics"}
VECTOR = {"feature": "vector", "normalise": "statistics"}
KINDS = {
    "whole": ("train", LSTM, {"frames": FRAMES | {"scale": "log", "floor_db": 40.0}}),
    "whole, per utterance": ("train", LSTM, {"frames": FRAMES | {"normalise": "utterance"}}),
    "whole, one mean per utterance": ("train", LSTM, {"frames": FRAMES | {"normalise": "utterance_global"}}),
    "whole, per speaker": ("speaker", LSTM, {"frames": FRAMES}),
    "segments": ("train", LSTM, {"frames": FRAMES | {"segments": SEGMENTS, "limit": 14}}),
    "segments, per speaker": ("speaker", LSTM, {"frames": FRAMES | {"segments": SEGMENTS}}),
    "fixed length and vectors": ("train", CRNN, {"frames": FRAMES | {"length": 8}, "vector": VECTOR}),
    "vectors": ("train", SVM, {"vector": VECTOR}),
    "vectors, per speaker": ("speaker", SVM, {"vector": VECTOR}),
}


def gamma(*shape: int) -> np.ndarray:
    return RANDOM.gamma(2.0, 3.0, size=shape)


@pytest.fixture
def features(tmp_path: Path, shards: Callable[..., Path]) -> dict[str, Path]:
    lengths = {name: int(RANDOM.integers(4, 20)) for name, *_ in ROWS}
    frames = {name: gamma(count, 5).astype(np.float16) for name, count in lengths.items()}
    vectors = {name: gamma(1, 7).astype(np.float32) for name in lengths}
    return {"frames": shards(tmp_path / "frames", frames, 7), "vector": shards(tmp_path / "vector", vectors, 11)}


@pytest.fixture
def trained(tmp_path: Path, features: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Train a kind with a choice of ``fold_data`` and return the folder of the run."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(stage, "expect", lambda *_, **__: None)

    def run(kind: str, choice: str) -> Path:
        scope, model, inputs = KINDS[kind]
        stated = {"rule": "any", "labels": "all", "normalisation": scope, "selection": "dev_loss"}
        protocol = Protocol.model_validate(stated if model is not SVM else stated | {"selection": "dev_ua"})
        training = {"batch": 5, "epochs": 3, "learning_rate": 0.01}
        recipe = Recipe.model_validate({**model, "inputs": inputs, "training": training})
        table = [dict(zip(("utterance", "part", "label", "speaker"), row, strict=True), fold=0) for row in ROWS]
        rows = pa.Table.from_pylist(table, schema=contracts.FOLDS.schema)
        contracts.write(contracts.FOLDS, rows, tmp_path / "folds.parquet", {"protocol": protocol.model_dump_json()})
        job = {"recipe": recipe, "folds": tmp_path / "folds.parquet", "features": features, "fold_data": choice}
        named = Run("toy", "p", "s", 1, 0)._asdict()
        out = tmp_path / choice
        train(TrainJob.model_validate({**named, **job, "out": out, "device": "cpu", "code": "c"}))
        return out

    return run


@pytest.mark.parametrize("kind", KINDS)
def test_predictions_and_weights_are_equal_to_the_bit(kind: str, trained: Callable[..., Path]) -> None:
    memory, mapped = trained(kind, "memory"), trained(kind, "mapped")
    assert (memory / "predictions.parquet").read_bytes() == (mapped / "predictions.parquet").read_bytes()
    weights = [load_file(out / "model.safetensors") for out in (memory, mapped)]
    assert weights[0].keys() == weights[1].keys()
    assert all(torch.equal(value, weights[1][name]) for name, value in weights[0].items())
    cards = [json.loads((out / "run.json").read_text()) for out in (memory, mapped)]
    read_of = [view["feature"] for view in KINDS[kind][2].values()]
    assert [card["mapped"] for card in cards] == [[], read_of]
    assert cards[0]["data"] == cards[1]["data"], "a checkpoint of one is a checkpoint of the other"


def test_a_feature_is_mapped_where_it_is_larger_and_its_file_is_shared(features: dict[str, Path]) -> None:
    names = sorted(name for name, *_ in ROWS)
    held = feature_shards.read("frames", features["frames"], names)
    just = feature_shards.read("frames", features["frames"], names, largest=held.values.nbytes)
    above = feature_shards.read("frames", features["frames"], names, largest=held.values.nbytes - 1)
    again = feature_shards.read("frames", features["frames"], names, largest=0)
    assert just.pages is None
    assert above.pages is not None
    assert again.pages is not None
    for one in (above, again):
        assert (one.values.dtype, one.values.shape) == (held.values.dtype, held.values.shape)
        assert all(np.array_equal(matrix, held[row]) for row, matrix in enumerate(one))
    assert len(list(features["frames"].glob("mapped/*.values"))) == 1
    feature_shards.read("frames", features["frames"], names[1:], largest=0)
    assert len(list(features["frames"].glob("mapped/*.values"))) == 2, "other utterances, another file"


def test_changed_shards_have_another_file_and_the_old_one_is_removed(
    features: dict[str, Path], shards: Callable[..., Path]
) -> None:
    names, folder = ["train00", "train01"], features["frames"]
    old = feature_shards.read("frames", folder, names, largest=0)
    kept = old.values.copy()
    for path in folder.glob("*.parquet"):
        path.unlink()
    shards(folder, {name: gamma(3, 5).astype(np.float16) for name in names})
    new = feature_shards.read("frames", folder, names, largest=0)
    assert new.values.shape == (6, 5)
    assert len(list(folder.glob("mapped/*.values"))) == 1
    assert np.array_equal(old.values, kept), "a training that reads the old file keeps it"


def test_values_on_the_host_reach_the_device_batch_by_batch(
    features: dict[str, Path], tmp_path: Path, folds: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Torch's device ``meta``, which has shapes and no numbers, takes the place of a GPU that is too small."""
    protocol = Protocol.model_validate({"rule": "any", "labels": "all", "selection": "last"})
    fold = read(folds(tmp_path / "folds.parquet", ROWS), 0, protocol)
    monkeypatch.setattr(feature_input, "room", lambda _: 0.0)
    wanted = Inputs(frames=View.model_validate(FRAMES), vector=View.model_validate(VECTOR))
    data = fold_data.load(fold, wanted, features, device=torch.device("meta"), seed=0)
    assert {one.values.device.type for one in data.features.values()} == {"cpu"}
    assert all(isinstance(one, FeatureInput) and one.floors.device.type == "meta" for one in data.features.values())
    batches: list[tuple[Batch, torch.Tensor]] = list(data.batches(data.examples("train"), [np.arange(4), np.arange(9)]))
    for (batch, labels), size in zip(batches, (4, 9), strict=True):
        assert batch.frames is not None
        assert batch.mask is not None
        assert batch.vector is not None
        assert {part.device.type for part in (batch.frames, batch.mask, batch.vector, labels)} == {"meta"}
        assert (len(batch.frames), batch.vector.shape) == (size, (size, 7))


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device on this machine")
def test_a_gpu_gets_the_same_batches_from_the_host_and_from_a_mapped_file(
    features: dict[str, Path], tmp_path: Path, folds: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    protocol = Protocol.model_validate({"rule": "any", "labels": "all", "selection": "last"})
    fold, cuda = read(folds(tmp_path / "folds.parquet", ROWS), 0, protocol), torch.device("cuda")
    wanted = Inputs(frames=View.model_validate(FRAMES), vector=View.model_validate(VECTOR))
    mapped = fold_data.load(fold, wanted, features, device=cuda, seed=0, largest=0)
    held = fold_data.load(fold, wanted, features, device=cuda, seed=0)
    monkeypatch.setattr(feature_input, "room", lambda _: 0.0)
    host = fold_data.load(fold, wanted, features, device=cuda, seed=0)
    assert [data.features["frames"].values.device.type for data in (held, host, mapped)] == ["cuda", "cpu", "cpu"]
    order = [np.arange(4), np.arange(9)]
    every = [list(data.batches(data.examples("train"), order)) for data in (held, host, mapped)]
    for batches in every[1:]:
        for (one, labels), (other, others) in zip(every[0], batches, strict=True):
            assert torch.equal(labels, others)
            for name in ("frames", "mask", "vector"):
                assert torch.equal(getattr(one, name), getattr(other, name))
