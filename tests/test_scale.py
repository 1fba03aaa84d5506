"""What grows with a corpus grows in proportion: rows, reads and comparisons are counted, never seconds."""

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ser.config.schema import Protocol
from ser.corpus import Utterance
from ser.errors import SerError
from ser.evaluation import duplicates, leakage, overlap
from ser.files import embedded_checksum
from ser.preparation.row_faults import exclude
from ser.tables import contracts
from ser.tables.parquet import PLAIN_ROW_GROUP
from ser.training import fold

GROUPS = 4


def destroy(path: Path, *, keep: int, columns: tuple[str, ...]) -> None:
    """Overwrite ``columns`` in every row group but ``keep``: whoever reads one of those fails."""
    content = bytearray(path.read_bytes())
    layout = pq.read_metadata(path)
    for number in set(range(layout.num_row_groups)) - {keep}:
        chunks = (layout.row_group(number).column(column) for column in range(layout.num_columns))
        for chunk in (chunk for chunk in chunks if chunk.path_in_schema in columns):
            start = chunk.dictionary_page_offset or chunk.data_page_offset
            content[start : start + chunk.total_compressed_size] = b"\xff" * chunk.total_compressed_size
    path.write_bytes(content)
    embedded_checksum.fill(path)  # as if it had been written so: the checksum is over all bytes, whichever are decoded


def test_a_shard_is_read_from_its_own_part_of_the_manifest(tmp_path: Path) -> None:
    rows = GROUPS * PLAIN_ROW_GROUP
    names = [f"u{row:06d}" for row in range(rows)]
    given = {"utterance": names, "audio": names, "seconds": [1.0] * rows, "checksum": ["0"] * rows}
    given |= {"rate": [16_000] * rows, "channels": [1] * rows, "shard": [row * 8 // rows for row in range(rows)]}
    nulls = {name: [None] * rows for name in contracts.MANIFEST.schema.names if name not in given}
    path = tmp_path / "manifest.parquet"
    contracts.write(contracts.MANIFEST, pa.table(given | nulls), path)
    destroy(path, keep=2, columns=("utterance", "audio"))
    part = contracts.read(contracts.MANIFEST, path, {"shard": 5})
    assert part["utterance"].to_pylist() == names[5 * rows // 8 : 6 * rows // 8]
    with pytest.raises(SerError):
        contracts.read(contracts.MANIFEST, path)


def test_a_training_reads_its_own_fold_and_knows_the_labels_of_all(tmp_path: Path) -> None:
    size = PLAIN_ROW_GROUP
    rows = [
        {"utterance": f"u{row:06d}", "fold": number, "part": part, "label": ("sad", "angry")[row % 2], "speaker": "s"}
        for number in range(GROUPS)
        for row, part in ((row, "test" if row < 10 else "train") for row in range(size))
    ]
    path = tmp_path / "folds.parquet"
    contracts.write(contracts.FOLDS, pa.Table.from_pylist(rows, schema=contracts.FOLDS.schema), path)
    protocol = Protocol.model_validate({"rule": "any", "labels": "all", "selection": "last"})
    whole = fold.read(path, 1, protocol)
    destroy(path, keep=1, columns=("utterance", "part", "speaker"))
    assert fold.read(path, 1, protocol).digest() == whole.digest()
    assert (whole.classes, whole.of, len(whole.utterances)) == (("angry", "sad"), GROUPS, size)


class Counted(str):
    """A name that counts how often it is compared with another."""

    comparisons = 0

    def __eq__(self, other: object) -> bool:
        Counted.comparisons += 1
        return str.__eq__(self, other)

    __hash__ = str.__hash__


def test_leaving_out_utterances_compares_each_name_a_few_times_only() -> None:
    rows = [Utterance(Counted(f"u{row}"), "a.wav", f"t.csv:{row}") for row in range(400)]
    Counted.comparisons = 0
    kept, gone = exclude("mine", rows, [], [f"u{row}" for row in range(0, 400, 2)])
    assert (len(kept), len(gone)) == (200, 200)
    assert Counted.comparisons < 5 * len(rows)


def masked(folds: int, monkeypatch: pytest.MonkeyPatch) -> float:
    """Return how many rows the audit of ``folds`` folds passes through masks, per row of the fold table."""
    parts = np.resize(["train", "train", "dev", "test"], 40)
    one = pd.DataFrame({"utterance": [f"u{row}" for row in range(40)], "part": parts, "speaker": parts})
    for column in ("session", "dialog", "sentence", "text", "hash", "recording"):
        one[column] = one["utterance"]
    rows = pd.concat([one.assign(fold=number) for number in range(folds)], ignore_index=True)
    reads: list[int] = []
    select = pd.DataFrame.__getitem__

    def counted(frame: pd.DataFrame, key: object) -> object:
        if isinstance(key, pd.Series) and key.dtype == bool:
            reads.append(len(frame))
        return select(frame, key)

    with monkeypatch.context() as patch:
        patch.setattr(pd.DataFrame, "__getitem__", counted)
        where = {"audio": "a.wav", "recording": 0, "start": np.arange(40.0), "end": np.nan, "seconds": 1.0}
        places = overlap.stretches(one.assign(**where))
        found = leakage.findings(rows, places, normalisation="train", selection="last")
    assert {one.fold for one in found} == {-1, *range(folds)}
    return sum(reads) / len(rows)


def test_an_audit_reads_a_row_equally_often_for_any_number_of_folds(monkeypatch: pytest.MonkeyPatch) -> None:
    assert masked(40, monkeypatch) == masked(5, monkeypatch) > 1


def test_a_recording_with_a_thousand_copies_is_compared_once(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[int] = []
    near = duplicates._near

    def counted(ordered: np.ndarray, *arguments: object) -> object:
        compared.append(len(ordered))
        return near(ordered, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(duplicates, "_near", counted)
    draw = np.random.default_rng(0)
    few = draw.standard_normal((3, 128))
    every = np.concatenate([np.repeat(few, 1000, axis=0), few[:1] + 0.001 * draw.standard_normal((1, 128))])
    unit = (every / np.linalg.norm(every, axis=1, keepdims=True)).astype(np.float32)
    groups = duplicates.recordings(unit, np.ones(len(unit), np.float32))
    assert compared == [4], "three recordings and a near copy of the first"
    assert [len(set(groups[part])) for part in (slice(0, 1000), slice(1000, 2000), slice(2000, 3000))] == [1, 1, 1]
    assert groups[-1] == groups[0]
    assert len(set(groups)) == 3
