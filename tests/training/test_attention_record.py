"""What is recorded of a network's attention after training: of which utterances, which weights, at which seconds."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pytest
import torch
from torch import Tensor, nn

from ser import catalog
from ser.config import read
from ser.config.recipe import Recipe, View
from ser.errors import SerError
from ser.files.checkpoints import CheckpointFile
from ser.layers.interface import FRAMES, WORDS, AttentionWeights, Batch, Positions, Shape
from ser.tables import contracts
from ser.training import attention_record, network
from ser.training.fold_data import FoldData
from ser.training.task import TrainingTask

RECIPES: dict[str, Recipe] = read.shipped(Path(__file__).parents[2] / "config")[1]
HOP = 0.01


class Planted(nn.Module):
    """Weighs each frame by its first value, which is known, and answers by the weighted mean."""

    def __init__(self, shape: Shape, classes: int) -> None:
        super().__init__()
        self.output = nn.Linear(shape.frames or 0, classes)

    def forward(self, batch: Batch) -> Tensor:
        assert batch.frames is not None
        out: Tensor = self.output((self.weights(batch).unsqueeze(2) * batch.frames).sum(1))
        return out

    def weights(self, batch: Batch) -> Tensor:
        assert batch.frames is not None
        assert batch.mask is not None
        first = batch.frames[..., 0] * batch.mask
        return first / first.sum(1, keepdim=True)


class Reporting(Planted):
    """The same network, which also reports its attention."""

    def attention_weights(self, batch: Batch) -> dict[str, AttentionWeights]:
        assert not self.training
        assert not torch.is_grad_enabled()
        return {
            "planted": AttentionWeights(self.weights(batch), FRAMES),
            "even": AttentionWeights(torch.full((1, 2), 0.5), WORDS),
        }


def utterances(counts: dict[str, int]) -> dict[str, np.ndarray]:
    """Return frames (count, 2) whose first column is 1, 2, 3, …"""
    draw = np.random.default_rng(0)
    return {
        name: np.column_stack([np.arange(1, count + 1), draw.normal(size=count)]).astype(np.float32)
        for name, count in counts.items()
    }


ROWS = [
    (f"{part}{k}", part, "angry" if k % 3 else "sad", "s") for part, n in (("train", 6), ("test", 7)) for k in range(n)
]
COUNTS = {name: 4 + number for number, (name, *_) in enumerate(ROWS)}


def test_the_first_utterances_of_every_class_alternate(loaded: Callable[..., FoldData]) -> None:
    fold = loaded(ROWS, utterances(COUNTS), View(feature="f")).fold
    names = [fold.utterances[row] for row in attention_record.recorded_utterances(fold)]
    assert fold.classes == ("angry", "sad")
    assert names == ["test1", "test0", "test2", "test3"]  # sad are test0, test3, test6


def test_a_class_without_test_utterances_is_skipped(loaded: Callable[..., FoldData]) -> None:
    fold = loaded(ROWS, utterances(COUNTS), View(feature="f")).fold
    fold = replace(fold, labels=np.where(fold.parts == "test", 0, fold.labels))
    assert [fold.utterances[row] for row in attention_record.recorded_utterances(fold)] == [
        "test0",
        "test1",
        "test2",
        "test3",
    ]
    few = replace(fold, parts=np.where(np.array(fold.utterances) == "test4", "test", "train"))
    assert [few.utterances[row] for row in attention_record.recorded_utterances(few)] == ["test4"]


def test_known_weights_are_kept_as_they_are(loaded: Callable[..., FoldData]) -> None:
    data = loaded(ROWS, utterances(COUNTS), View(feature="f"))
    records = attention_record.record(Reporting(data.shape, 2).train(), data)
    assert [one["attention"] for one in records] == ["planted", "even"] * 4
    for one in records[::2]:
        count = COUNTS[one["utterance"]]
        ramp = np.arange(1, count + 1)
        np.testing.assert_allclose(one["weights"], ramp / ramp.sum(), rtol=1e-6)
        assert one["weights"].dtype == np.float32
    assert attention_record.record(Planted(data.shape, 2), data) == []


def test_of_an_utterance_in_segments_it_is_the_first(loaded: Callable[..., FoldData]) -> None:
    view = View.model_validate({"feature": "f", "segments": {"frames": 4, "train_hop": 2, "test_hop": 1}})
    data = loaded(ROWS, utterances(COUNTS), view)
    for one in attention_record.record(Reporting(data.shape, 2), data)[::2]:
        np.testing.assert_allclose(one["weights"], np.array([1, 2, 3, 4]) / 10, rtol=1e-6)


def test_recording_changes_neither_weights_nor_predictions(
    loaded: Callable[..., FoldData], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    data = loaded(ROWS, utterances(COUNTS), View(feature="f"))
    recipe = Recipe.model_validate(
        {"model": "m", "inputs": {"frames": {"feature": "f"}}, "training": {"epochs": 3, "batch": 2}}
    )
    plain, recorded = (
        network.train(TrainingTask(recipe, SimpleNamespace(build=kind), 1, CheckpointFile(tmp_path / name)), data)  # type: ignore[arg-type]
        for name, kind in (("plain", Planted), ("recorded", Reporting))
    )
    assert len(recorded.attention) == 8
    assert plain.attention == []
    assert np.array_equal(plain.answers, recorded.answers)
    assert all(torch.equal(value, recorded.weights[name]) for name, value in plain.weights.items())


def seconds(positions: Positions, count: int = 3) -> list[float]:
    """Return where the positions lie according to the table."""
    start, step = attention_record.middles(positions, HOP)
    return [start + step * position for position in range(count)]


@pytest.mark.parametrize(
    ("system", "middles"),
    [
        ("C-pFSMN-A", [-0.025, 0.015, 0.055]),  # rows −3, 1, 5: by the first layer 2p − 1, by the second 2 (2p − 1) − 1
        ("DenseLSTM-Time", [0.005, 0.015, 0.025]),  # rows 0, 1, 2
        ("CNN_TF_Att.pooling", [0.025, 0.065, 0.105]),  # rows 2, 6, 10: p + ½, then twice the middle of 2p and 2p + 1
    ],
)
def test_the_time_axis_of_shipped_systems(system: str, middles: list[float]) -> None:
    recipe = RECIPES[system]
    view = recipe.inputs.frames
    assert view is not None
    length = view.length or (view.segments.frames if view.segments else None)
    model = catalog.load("models", recipe.model).build(Shape(40, length), 4, **recipe.options).eval()
    frames = torch.randn(1, length or 50, 40)
    with torch.inference_mode():
        for one in model.attention_weights(Batch(frames, torch.ones(frames.shape[:2], dtype=torch.bool))).values():
            np.testing.assert_allclose(seconds(one.positions), middles, atol=1e-12)


def test_words_are_counted_from_one() -> None:
    assert seconds(WORDS) == [1, 2, 3]
    assert seconds(WORDS.through(2)) == [1.5, 2.5, 3.5]  # between the first and the second word


def test_the_rows_survive_the_file_and_no_row_is_legal(loaded: Callable[..., FoldData], tmp_path: Path) -> None:
    data = loaded(ROWS, utterances(COUNTS), View(feature="f"))
    records = attention_record.record(Reporting(data.shape, 2), data)
    for number, some in enumerate((records, [])):
        path = tmp_path / f"{number}.parquet"
        table = pa.Table.from_pylist(some, schema=contracts.ATTENTION.schema)
        contracts.write(contracts.ATTENTION, table, path)
        rows = contracts.read(contracts.ATTENTION, path).to_pylist()
        assert [row | {"weights": None} for row in rows] == [one | {"weights": None} for one in some]
        assert [row["weights"] for row in rows] == [one["weights"].tolist() for one in some]
        assert {row["axis"] for row in rows} <= {"frames", "words"}


def test_an_attention_over_frames_without_seconds_is_an_error_and_over_words_is_not() -> None:
    assert attention_record.middles(WORDS, None) == (1, 1)
    with pytest.raises(SerError, match="seconds"):
        attention_record.middles(FRAMES, None)


@pytest.mark.parametrize(
    ("column", "value", "message"), [("axis", "bands", "bands"), ("step", 0.0, "above 0"), ("weights", None, "empty")]
)
def test_the_contract_refuses(tmp_path: Path, column: str, value: object, message: str) -> None:
    row = {"utterance": "u", "attention": "a", "axis": "frames", "start": 0.0, "step": 0.04, "weights": [1.0]}
    table = pa.Table.from_pylist([row | {column: value}], schema=contracts.ATTENTION.schema)
    with pytest.raises(SerError, match=message):
        contracts.write(contracts.ATTENTION, table, tmp_path / "attention.parquet")
