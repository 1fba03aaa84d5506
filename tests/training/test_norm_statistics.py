"""Batch normalisation scores with the statistics of the train part under the weights that are scored."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from ser.config.recipe import View
from ser.layers.interface import Batch
from ser.training import norm_statistics
from ser.training.fold_data import FoldData

RANDOM = np.random.default_rng(2)
ROWS = [
    (f"{part}{k:03d}", part, ("angry", "sad")[k % 2], part)
    for part, count in (("train", 90), ("dev", 8), ("test", 8))
    for k in range(count)
]
MATRICES = {name: RANDOM.normal(4.0, 3.0, (6, 2)).astype(np.float32) for name, *_ in ROWS}


class Normalised(nn.Module):
    """Dropout, one batch normalisation over the frames, the mean over time."""

    def __init__(self) -> None:
        super().__init__()
        self.dropout, self.norm = nn.Dropout(0.5), nn.BatchNorm1d(2)

    def forward(self, batch: Batch) -> Tensor:
        return self.norm(self.dropout(batch.frames).transpose(1, 2)).mean(2)


@pytest.fixture
def data(loaded: Callable[..., FoldData]) -> FoldData:
    return loaded(ROWS, MATRICES, View(feature="f", length=6))


def test_statistics_are_those_of_the_train_part_without_dropout(data: FoldData) -> None:
    model = Normalised()
    model.norm.running_mean.fill_(99.0)
    norm_statistics.reestimate(model, data, 30)
    train = np.concatenate([MATRICES[name] for name, part, *_ in ROWS if part == "train"])
    np.testing.assert_allclose(model.norm.running_mean, train.mean(0), rtol=1e-5)
    np.testing.assert_allclose(model.norm.running_var, train.var(0), rtol=0.03)  # means of batches differ a little
    assert model.norm.momentum == 0.1
    before = model.norm.running_mean.clone(), torch.get_rng_state()
    norm_statistics.reestimate(model, data, 30)
    assert torch.equal(before[0], model.norm.running_mean), "the same batches every time"
    assert torch.equal(before[1], torch.get_rng_state()), "a resumed training draws the same numbers"


def test_a_large_train_part_is_sampled(data: FoldData, monkeypatch: pytest.MonkeyPatch) -> None:
    model = Normalised()
    monkeypatch.setattr(norm_statistics, "MOST", 2)
    norm_statistics.reestimate(model, data, 30)
    assert int(model.norm.num_batches_tracked) == 2


def test_a_model_without_batch_normalisation_is_left_alone(data: FoldData) -> None:
    model = nn.LayerNorm(2)
    norm_statistics.reestimate(model, data, 30)
    assert model.training
