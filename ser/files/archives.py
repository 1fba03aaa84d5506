"""Unpack an archive without trusting the names, types and sizes inside."""

import io
import lzma
import posixpath
import shutil
import stat
import struct
import tarfile
import unicodedata
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import IO

from ser.errors import SerError, offenders
from ser.files.downloads import room
from ser.jobs import failures
from ser.jobs.progress import progress

DAMAGED = (
    zipfile.BadZipFile,
    tarfile.TarError,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    EOFError,
    OSError,
    RecursionError,  # a tar header that announces a header, and so on
    OverflowError,
    NotImplementedError,  # a compression that zipfile does not know
    ValueError,  # a name that the file system does not take
)
CHUNK = 1 << 20  # bytes
MEMBERS = 1_000_000  # at most; the largest release read here, IEMOCAP with its motion capture, has 150 thousand
LIST = 128 * MEMBERS  # bytes: a zip's list of its members, which is read at once
RATIO = 100  # unpacked bytes per packed byte, at most, of an archive that unpacks to more than SMALL
SMALL = 1 << 28  # bytes, 256 MiB
LINKS = 40  # that lead from one to the next, at most, as on Linux
NOTES = (
    tarfile.GNUTYPE_LONGNAME,
    tarfile.GNUTYPE_LONGLINK,
    tarfile.XHDTYPE,
    tarfile.XGLTYPE,
    tarfile.SOLARIS_XHDTYPE,
)
HEADER = 1 << 16  # bytes of a tar member's long name or notes, which are held in memory
REORDERING = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"  # letters that turn the text after them around


class _Wary(io.BufferedReader):
    """A zip file that is not read far at once: how long its list of members is, only the file itself says."""

    def read(self, size: int | None = -1, /) -> bytes:
        """Return up to ``size`` bytes; SerError for more than LIST."""
        if size is not None and size > LIST:
            raise SerError(f"archive {self.name}: its list of members has {size} bytes, more than the {LIST} allowed.")
        return super().read(size)


Opener = Callable[[], IO[bytes] | None]  # None: a folder
Members = dict[str, tuple[int, Opener]]  # normal name: bytes and content; of two of one name the later counts


def unpack(archive: Path, to: Path) -> None:
    """Unpack a zip or tar (plain, gz, bz2, xz) file to the new folder ``to``, whole or not at all.

    Nothing is written before every member's name and type have been looked at: absolute paths, '..', control letters,
    links that lead out, devices and encrypted members are refused. A link to a file inside becomes a copy of it, so
    that no link ever exists on the disk; permissions and owners are not taken over; an archive inside stays one.
    SerError if the file is damaged, unpacks to more than the disk holds, to ``RATIO`` times its own size or to more
    than ``MEMBERS`` members (of a zip: listed in more than ``LIST`` bytes), or if ``to`` exists.
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
            for name, (size, opener) in progress(members.items(), total=len(members), unit="files"):
                _extract(opener, partial / name, size)
        partial.replace(to)
    except DAMAGED as error:
        if (said := failures.disk(error, to)) is not None:
            raise SerError(f"archive {archive}: cannot be unpacked to {said}") from error
        raise SerError(f"archive {archive}: cannot be unpacked ({error}); is it damaged?") from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _extract(opener: Opener, path: Path, size: int) -> None:
    source = opener()
    if source is None:
        path.mkdir(parents=True, exist_ok=True)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with source, path.open("xb") as file:
        shutil.copyfileobj(source, file, CHUNK)
        if file.tell() != size:
            raise EOFError(f"{path.name} has {file.tell()} bytes, not {size}")


def _members(archive: Path, stack: ExitStack) -> Members:
    """Open the archive until ``stack`` closes; return what is in it, or SerError naming the members refused."""
    if not archive.is_file():
        raise SerError(f"archive {archive}: there is no such file.")
    if (tar := _tar(archive)) is not None:  # first: a tar that ends with a zip would pass for that zip
        members, refused = _tarred(stack.enter_context(tar), Bounds(archive))
    elif zipfile.is_zipfile(archive):
        file = stack.enter_context(_Wary(io.FileIO(archive)))
        members, refused = _zipped(stack.enter_context(zipfile.ZipFile(file)), Bounds(archive))
    else:
        raise SerError(f"archive {archive}: is neither a zip nor a tar file (plain, gz, bz2 or xz); is it damaged?")
    if refused:
        raise SerError(
            f"archive {archive}: nothing is unpacked, {len(refused)} members are unsafe: {offenders(refused)}."
        )
    if not members:
        raise SerError(f"archive {archive}: is empty.")
    return members


def _tar(archive: Path) -> tarfile.TarFile | None:
    try:
        return tarfile.TarFile.open(archive, tarinfo=Member)
    except tarfile.TarError:
        return None


class Bounds:
    """Adds up what an archive says that it holds, and stops at too much before it has been unpacked."""

    def __init__(self, archive: Path):
        self._archive = archive
        self._most = max(SMALL, RATIO * archive.stat().st_size)
        self._members = self._bytes = 0

    def add(self, size: int) -> None:
        """Count a member of ``size`` bytes; SerError where it is one or its bytes too many."""
        self._members += 1
        if self._members > MEMBERS:
            raise SerError(f"archive {self._archive}: has more than {MEMBERS} members; no corpus has.")
        self.fill(size)

    def fill(self, size: int) -> None:
        """Count ``size`` bytes; SerError where they are too many."""
        self._bytes += size
        if self._bytes > self._most:
            raise SerError(
                f"archive {self._archive}: unpacks to more than {self._most} bytes, {RATIO} times its own size, as no "
                "recordings do. If you trust it, unpack it yourself and set the corpus's 'root'."
            )


class Member(tarfile.TarInfo):
    """A tar member whose header is read only where it is of a size that a header has."""

    def _proc_member(self, archive: tarfile.TarFile) -> tarfile.TarInfo:
        if self.type in NOTES and self.size > HEADER:
            raise SerError(f"archive {archive.name!s}: a name or note in it takes {self.size} bytes; is it damaged?")
        if self.type == tarfile.GNUTYPE_SPARSE:
            self._proc_gnusparse_10(self, {}, archive)
        return super()._proc_member(archive)  # type: ignore[misc,no-any-return]

    def _proc_gnusparse_10(self, _: object, __: object, archive: tarfile.TarFile) -> None:
        raise SerError(f"archive {archive.name!s}: holds a sparse file, as no release of recordings does.")


def _inside(name: str) -> str | None:
    """Return ``name`` as a normal relative path with slashes, or None if it leads out of the folder."""
    name = name.replace("\\", "/")
    if name.startswith("/") or name[1:2] == ":" or ".." in name.split("/"):
        return None
    return posixpath.normpath(name)


def _strange(name: str) -> bool:
    """Tell whether a name is empty, or holds letters that do not show or that show the others in another order."""
    return not name or any(letter in REORDERING or unicodedata.category(letter) == "Cc" for letter in name)


def _zipped(file: zipfile.ZipFile, bounds: Bounds) -> tuple[Members, list[str]]:
    members: Members = {}
    refused = []
    for info in file.infolist():
        name, kind = _inside(info.filename), stat.S_IFMT(info.external_attr >> 16)
        bounds.add(info.file_size)
        if _strange(info.filename):
            refused.append(f"{info.filename!a} (no name that can be shown)")
        elif name is None:
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


def _tarred(file: tarfile.TarFile, bounds: Bounds) -> tuple[Members, list[str]]:
    members: Members = {}
    refused = []
    every = list(_counted(file, bounds))
    listed = {name: member for member in every if (name := _inside(member.name)) is not None}
    for member in every:
        name, target = _inside(member.name), _target(member, listed)
        if _strange(member.name):
            refused.append(f"{member.name!a} (no name that can be shown)")
        elif name is None:
            refused.append(f"{member.name} (leads out)")
        elif target is None:
            refused.append(f"{member.name} (a link to {member.linkname}, which is no file inside)")
        elif target.isdir():
            members[name] = (0, lambda: None)
        elif target.isreg():
            if target is not member:
                bounds.fill(target.size)
            members[name] = (target.size, lambda target=target: file.extractfile(target))  # type: ignore[misc]
        else:
            refused.append(f"{member.name} (a device)")
    return members, refused


def _counted(file: tarfile.TarFile, bounds: Bounds) -> Iterator[tarfile.TarInfo]:
    """Yield the members; one that is too large is counted before it is unpacked to get at the next."""
    while (member := file.next()) is not None:
        bounds.add(max(0, member.size))
        yield member


def _target(member: tarfile.TarInfo, listed: dict[str, tarfile.TarInfo]) -> tarfile.TarInfo | None:
    """Return the member that a link leads to over any number of links, itself if it is none, None if it leads out."""
    target = member
    seen: set[str] = set()
    while target.islnk() or target.issym():
        folder = posixpath.dirname(target.name) if target.issym() else ""
        name = posixpath.normpath(posixpath.join(folder, target.linkname))
        if name in seen or len(seen) == LINKS or name not in listed or listed[name].isdir():
            return None
        seen.add(name)
        target = listed[name]
    return target
