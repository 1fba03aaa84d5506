"""A file is complete or absent; what killed attempts left is removed; a full disk gives a one-line message."""

import errno
import os
import resource
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from ser.errors import SerError
from ser.files.atomic import ABANDONED, atomic_write, write_text

HOST = socket.gethostname()


def left(folder: Path, host: str, process: int, age: float = 0.0) -> Path:
    path = folder / f".out.txt.{host}-{process}.part"
    path.write_text("half")
    os.utime(path, (time.time() - age,) * 2)
    return path


def ended() -> int:
    """Return the number of a process that was there and is gone."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_an_error_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "out.txt"
    write_text(path, "old")

    def broken() -> None:
        with atomic_write(path) as partial:
            partial.write_text("new")
            raise KeyError("a mistake")

    with pytest.raises(KeyError):
        broken()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_what_a_killed_attempt_left_is_removed_by_the_next(tmp_path: Path) -> None:
    left(tmp_path, HOST, ended())
    left(tmp_path, "another-node", 17, age=2 * ABANDONED)
    write_text(tmp_path / "out.txt", "new")
    assert [path.name for path in tmp_path.iterdir()] == ["out.txt"]


def test_what_another_may_still_be_writing_stays(tmp_path: Path) -> None:
    alive = left(tmp_path, HOST, os.getppid())
    elsewhere = left(tmp_path, "another-node", ended())
    namesake = tmp_path / f".other.txt.{HOST}-{ended()}.part"
    namesake.write_text("half")
    write_text(tmp_path / "out.txt", "new")
    assert alive.exists()
    assert elsewhere.exists()
    assert namesake.exists()


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.ENOSPC, "No space left on device.*are free; make room and run again"),
        (errno.EROFS, "Read-only file system; .*mount it writable"),
        (errno.EACCES, "Permission denied; .*correct the permissions"),
        (errno.EDQUOT, "quota"),
    ],
)
def test_a_failing_disk_is_an_error_for_the_user(number: int, words: str, tmp_path: Path) -> None:
    def refused() -> None:
        with atomic_write(tmp_path / "out.txt"):
            raise OSError(number, os.strerror(number))

    with pytest.raises(SerError, match=rf"cannot write .*out\.txt: .*{words}"):
        refused()
    assert list(tmp_path.iterdir()) == []


def test_permissions_follow_the_umask(tmp_path: Path) -> None:
    with atomic_write(tmp_path / "model.safetensors") as partial:
        save_file({"weight": torch.zeros(2)}, partial)
    (tmp_path / "mine").touch()
    assert (tmp_path / "model.safetensors").stat().st_mode == (tmp_path / "mine").stat().st_mode


LIMITED = """
from pathlib import Path
import pyarrow.parquet as pq, pyarrow as pa, torch
from safetensors.torch import save_file
from ser.errors import SerError
from ser.files.atomic import atomic_write, write_text

def parquet(partial): pq.write_table(pa.table({"a": list(range(5000))}), partial, compression="none")
def tensors(partial): save_file({"a": torch.rand(5000)}, partial)
def text(partial): partial.write_text("a" * 9000)

for write in (parquet, tensors, text):
    try:
        with atomic_write(Path("out")) as partial:
            write(partial)
    except SerError as error:
        print(write.__name__, error)
"""


def test_the_errors_of_every_library_that_writes_are_recognised(tmp_path: Path) -> None:
    """A real limit on the size of files: pyarrow, safetensors and Python report it in three different ways."""
    done = subprocess.run(
        [sys.executable, "-c", LIMITED],
        cwd=tmp_path,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},  # it would be cut off, and break the next import
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096)),
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.stderr == ""
    lines = done.stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["parquet", "tensors", "text"]
    assert all("cannot write out: File too large; the limit on the size of a file" in line for line in lines)
    assert list(tmp_path.iterdir()) == []
