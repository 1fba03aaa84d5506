"""Hostile archives: bombs, wrong sizes, names that collide or mislead."""

import io
import stat
import struct
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from ser.errors import SerError
from ser.files import archives
from ser.files.archives import unpack

MEGABYTE = bytes(1 << 20)


@pytest.fixture
def strict(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make every bound small enough to be reached in a test."""
    monkeypatch.setattr(archives, "SMALL", 1 << 16)
    monkeypatch.setattr(archives, "MEMBERS", 50)


def zipped(path: Path, *members: tuple[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in members:
            file.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return path


def tarred(path: Path, *members: tuple[str, bytes], mode: str = "w", **facts: int) -> Path:
    with tarfile.open(path, mode) as file:  # type: ignore[call-overload]
        for name, content in members:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            for fact, value in facts.items():
                setattr(info, fact, value)
            file.addfile(info, io.BytesIO(content))
    return path


def both(folder: Path, *members: tuple[str, bytes]) -> Iterator[Path]:
    yield zipped(folder / "a.zip", *members)
    yield tarred(folder / "a.tar", *members)


def content(folder: Path) -> dict[str, bytes]:
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def refused(archive: Path, *words: str) -> None:
    out = archive.parent / "deep/out"
    with pytest.raises(SerError) as error:
        unpack(archive, out)
    assert all(word in str(error.value) for word in (archive.name, *words)), str(error.value)
    assert not out.parent.exists() or list(out.parent.iterdir()) == []


@pytest.mark.usefixtures("strict")
@pytest.mark.parametrize("mode", ["zip", "w:gz", "w:bz2", "w:xz"])
def test_a_bomb_is_refused_before_a_byte_is_written(tmp_path: Path, mode: str) -> None:
    members = [(f"{number}.wav", MEGABYTE) for number in range(3)]
    path = tmp_path / "bomb"
    zipped(path, *members) if mode == "zip" else tarred(path, *members, mode=mode)
    refused(path, "times its own size", "root")


@pytest.mark.usefixtures("strict")
def test_one_content_under_many_names_is_a_bomb_too(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", ("0", MEGABYTE))
    raw = path.read_bytes()
    at = raw.index(b"PK\x01\x02")
    end = raw.index(b"PK\x05\x06")
    directory = raw[at:end] * 30
    tail = raw[end : end + 8] + struct.pack("<HHLLH", 30, 30, len(directory), at, 0)
    path.write_bytes(raw[:at] + directory + tail)
    refused(path, "times its own size")


def test_a_long_list_of_members_is_refused_unread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = zipped(tmp_path / "a.zip", *((f"{number}.wav", b"") for number in range(40)))
    unpack(path, tmp_path / "whole")
    raw = path.read_bytes()
    length = struct.unpack("<L", raw[raw.index(b"PK\x05\x06") + 12 :][:4])[0]
    monkeypatch.setattr(archives, "LIST", length - 1)
    refused(path, f"its list of members has {length} bytes")


@pytest.mark.usefixtures("strict")
def test_links_to_one_file_count_as_copies_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with tarfile.open(tmp_path / "a.tar", "w") as file:
        info = tarfile.TarInfo("0.wav")
        info.size = 1 << 20
        file.addfile(info, io.BytesIO(MEGABYTE))
        for number in range(1, 45):
            link = tarfile.TarInfo(f"{number}.wav")
            link.type, link.linkname = tarfile.LNKTYPE, "0.wav"
            file.addfile(link)
    monkeypatch.setattr(archives, "RATIO", 40)
    refused(tmp_path / "a.tar", "times its own size")
    monkeypatch.setattr(archives, "RATIO", 45)
    unpack(tmp_path / "a.tar", tmp_path / "out")
    assert {file.stat().st_nlink for file in (tmp_path / "out").iterdir()} == {1}


def test_a_size_that_no_disk_holds_is_refused(tmp_path: Path) -> None:
    info = tarfile.TarInfo("a.wav")
    info.size = 10**12
    (tmp_path / "a.tar").write_bytes(info.tobuf() + bytes(1024))
    refused(tmp_path / "a.tar")


def test_an_archive_needs_disk_space_for_all_that_is_in_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = zipped(tmp_path / "a.zip", ("a.wav", MEGABYTE))
    monkeypatch.setattr("ser.files.downloads.shutil.disk_usage", lambda _: type("Usage", (), {"free": 1 << 20})())
    refused(path, "needs", "free")


@pytest.mark.parametrize("size", [10, 2_000_000])
def test_a_zip_with_a_wrong_size_is_damaged(tmp_path: Path, size: int) -> None:
    path = zipped(tmp_path / "a.zip", ("a.wav", bytes(range(256)) * 400))
    raw = bytearray(path.read_bytes())
    at = raw.index(b"PK\x01\x02") + 24
    raw[at : at + 4] = struct.pack("<L", size)
    path.write_bytes(raw)
    refused(path, "damaged")


@pytest.mark.usefixtures("strict")
def test_members_are_counted(tmp_path: Path) -> None:
    for path in both(tmp_path, *((f"{number}", b"") for number in range(51))):
        refused(path, "more than 50 members")


def test_an_archive_inside_stays_an_archive(tmp_path: Path) -> None:
    inner = zipped(tmp_path / "inner.zip", ("a.wav", MEGABYTE)).read_bytes()
    for path in both(tmp_path, ("inner.zip", inner)):
        unpack(path, tmp_path / f"out-{path.name}")
        assert content(tmp_path / f"out-{path.name}") == {"inner.zip": inner}


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_of_two_members_of_one_name_the_later_counts(tmp_path: Path) -> None:
    for path in both(tmp_path, ("a/b", b"first"), ("./a//b", b"second")):
        unpack(path, tmp_path / f"out-{path.name}")
        assert content(tmp_path / f"out-{path.name}") == {"a/b": b"second"}


def test_names_that_differ_in_case_or_composition_are_not_merged(tmp_path: Path) -> None:
    members = [("A.wav", b"1"), ("a.wav", b"2"), ("\u00e9", b"3"), ("e\u0301", b"4")]
    for path in both(tmp_path, *members):
        out = tmp_path / f"out-{path.name}"
        try:
            unpack(path, out)
        except SerError:  # a file system that knows one of them only
            assert not out.exists()
        else:
            assert content(out) == dict(members)


def test_a_file_and_a_folder_of_one_name_are_refused(tmp_path: Path) -> None:
    for path in both(tmp_path, ("a", b"file"), ("a/b", b"inside")):
        refused(path, "cannot be unpacked")


def test_a_name_too_long_for_the_disk(tmp_path: Path) -> None:
    for path in both(tmp_path, ("a" * 300, b"x")):
        refused(path, "cannot be unpacked")


@pytest.mark.parametrize("name", ["gnp.\u202ewav", "a\nb.wav", "a\x1b[2Jb.wav", "\u2067a"])
def test_misleading_names_are_refused_and_escaped(tmp_path: Path, name: str) -> None:
    for path in both(tmp_path, ("good.wav", b"1"), (name, b"2")):
        refused(path, "1 members are unsafe", name.encode("unicode_escape").decode().replace("\\x1b", "\\x1b"))


def test_a_chain_of_links_has_a_limit(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "a.tar", "w") as file:
        file.addfile(tarfile.TarInfo("0"))
        for number in range(1, 60):
            link = tarfile.TarInfo(str(number))
            link.type, link.linkname = tarfile.SYMTYPE, str(number - 1)
            file.addfile(link)
    refused(tmp_path / "a.tar", "unsafe", "41")


def test_a_sparse_file_is_refused(tmp_path: Path) -> None:
    info = tarfile.TarInfo("a.wav")
    info.type = tarfile.GNUTYPE_SPARSE
    (tmp_path / "a.tar").write_bytes(info.tobuf(tarfile.GNU_FORMAT) + bytes(2048))
    refused(tmp_path / "a.tar", "sparse")


def test_permissions_are_not_restored(tmp_path: Path) -> None:
    path = tarred(tmp_path / "a.tar", ("a.sh", b"x"), mode="w")
    with tarfile.open(path, "w") as file:
        info = tarfile.TarInfo("a.sh")
        info.mode = 0o6777
        file.addfile(info, io.BytesIO(b""))
    unpack(path, tmp_path / "out")
    assert (tmp_path / "out/a.sh").stat().st_mode & (stat.S_ISUID | stat.S_ISGID | stat.S_IXUSR | stat.S_IWOTH) == 0
