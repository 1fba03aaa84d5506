"""Unpack an archive without trusting the names inside."""

import lzma
import posixpath
import shutil
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import IO

from ser.downloads import room
from ser.errors import SerError, offenders
from ser.progress import progress

DAMAGED = (
    zipfile.BadZipFile,
    tarfile.TarError,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    OSError,
    NotImplementedError,  # a compression that zipfile does not know
    ValueError,  # a name that the file system does not take
)
CHUNK = 1 << 20  # bytes

Opener = Callable[[], IO[bytes] | None]  # None: a folder
Members = dict[str, tuple[int, Opener]]  # normal name: bytes and content; of two of one name the later counts


def unpack(archive: Path, to: Path) -> None:
    """Unpack a zip or tar (plain, gz, bz2, xz) file to the new folder ``to``, whole or not at all.

    Nothing is written before every member's name and type have been looked at: absolute paths, '..', links that lead
    out, devices and encrypted members are refused. A link to a file inside becomes a copy of it, so that no link ever
    exists on the disk; permissions and owners are not taken over. SerError if the file is damaged or ``to`` exists.
    """
    if to.exists():
        raise SerError(f"{to}: exists already; archive {archive} is not unpacked over it.")
    partial = to.with_name(f".{to.name}.part")
    try:
        with ExitStack() as stack:
            members = _members(archive, stack)
            to.parent.mkdir(parents=True, exist_ok=True)
            room(to.parent, sum(size for size, _ in members.values()), str(archive))
            shutil.rmtree(partial, ignore_errors=True)
            partial.mkdir()
            for name, (_, opener) in progress(members.items(), total=len(members), unit="files"):
                _extract(opener, partial / name)
        partial.replace(to)
    except DAMAGED as error:
        raise SerError(f"archive {archive}: cannot be unpacked ({error}); is it damaged?") from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _extract(opener: Opener, path: Path) -> None:
    source = opener()
    if source is None:
        path.mkdir(parents=True, exist_ok=True)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with source, path.open("xb") as file:
        shutil.copyfileobj(source, file, CHUNK)


def _members(archive: Path, stack: ExitStack) -> Members:
    """Open the archive until ``stack`` closes; return what is in it, or SerError naming the members refused."""
    if not archive.is_file():
        raise SerError(f"archive {archive}: there is no such file.")
    if zipfile.is_zipfile(archive):
        members, refused = _zipped(stack.enter_context(zipfile.ZipFile(archive)))
    elif tarfile.is_tarfile(archive):
        members, refused = _tarred(stack.enter_context(tarfile.TarFile.open(archive)))
    else:
        raise SerError(f"archive {archive}: is neither a zip nor a tar file (plain, gz, bz2 or xz); is it damaged?")
    if refused:
        raise SerError(
            f"archive {archive}: nothing is unpacked, {len(refused)} members are unsafe: {offenders(refused)}."
        )
    if not members:
        raise SerError(f"archive {archive}: is empty.")
    return members


def _inside(name: str) -> str | None:
    """Return ``name`` as a normal relative path with slashes, or None if it leads out of the folder."""
    name = name.replace("\\", "/")
    if name.startswith("/") or name[1:2] == ":" or ".." in name.split("/"):
        return None
    return posixpath.normpath(name)


def _zipped(file: zipfile.ZipFile) -> tuple[Members, list[str]]:
    members: Members = {}
    refused = []
    for info in file.infolist():
        name, kind = _inside(info.filename), stat.S_IFMT(info.external_attr >> 16)
        if name is None:
            refused.append(f"{info.filename} (leads out)")
        elif kind not in (0, stat.S_IFREG, stat.S_IFDIR):
            refused.append(f"{info.filename} (a link or device)")
        elif info.flag_bits & 1:
            refused.append(f"{info.filename} (encrypted)")
        elif info.is_dir():
            members[name] = (0, lambda: None)
        else:
            members[name] = (info.file_size, lambda info=info: file.open(info))  # type: ignore[misc]
    return members, refused


def _tarred(file: tarfile.TarFile) -> tuple[Members, list[str]]:
    members: Members = {}
    refused = []
    listed = {name: member for member in file.getmembers() if (name := _inside(member.name)) is not None}
    for member in file.getmembers():
        name, target = _inside(member.name), _target(member, listed)
        if name is None:
            refused.append(f"{member.name} (leads out)")
        elif target is None:
            refused.append(f"{member.name} (a link to {member.linkname}, which is no file inside)")
        elif target.isdir():
            members[name] = (0, lambda: None)
        elif target.isreg():
            members[name] = (target.size, lambda target=target: file.extractfile(target))  # type: ignore[misc]
        else:
            refused.append(f"{member.name} (a device)")
    return members, refused


def _target(member: tarfile.TarInfo, listed: dict[str, tarfile.TarInfo]) -> tarfile.TarInfo | None:
    """Return the member that a link leads to over any number of links, itself if it is none, None if it leads out."""
    target, seen = member, set()
    while target.islnk() or target.issym():
        folder = posixpath.dirname(target.name) if target.issym() else ""
        name = posixpath.normpath(posixpath.join(folder, target.linkname))
        if name in seen or name not in listed or listed[name].isdir():
            return None
        seen.add(name)
        target = listed[name]
    return target
