"""Small folds and feature shards on disk, and networks small enough to train in a test."""

from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pytest
import torch
from torch import Tensor, nn

from ser.config.recipe import Inputs, View
from ser.config.schema import Protocol
from ser.layers.interface import Batch, Shape
from ser.tables import contracts
from ser.training import fold, fold_data
from ser.training.fold_data import FoldData

Row = tuple[str, str, str, str | None]  # utterance, part, label, speaker


class Pooled(nn.Module):
    """Mean of the real frames, joined with the vector, then a hidden layer with dropout."""

    def __init__(self, shape: Shape, classes: int, dropout: float) -> None:
        super().__init__()
        self.hidden = nn.Linear((shape.frames or 0) + (shape.vector or 0), 8)
        self.norm = nn.LayerNorm(8)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(8, classes)

    def forward(self, batch: Batch) -> Tensor:
        parts = []
        if batch.frames is not None and batch.mask is not None:
            parts.append(batch.frames.sum(1) / batch.mask.sum(1, keepdim=True))
        if batch.vector is not None:
            parts.append(batch.vector)
        out: Tensor = self.head(self.dropout(torch.tanh(self.norm(self.hidden(torch.cat(parts, 1))))))
        return out


@pytest.fixture(autouse=True, scope="session")
def _one_thread() -> None:
    torch.set_num_threads(1)  # tests run side by side


@pytest.fixture
def tiny() -> SimpleNamespace:
    """A module like those in ser/models."""
    return SimpleNamespace(
        build=lambda shape, classes, dropout=0.5, **_: Pooled(shape, classes, dropout),
    )


@pytest.fixture
def shards() -> Callable[..., Path]:
    return write_shards


@pytest.fixture
def folds() -> Callable[..., Path]:
    return write_folds


@pytest.fixture
def loaded(tmp_path: Path) -> Callable[..., FoldData]:
    """Write rows and matrices, and load them under a view as the frames of a fold."""

    def load(rows: list[Row], matrices: Mapping[str, np.ndarray], view: View, normalisation: str = "train") -> FoldData:
        features = {view.feature: write_shards(tmp_path / view.feature, matrices)}
        read = fold.read(write_folds(tmp_path / "folds.parquet", rows), 0, rule(normalisation))
        return fold_data.load(read, Inputs(frames=view), features, device=torch.device("cpu"), seed=0)

    return load


def rule(normalisation: str = "train", selection: str = "last") -> Protocol:
    stated = {"title": "", "rule": "any", "labels": "all", "normalisation": normalisation, "selection": selection}
    return Protocol.model_validate(stated)


def write_shards(folder: Path, matrices: Mapping[str, np.ndarray], size: int = 3) -> Path:
    names = sorted(matrices)
    for shard, first in enumerate(range(0, len(names), size)):
        rows = [
            {
                "utterance": name,
                "frames": len(matrices[name]),
                "dims": matrices[name].shape[1],
                "dtype": str(matrices[name].dtype),
                "matrix": matrices[name].tobytes(),
            }
            for name in names[first : first + size]
        ]
        table = pa.Table.from_pylist(rows, schema=contracts.FEATURES.schema)
        contracts.write(contracts.FEATURES, table, folder / f"{shard}.parquet", {"code": "abc", "hop": "0.01"})
    return folder


def write_folds(path: Path, rows: list[Row]) -> Path:
    named = [dict(zip(("utterance", "part", "label", "speaker"), row, strict=True), fold=0) for row in rows]
    contracts.write(contracts.FOLDS, pa.Table.from_pylist(named, schema=contracts.FOLDS.schema), path)
    return path
