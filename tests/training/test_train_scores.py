"""The scores of the final weights on the train part, by which the report tells what has not learned anything."""

import math
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from torch import Tensor, nn

from ser.config.recipe import Inputs, Recipe, Training, View
from ser.files.checkpoints import CheckpointFile
from ser.layers.interface import Batch
from ser.training import network
from ser.training.fold_data import FoldData
from ser.training.task import Outcome, TrainingTask

ROWS = [
    (f"{part}{k}", part, ("angry", "sad")[k % 2], part)
    for part, count in (("train", 16), ("dev", 4), ("test", 4))
    for k in range(count)
]
MATRICES = {name: np.full((5, 2), 3.0 if label == "angry" else -3.0, np.float32) for name, _, label, _ in ROWS}


class Level(nn.Module):
    """A linear layer over the mean frame, at first without a preference."""

    def __init__(self, *_: object, **__: object) -> None:
        super().__init__()
        self.output = nn.Linear(2, 2)
        nn.init.zeros_(self.output.weight)
        nn.init.zeros_(self.output.bias)

    def forward(self, batch: Batch) -> Tensor:
        out: Tensor = self.output(batch.frames.mean(1))
        return out

    def summary(self, batch: Batch) -> Tensor:
        return self(batch)


class Identity:
    """A back end that takes the network's logits as they are."""

    def fit(self, *_: object) -> list[str]:
        return []

    def scores(self, vectors: np.ndarray) -> np.ndarray:
        return vectors

    def weights(self) -> dict[str, np.ndarray]:
        return {}


@pytest.fixture
def train(loaded: Callable[..., FoldData], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Outcome]:
    monkeypatch.chdir(tmp_path)
    data = loaded(ROWS, MATRICES, View(feature="f", length=5))

    def run(rate: float, **module: object) -> Outcome:
        recipe = Recipe(model="m", inputs=Inputs(), training=Training(batch=4, epochs=5, learning_rate=rate))
        task = TrainingTask(recipe, SimpleNamespace(build=Level, **module), 0, CheckpointFile(Path(f"rate {rate}")))  # type: ignore[arg-type]
        return network.train(task, data)

    return run


def test_a_network_that_learned_has_a_small_loss_and_one_at_rest_that_of_a_constant_answer(
    train: Callable[..., Outcome],
) -> None:
    learned, still = train(0.3).train or {}, train(1e-9).train or {}
    assert learned["WA"] == learned["UA"] == 1.0
    assert learned["loss"] < 0.1 * math.log(2)  # type: ignore[operator]
    assert still["loss"] == pytest.approx(math.log(2), rel=1e-4)


def test_the_network_of_a_back_end_is_not_the_system(train: Callable[..., Outcome]) -> None:
    assert train(0.3, back_end=lambda *_, **__: Identity()).train is None
