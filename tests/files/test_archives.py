"""Unpacking: every format, nothing outside the folder, nothing half-written."""

import errno
import io
import os
import shutil
import stat
import struct
import tarfile
import zipfile
from pathlib import Path

import pytest

from ser.errors import SerError
from ser.files.archives import unpack

FILES = {"Actor_01/a.wav": b"one" * 1000, "b.txt": b"two"}


def make_zip(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in files.items():
            file.writestr(name, content)
    return path


def make_tar(path: Path, files: dict[str, bytes], *members: tarfile.TarInfo, mode: str = "w") -> Path:
    with tarfile.open(path, mode) as file:  # type: ignore[call-overload]
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            file.addfile(info, io.BytesIO(content))
        for member in members:
            file.addfile(member)
    return path


def member(name: str, kind: bytes, target: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


def content(folder: Path) -> dict[str, bytes]:
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def refused(archive: Path, tmp_path: Path, *words: str) -> None:
    before = set(tmp_path.rglob("*"))
    with pytest.raises(SerError) as error:
        unpack(archive, tmp_path / "deep/out")
    for word in (archive.name, *words):
        assert word in str(error.value)
    assert {path for path in tmp_path.rglob("*") if path.is_file()} <= before
    assert not (tmp_path / "deep/out").exists()
    assert not list(tmp_path.glob("deep/.*"))


@pytest.mark.parametrize("kind", ["zip", "w", "w:gz", "w:bz2", "w:xz"])
def test_every_format_is_unpacked(tmp_path: Path, kind: str) -> None:
    archive = tmp_path / "archive"
    make_zip(archive, FILES) if kind == "zip" else make_tar(archive, FILES, mode=kind)
    unpack(archive, tmp_path / "deep/out")
    assert content(tmp_path / "deep/out") == FILES
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["out"]


@pytest.mark.parametrize("name", ["../evil", "a/../../evil", "/evil", "..\\evil", "C:\\evil", "a/.."])
def test_names_that_lead_out_are_refused(tmp_path: Path, name: str) -> None:
    files = {"good": b"1", name: b"2"}
    refused(make_zip(tmp_path / "a.zip", files), tmp_path, "evil" if "evil" in name else "..", "unsafe")
    refused(make_tar(tmp_path / "a.tar", files), tmp_path, "evil" if "evil" in name else "..", "unsafe")


@pytest.mark.parametrize(
    "bad",
    [
        member("link", tarfile.SYMTYPE, "/etc/passwd"),
        member("link", tarfile.SYMTYPE, "../outside"),
        member("link", tarfile.LNKTYPE, "../outside"),
        member("link", tarfile.SYMTYPE, "Actor_01"),
        member("link", tarfile.SYMTYPE, "link"),
        member("device", tarfile.CHRTYPE),
        member("pipe", tarfile.FIFOTYPE),
    ],
)
def test_links_out_and_devices_are_refused(tmp_path: Path, bad: tarfile.TarInfo) -> None:
    refused(make_tar(tmp_path / "a.tar", FILES, bad), tmp_path, bad.name, "unsafe")


def test_a_file_cannot_be_written_through_a_link(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "a.tar", "w") as file:
        file.addfile(member("door", tarfile.SYMTYPE, str(tmp_path)))
        info = tarfile.TarInfo("door/evil")
        info.size = 1
        file.addfile(info, io.BytesIO(b"x"))
    refused(tmp_path / "a.tar", tmp_path, "door")


def test_links_inside_become_copies(tmp_path: Path) -> None:
    links = member("Actor_01/l", tarfile.SYMTYPE, "../b.txt"), member("hard", tarfile.LNKTYPE, "Actor_01/l")
    unpack(make_tar(tmp_path / "a.tar", FILES, *links), tmp_path / "out")
    assert content(tmp_path / "out") == FILES | {"Actor_01/l": b"two", "hard": b"two"}
    assert not any(path.is_symlink() for path in (tmp_path / "out").rglob("*"))


def test_a_link_in_a_zip_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as file:
        info = zipfile.ZipInfo("link")
        info.external_attr = (stat.S_IFLNK | 0o777) << 16
        file.writestr(info, "/etc/passwd")
    refused(tmp_path / "a.zip", tmp_path, "link")


def test_an_encrypted_zip_is_refused(tmp_path: Path) -> None:
    raw = bytearray(make_zip(tmp_path / "a.zip", {"secret": b"x"}).read_bytes())
    at = raw.index(b"PK\x01\x02") + 8
    raw[at : at + 2] = struct.pack("<H", 1)
    (tmp_path / "a.zip").write_bytes(raw)
    refused(tmp_path / "a.zip", tmp_path, "secret", "encrypted")


def test_damaged_archives(tmp_path: Path) -> None:
    raw = make_zip(tmp_path / "a.zip", {"a": bytes(range(256)) * 50}).read_bytes()
    (tmp_path / "cut.zip").write_bytes(raw[:-30])
    flipped = bytearray(raw)
    flipped[60] ^= 255
    (tmp_path / "bit.zip").write_bytes(flipped)
    make_tar(tmp_path / "a.tgz", {"a": bytes(range(256)) * 5000}, mode="w:gz")
    (tmp_path / "cut.tgz").write_bytes((tmp_path / "a.tgz").read_bytes()[:-500])
    (tmp_path / "text").write_text("no archive")
    make_zip(tmp_path / "empty.zip", {})
    for name in ("cut.zip", "bit.zip", "cut.tgz", "text", "empty.zip", "missing"):
        refused(tmp_path / name, tmp_path)


def test_a_folder_that_exists_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out/mine").touch()
    with pytest.raises(SerError, match="exists already"):
        unpack(make_zip(tmp_path / "a.zip", FILES), tmp_path / "out")
    assert content(tmp_path / "out") == {"mine": b""}


def test_a_full_disk_is_not_called_a_damaged_archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(shutil, "copyfileobj", full)
    with pytest.raises(SerError, match=r"No space left on device.*make room") as refused:
        unpack(make_zip(tmp_path / "a.zip", FILES), tmp_path / "out")
    assert "damaged" not in str(refused.value)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.zip"]
