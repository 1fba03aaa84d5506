"""A damaged file is found, whichever byte is wrong and wherever it is cut, before anything in it is used."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from ser.errors import SerError
from ser.features import xvector
from ser.files import embedded_checksum
from ser.files.atomic import atomic_write, write_text
from ser.layers.xvector import XVector
from ser.tables import contracts

REFUSED = "refused"


def table(path: Path) -> None:
    row = {"epoch": 1, "step": 4, "seconds": 0.5, "learning_rate": 0.1, "train_loss": 2.0}
    given = pa.Table.from_pylist([row], schema=contracts.HISTORY.schema)
    contracts.write(contracts.HISTORY, given, path, {"classes": '["sad", "happy"]'})


def tensors(path: Path) -> None:
    with atomic_write(path) as partial:
        save_file(
            {"weight": torch.arange(6.0)},
            partial,
            {"ser": json.dumps({"seal": embedded_checksum.BLANK, "classes": ["a"]})},
        )


def record(path: Path) -> None:
    write_text(path, json.dumps({"accuracy": 0.5, "seal": embedded_checksum.BLANK}))


def read_table(path: Path) -> object:
    notes = {name: value for name, value in contracts.metadata(path).items() if name in ("contract", "classes")}
    return contracts.read(contracts.HISTORY, path).to_pylist(), notes


def read_tensors(path: Path) -> object:
    embedded_checksum.verify(path)
    return load_file(path)["weight"].tolist()


def read_record(path: Path) -> object:
    embedded_checksum.verify(path)
    return json.loads(path.read_text())["accuracy"]


def outcome(read: Callable[[Path], object], path: Path) -> object:
    """Return what was read, or ``REFUSED``; libraries have errors of their own for what is no such file at all."""
    try:
        return read(path)
    except (SerError, SafetensorError, ValueError):
        return REFUSED


KINDS = [(table, read_table), (tensors, read_tensors), (record, read_record)]
Writer, Reader = Callable[[Path], None], Callable[[Path], object]


@pytest.mark.parametrize(("write", "read"), KINDS)
def test_one_wrong_bit_is_refused_or_changes_nothing(write: Writer, read: Reader, tmp_path: Path) -> None:
    path = tmp_path / "file"
    write(path)
    raw, content = path.read_bytes(), read(path)
    harmless = 0
    for at in range(0, len(raw), 3):
        path.write_bytes(raw[:at] + bytes([raw[at] ^ 1 << at % 8]) + raw[at + 1 :])
        found = outcome(read, path)
        assert found in (content, REFUSED), f"byte {at} of {len(raw)}"
        harmless += found == content
    assert 3 * harmless <= len(embedded_checksum.BLANK), "only a bit of the mark itself may be wrong unnoticed"


@pytest.mark.parametrize(("write", "read"), KINDS)
def test_a_file_that_was_cut_is_refused_at_every_length(write: Writer, read: Reader, tmp_path: Path) -> None:
    path = tmp_path / "file"
    write(path)
    raw = path.read_bytes()
    for length in range(0, len(raw), 7):
        path.write_bytes(raw[:length])
        assert outcome(read, path) == REFUSED


def test_equal_content_gives_equal_files(tmp_path: Path) -> None:
    for write, _ in KINDS:
        write(tmp_path / "one")
        write(tmp_path / "two")
        assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_a_large_file_has_a_checksum_as_a_small_one_has(tmp_path: Path) -> None:
    for notes_first in (True, False):
        text = json.dumps(
            {"a": "x" * (3 * embedded_checksum.NEAR), "seal": embedded_checksum.BLANK}
            | ({} if notes_first else {"z": "y"})
        )
        path = tmp_path / "large"
        write_text(path, text)
        assert path.read_text() != text
        embedded_checksum.verify(path)
        content = bytearray(path.read_bytes())
        content[embedded_checksum.NEAR + 7] ^= 1
        path.write_bytes(bytes(content))
        with pytest.raises(SerError, match=r"large is damaged.*Delete it and run again"):
            embedded_checksum.verify(path)


def test_a_file_without_a_checksum_passes(tmp_path: Path) -> None:
    (tmp_path / "mine.json").write_text("{}")
    (tmp_path / "empty").touch()
    assert embedded_checksum.verify(tmp_path / "mine.json") == ""
    assert embedded_checksum.verify(tmp_path / "empty") == ""


def test_a_file_is_read_once_unless_it_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file"
    record(path)
    read: list[int] = []
    original = embedded_checksum._checksum
    monkeypatch.setattr(embedded_checksum, "_checksum", lambda *given: read.append(1) or original(*given))
    embedded_checksum.verify(path)
    embedded_checksum.verify(path)
    assert len(read) == 2  # so young that a change might have the same time
    os.utime(path, ns=(0, path.stat().st_mtime_ns - 10 * embedded_checksum.SETTLED))
    found = [embedded_checksum.verify(path) for _ in range(3)]
    assert len(read) == 3
    assert len(set(found)) == 1
    content = path.read_bytes()
    path.write_bytes(content.replace(b"0.5", b"0.6"))
    os.utime(path, ns=(0, path.stat().st_mtime_ns - 20 * embedded_checksum.SETTLED))
    with pytest.raises(SerError, match="damaged"):
        embedded_checksum.verify(path)


def test_damaged_weights_of_our_own_give_no_feature(tmp_path: Path) -> None:
    path = tmp_path / "xvector.safetensors"
    with atomic_write(path) as partial:
        save_file(XVector().state_dict(), partial, {"training": json.dumps({"seal": embedded_checksum.BLANK})})
    signal = torch.rand(16000).numpy() - 0.5
    assert xvector.extract(signal, 16000, weights=path).shape == (1, 512)
    content = bytearray(path.read_bytes())
    content[-100] ^= 64
    path.write_bytes(bytes(content))
    with pytest.raises(SerError, match="damaged"):
        xvector.extract(signal, 16000, weights=path)
