"""Shards become one array: the asked utterances, in the asked order, as stored."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from ser.config.recipe import View
from ser.config.schema import Protocol
from ser.errors import SerError
from ser.tables import contracts, parquet
from ser.training import feature_input, feature_shards
from ser.training.fold import Fold

RANDOM = np.random.default_rng(0)
PROTOCOL = Protocol(rule="any", labels="all")
MATRICES = {f"u{k}": RANDOM.normal(size=(k + 1, 2)).astype(np.float16) for k in range(7)}


def test_only_what_is_asked_for_in_the_order_asked(tmp_path: Path, shards: Callable[..., Path]) -> None:
    found = feature_shards.read("f", shards(tmp_path, MATRICES), ["u6", "u0", "u3"])
    assert found.values.dtype == np.float16
    assert found.offsets.tolist() == [0, 7, 8, 12]
    assert [len(matrix) for matrix in found] == [7, 1, 4]
    for row, name in enumerate(("u6", "u0", "u3")):
        assert np.array_equal(found[row], MATRICES[name])
    assert found.notes["code"] == "abc"


def test_the_digest_depends_on_values_and_not_on_shards(tmp_path: Path, shards: Callable[..., Path]) -> None:
    names = tuple(sorted(MATRICES))
    fold = Fold(names, names, np.array(["train"] * 7), np.zeros(7, np.int64), ("sad",), PROTOCOL, {}, 1)
    changed = MATRICES | {"u5": MATRICES["u5"] + np.float16(1)}
    folders = shards(tmp_path / "a", MATRICES, 3), shards(tmp_path / "b", MATRICES, 2), shards(tmp_path / "c", changed)
    view, cpu = View(feature="f"), torch.device("cpu")
    one, two, three = (feature_input.load(view, "frames", folder, fold, cpu).digest for folder in folders)
    assert one == two != three


def test_a_shard_is_read_in_row_groups(
    tmp_path: Path, shards: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parquet, "ROW_GROUP", 2)
    folder = shards(tmp_path, MATRICES, 7)
    groups = [
        table["utterance"].to_pylist() for table in contracts.row_groups(contracts.FEATURES, folder / "0.parquet")
    ]
    assert groups == [["u0", "u1"], ["u2", "u3"], ["u4", "u5"], ["u6"]]
    found = feature_shards.read("f", folder, list(MATRICES))
    assert all(np.array_equal(matrix, MATRICES[name]) for matrix, name in zip(found, MATRICES, strict=True))


def test_float32_stays_float32(tmp_path: Path, shards: Callable[..., Path]) -> None:
    wide = {"a": np.full((2, 3), 1e9, np.float32)}
    loaded = feature_shards.read("f", shards(tmp_path, wide), ["a"]).values
    assert loaded.dtype == np.float32
    assert (loaded == 1e9).all()


def test_missing_utterances_are_named(tmp_path: Path, shards: Callable[..., Path]) -> None:
    with pytest.raises(SerError, match="lacks 2 utterances of the fold: x1, x2"):
        feature_shards.read("f", shards(tmp_path, MATRICES), ["u1", "x1", "x2"])


def test_an_empty_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SerError, match="no shard"):
        feature_shards.read("f", tmp_path, ["u1"])


def test_a_torn_shard_is_an_error(tmp_path: Path, shards: Callable[..., Path]) -> None:
    folder = shards(tmp_path, MATRICES)
    shard = folder / "1.parquet"
    shard.write_bytes(shard.read_bytes()[:-20])
    with pytest.raises(SerError, match=r"1\.parquet is damaged"):
        feature_shards.read("f", folder, ["u0"])


@pytest.mark.parametrize(
    ("matrix", "message"),
    [
        (np.ones((2, 3), np.float16), "number of dimensions differs"),
        (np.full((2, 2), np.nan, np.float16), "not finite in u6"),
        (np.ones((2, 2), np.int16), "'dtype' holds int16"),
    ],
)
def test_unfit_matrices_are_refused(
    matrix: np.ndarray, message: str, tmp_path: Path, shards: Callable[..., Path]
) -> None:
    with pytest.raises(SerError, match=message):
        feature_shards.read("f", shards(tmp_path, MATRICES | {"u6": matrix}), sorted(MATRICES))


def test_an_utterance_in_two_shards_is_an_error(tmp_path: Path, shards: Callable[..., Path]) -> None:
    folder = shards(tmp_path, MATRICES)
    (folder / "9.parquet").write_bytes((folder / "0.parquet").read_bytes())
    with pytest.raises(SerError, match="two shards: u0, u1, u2"):
        feature_shards.read("f", folder, ["u0", "u1", "u2"])


def test_a_shard_left_over_from_a_larger_corpus_is_not_read(tmp_path: Path, shards: Callable[..., Path]) -> None:
    folder = shards(tmp_path, MATRICES)
    (folder / "1.parquet").write_bytes((folder / "0.parquet").read_bytes())
    assert len(feature_shards.read("f", folder, ["u0"], 1)[0]) == len(MATRICES["u0"])
    with pytest.raises(SerError, match="two shards"):
        feature_shards.read("f", folder, ["u0"])
