"""A mapped file is whole or absent, is written once, and is never used when it is damaged."""

import errno
import shutil
import signal
import subprocess
import sys
import threading
from collections import namedtuple
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from ser.errors import SerError
from ser.files import mapped as module
from ser.files.mapped import mapped

VALUES = np.arange(12, dtype=np.float32).reshape(6, 2)
Put = Callable[[int, np.ndarray], None]
WRITER = """
import sys, time
import numpy as np
from pathlib import Path
from ser.files.mapped import mapped

def fill(put):
    put(0, np.zeros((3, 2), np.float32))
    print("half", flush=True)
    time.sleep(60)

mapped(Path(sys.argv[1]), (6, 2), np.float32, fill)
"""


def fill(put: Put) -> None:
    put(4, VALUES[4:])
    put(0, VALUES[:4])


def never(_put: Put) -> None:
    raise AssertionError("the file is there")


def test_it_is_written_once_and_read_only(tmp_path: Path) -> None:
    path = tmp_path / "mapped/a-1.values"
    first, second = mapped(path, (6, 2), np.float32, fill), mapped(path, (6, 2), np.float32, never)
    for one in (first, second):
        assert np.array_equal(one.values, VALUES)
        assert not one.values.flags.writeable
    assert {found.suffix for found in path.parent.iterdir()} <= {".values", ".lock"}


def test_giving_pages_back_changes_no_value(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "RESIDENT", 10)
    array = mapped(tmp_path / "a-1.values", (6, 2), np.float32, fill)
    for row in range(6):
        assert np.array_equal(array.values[row], VALUES[row])
        array.read(8)


@pytest.mark.parametrize("harm", ["bit", "cut", "longer"])
def test_a_damaged_file_is_written_anew(tmp_path: Path, harm: str, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "a-1.values"
    mapped(path, (6, 2), np.float32, fill)
    content = bytearray(path.read_bytes())
    content[9] ^= harm == "bit"
    path.write_bytes({"bit": content, "cut": content[:-1], "longer": content + b"\0"}[harm])
    assert np.array_equal(mapped(path, (6, 2), np.float32, fill).values, VALUES)
    assert "a-1.values is damaged and written anew" in capsys.readouterr().err


def test_files_of_another_origin_are_removed_when_one_is_written(tmp_path: Path) -> None:
    for name in ("a-1.values", "a-2.values", "b-1.values"):
        mapped(tmp_path / name, (6, 2), np.float32, fill)
    assert [path.name for path in tmp_path.glob("*.values")] == ["b-1.values"]


def test_an_error_while_writing_leaves_nothing(tmp_path: Path) -> None:
    def broken(put: Put) -> None:
        put(0, VALUES[:2])
        raise SerError("values that are not finite")

    with pytest.raises(SerError, match="not finite"):
        mapped(tmp_path / "a-1.values", (6, 2), np.float32, broken)
    assert [path.suffix for path in tmp_path.iterdir()] in ([".lock"], [])
    assert np.array_equal(mapped(tmp_path / "a-1.values", (6, 2), np.float32, fill).values, VALUES)


def test_a_full_disk_is_noticed_before_anything_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(1 << 30, 1 << 30, 3 << 20))
    with pytest.raises(SerError, match=r"a-1\.values: 4 MiB are needed .* 3 MiB are free"):
        mapped(tmp_path / "a-1.values", (1 << 20, 1), np.float32, never)
    assert not list(tmp_path.glob("*.part"))


def test_a_disk_that_fills_while_it_is_written_is_one_sentence(tmp_path: Path) -> None:
    def full(_put: Put) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(SerError, match=r"cannot write .*a-1\.values: No space left on device"):
        mapped(tmp_path / "a-1.values", (6, 2), np.float32, full)
    assert not list(tmp_path.glob("*.values"))


def test_a_folder_that_cannot_be_written_to_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object, **__: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(Path, "mkdir", refused)
    with pytest.raises(SerError, match=r"mapped cannot be written to \(Read-only file system\)"):
        mapped(tmp_path / "mapped/a-1.values", (6, 2), np.float32, fill)


def test_a_killed_writer_leaves_nothing_that_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a-1.values"
    process = subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "half\n"
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not path.exists()
    assert np.array_equal(mapped(path, (6, 2), np.float32, fill).values, VALUES)
    assert not list(tmp_path.glob(".*.part")), "what the killed one left is removed"


def test_a_second_process_waits_for_the_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, writing, go = tmp_path / "a-1.values", threading.Event(), threading.Event()
    monkeypatch.setattr(module, "POLL", 0.01)
    found: list[np.ndarray] = []

    def slow(put: Put) -> None:
        writing.set()
        assert go.wait(20)
        fill(put)

    first = threading.Thread(target=lambda: found.append(mapped(path, (6, 2), np.float32, slow).values))
    second = threading.Thread(target=lambda: found.append(mapped(path, (6, 2), np.float32, never).values))
    first.start()
    assert writing.wait(20)
    second.start()
    second.join(0.2)
    assert second.is_alive(), "it waits"
    go.set()
    first.join(20)
    second.join(20)
    assert len(found) == 2
    assert all(np.array_equal(values, VALUES) for values in found)
