"""The digest of a corpus's files follows contents, not times, and its cache is only a cache."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from ser.errors import SerError
from ser.files import checksums

OLD = 1_600_000_000


@pytest.fixture
def tree(tmp_path: Path) -> tuple[Path, list[Path], Path]:
    root = tmp_path / "corpus"
    files = [root / f"{folder}/{name}.wav" for folder in "ab" for name in "xyz"]
    for file in files:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(file.as_posix()[-7:].encode() * 100)
        os.utime(file, (OLD, OLD))
    return root, files, tmp_path / "cache/checksums.json"


def count_reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    read: list[str] = []
    checksum: Callable[[Path | str], str] = checksums.checksum
    monkeypatch.setattr(checksums, "checksum", lambda path: read.append(str(path)) or checksum(path))
    return read


def test_second_call_only_stats(tree: tuple[Path, list[Path], Path], monkeypatch: pytest.MonkeyPatch) -> None:
    root, files, cache = tree
    first = checksums.digest_of_files(files, root, cache)
    read = count_reads(monkeypatch)
    assert checksums.digest_of_files(reversed(files), root, cache) == first
    assert read == []


def test_touching_changes_nothing_but_one_byte_does(tree: tuple[Path, list[Path], Path]) -> None:
    root, files, cache = tree
    first = checksums.digest_of_files(files, root, cache)
    files[3].touch()
    assert checksums.digest_of_files(files, root, cache) == first
    content = bytearray(files[3].read_bytes())
    content[50] ^= 1
    files[3].write_bytes(content)
    changed = checksums.digest_of_files(files, root, cache)
    assert changed != first
    content[50] ^= 1
    files[3].write_bytes(content)
    assert checksums.digest_of_files(files, root, cache) == first


def test_a_change_within_one_clock_tick_is_seen(tree: tuple[Path, list[Path], Path]) -> None:
    root, files, cache = tree
    files[0].write_bytes(b"one")
    stat = files[0].stat()
    first = checksums.digest_of_files(files, root, cache)
    files[0].write_bytes(b"two")
    os.utime(files[0], ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert checksums.digest_of_files(files, root, cache) != first


def test_renaming_adding_and_moving(tree: tuple[Path, list[Path], Path], tmp_path: Path) -> None:
    root, files, cache = tree
    first = checksums.digest_of_files(files, root, cache)
    assert checksums.digest_of_files(files[1:], root, cache) != first
    renamed = files[0].rename(files[0].with_name("w.wav"))
    assert checksums.digest_of_files([renamed, *files[1:]], root, cache) != first
    renamed.rename(files[0])
    moved = root.rename(tmp_path / "elsewhere")
    assert checksums.digest_of_files([moved / file.relative_to(root) for file in files], moved, cache) == first


def test_swapping_the_contents_of_two_files_is_a_change(tree: tuple[Path, list[Path], Path]) -> None:
    root, files, cache = tree
    first = checksums.digest_of_files(files, root, cache)
    one, two = files[0].read_bytes(), files[1].read_bytes()
    files[0].write_bytes(two)
    files[1].write_bytes(one)
    assert checksums.digest_of_files(files, root, cache) != first


@pytest.mark.parametrize("torn", ["", "{", "[]", '{"a": 1}', '{"a": [1, 2]}', '{"a": ["x", 2, "y"]}', "\x00\xff"])
def test_a_torn_cache_is_ignored_and_replaced(tree: tuple[Path, list[Path], Path], torn: str) -> None:
    root, files, cache = tree
    first = checksums.digest_of_files(files, root, cache)
    cache.write_text(torn, encoding="latin-1")
    assert checksums.digest_of_files(files, root, cache) == first
    assert len(json.loads(cache.read_text())) == len(files)
    assert [path.name for path in cache.parent.iterdir()] == [cache.name]


def test_an_unwritable_cache_is_no_error(tree: tuple[Path, list[Path], Path], tmp_path: Path) -> None:
    root, files, cache = tree
    first = checksums.digest_of_files(files, root, cache)
    (tmp_path / "file").touch()
    assert checksums.digest_of_files(files, root, tmp_path / "file/cache.json") == first


def test_a_missing_file_is_named(tree: tuple[Path, list[Path], Path]) -> None:
    root, files, cache = tree
    with pytest.raises(SerError, match=r"gone\.wav"):
        checksums.digest_of_files([*files, root / "gone.wav"], root, cache)
