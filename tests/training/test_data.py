"""Shards become one array: the asked utterances, in the asked order, as stored."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from ser.errors import SerError
from ser.training import data

RANDOM = np.random.default_rng(0)
MATRICES = {f"u{k}": RANDOM.normal(size=(k + 1, 2)).astype(np.float16) for k in range(7)}


def test_only_what_is_asked_for_in_the_order_asked(tmp_path: Path, shards: Callable[..., Path]) -> None:
    loaded = data.load("f", shards(tmp_path, MATRICES), ["u6", "u0", "u3"])
    assert loaded.values.dtype == np.float16
    assert loaded.offsets.tolist() == [0, 7, 8, 12]
    for row, name in enumerate(("u6", "u0", "u3")):
        assert np.array_equal(loaded.of(row), MATRICES[name].astype(np.float32))
    assert loaded.notes["code"] == "abc"


def test_the_digest_sees_values_and_not_shards(tmp_path: Path, shards: Callable[..., Path]) -> None:
    names = sorted(MATRICES)
    one = data.load("f", shards(tmp_path / "a", MATRICES, 3), names)
    two = data.load("f", shards(tmp_path / "b", MATRICES, 2), names)
    changed = MATRICES | {"u5": MATRICES["u5"] + np.float16(1)}
    three = data.load("f", shards(tmp_path / "c", changed), names)
    assert one.digest == two.digest != three.digest


def test_float32_stays_float32(tmp_path: Path, shards: Callable[..., Path]) -> None:
    wide = {"a": np.full((2, 3), 1e9, np.float32)}
    loaded = data.load("f", shards(tmp_path, wide), ["a"])
    assert loaded.values.dtype == np.float32
    assert (loaded.values == 1e9).all()


def test_missing_utterances_are_named(tmp_path: Path, shards: Callable[..., Path]) -> None:
    with pytest.raises(SerError, match="lacks 2 utterances of the fold: x1, x2"):
        data.load("f", shards(tmp_path, MATRICES), ["u1", "x1", "x2"])


def test_an_empty_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SerError, match="no shard"):
        data.load("f", tmp_path, ["u1"])


def test_a_torn_shard_is_an_error(tmp_path: Path, shards: Callable[..., Path]) -> None:
    folder = shards(tmp_path, MATRICES)
    shard = folder / "1.parquet"
    shard.write_bytes(shard.read_bytes()[:-20])
    with pytest.raises(SerError, match=r"1\.parquet is damaged"):
        data.load("f", folder, ["u0"])


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
        data.load("f", shards(tmp_path, MATRICES | {"u6": matrix}), sorted(MATRICES))


def test_an_utterance_in_two_shards_is_an_error(tmp_path: Path, shards: Callable[..., Path]) -> None:
    folder = shards(tmp_path, MATRICES)
    (folder / "9.parquet").write_bytes((folder / "0.parquet").read_bytes())
    with pytest.raises(SerError, match="two shards: u0, u1, u2"):
        data.load("f", folder, ["u0", "u1", "u2"])


def test_a_shard_left_over_from_a_larger_corpus_is_not_read(tmp_path: Path, shards: Callable[..., Path]) -> None:
    folder = shards(tmp_path, MATRICES)
    (folder / "1.parquet").write_bytes((folder / "0.parquet").read_bytes())
    assert len(data.load("f", folder, ["u0"], 1).values) == len(MATRICES["u0"])
    with pytest.raises(SerError, match="two shards"):
        data.load("f", folder, ["u0"])
