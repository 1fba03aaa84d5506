"""The index of a feature changes when and only when one of its shards does."""

import json
from pathlib import Path

import pyarrow as pa
import pytest

from ser.errors import SerError
from ser.files.embedded_checksum import verify
from ser.stages.index import IndexJob, index
from ser.tables import contracts


def shard(path: Path, *utterances: str, value: bytes = b"\0\0") -> None:
    columns = [list(utterances), *([[1] * len(utterances)] * 2), ["float16"] * len(utterances)]
    rows = pa.table([*columns, [value] * len(utterances)], schema=contracts.FEATURES.schema)
    contracts.write(contracts.FEATURES, rows, path, {"feature": "mine"})


def test_an_index_counts_and_checks_every_shard(tmp_path: Path) -> None:
    shard(tmp_path / "0.parquet", "a", "b")
    shard(tmp_path / "1.parquet", "c")
    shard(tmp_path / "2.parquet", "of a larger corpus that was there before")
    index(IndexJob(folder=tmp_path, shards=2, out=tmp_path / "index.json"))
    found = json.loads((tmp_path / "index.json").read_text())
    assert found["utterances"] == 3
    assert [(entry["file"], entry["utterances"]) for entry in found["shards"]] == [("0.parquet", 2), ("1.parquet", 1)]
    assert found["shards"][1]["checksum"] == verify(tmp_path / "1.parquet") != ""


def test_shards_written_again_alike_give_the_same_index_and_another_value_gives_another(tmp_path: Path) -> None:
    texts = []
    for value in (b"\0\0", b"\0\0", b"\0\1"):
        shard(tmp_path / "0.parquet", "a", value=value)
        index(IndexJob(folder=tmp_path, shards=1, out=tmp_path / "index.json"))
        texts.append((tmp_path / "index.json").read_text())
    assert texts[0] == texts[1] != texts[2]


def test_missing_and_torn_shards_are_named(tmp_path: Path) -> None:
    shard(tmp_path / "0.parquet", "a")
    with pytest.raises(SerError, match=r"1\.parquet, 2\.parquet of 3 shards are missing"):
        index(IndexJob(folder=tmp_path, shards=3, out=tmp_path / "index.json"))
    (tmp_path / "1.parquet").write_bytes(b"PAR1")
    with pytest.raises(SerError, match=r"1\.parquet cannot be read as Parquet"):
        index(IndexJob(folder=tmp_path, shards=2, out=tmp_path / "index.json"))
    shard(tmp_path / "1.parquet", "b")
    content = bytearray((tmp_path / "1.parquet").read_bytes())
    content[20] ^= 1
    (tmp_path / "1.parquet").write_bytes(content)
    with pytest.raises(SerError, match=r"1\.parquet is damaged"):
        index(IndexJob(folder=tmp_path, shards=2, out=tmp_path / "index.json"))
    assert not (tmp_path / "index.json").exists()
