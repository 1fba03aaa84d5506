"""Unpack zip and tar archives without trusting the names, types and sizes in them."""

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
from ser.files.downloads import require_space
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
    ValueError,  # a name that the file system does not accept
)
CHUNK = 1 << 20  # bytes
MEMBERS = 1_000_000  # at most; the largest release read here, IEMOCAP with its motion capture, has 150 thousand
LIST = 128 * MEMBERS  # bytes: a zip's list of its members, which zipfile reads at once
RATIO = 100  # unpacked bytes per packed byte, at most, of an archive that unpacks to more than SMALL
SMALL = 1 << 28  # bytes, 256 MiB
LINKS = 40  # in a chain, at most, as on Linux
LONG_HEADERS = (
    tarfile.GNUTYPE_LONGNAME,
    tarfile.GNUTYPE_LONGLINK,
    tarfile.XHDTYPE,
    tarfile.XGLTYPE,
    tarfile.SOLARIS_XHDTYPE,
)
HEADER = 1 << 16  # bytes of a tar member's long name or extended header, which are held in memory
REORDERING = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"  # change the direction of the text after them

Opener = Callable[[], IO[bytes] | None]  # None: a folder
Entry = tuple[str, int, Opener, str]  # name in the archive, unpacked bytes, content, why it is refused ("": it is not)
Members = dict[str, tuple[int, Opener]]  # relative path: bytes and content; of two with one path the later counts


def unpack(archive: Path, to: Path, *, report: bool = True) -> None:
    """Unpack a zip or tar (plain, gz, bz2, xz) file to the new folder ``to``, completely or not at all.

    Every member's name and type are checked before anything is written: absolute paths, '..', control characters,
    links that lead out, devices and encrypted members are refused. A link to a file inside becomes a copy of it, so
    that no link ever exists on the disk; permissions and owners are not restored; an archive inside stays one.
    report: print the progress.
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
            require_space(to.parent, sum(size for size, _ in members.values()), str(archive))
            shutil.rmtree(partial, ignore_errors=True)
            partial.mkdir()
            reported = progress(members.items(), total=len(members), unit="files") if report else members.items()
            for name, (size, opener) in reported:
                _extract(opener, partial / name, size)
        partial.replace(to)
    except DAMAGED as error:
        if (reason := failures.disk(error, to)) is not None:
            raise SerError(f"archive {archive}: cannot be unpacked to {reason}") from error
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
    """Open the archive until ``stack`` closes; return its members, or SerError naming those that are refused."""
    members: Members = {}
    refused = []
    for name, size, opener, problem in _entries(archive, stack):
        if not name or any(one in REORDERING or unicodedata.category(one) == "Cc" for one in name):
            refused.append(f"{name!a} (a name with characters that are invisible or reorder text)")
        elif (path := _relative(name)) is None:
            refused.append(f"{name} (leads out)")
        elif problem:
            refused.append(f"{name} ({problem})")
        else:
            members[path] = (size, opener)
    if refused:
        raise SerError(
            f"archive {archive}: nothing is unpacked, {len(refused)} members are unsafe: {offenders(refused)}."
        )
    if not members:
        raise SerError(f"archive {archive}: is empty.")
    return members


def _entries(archive: Path, stack: ExitStack) -> Iterator[Entry]:
    if not archive.is_file():
        raise SerError(f"archive {archive}: there is no such file.")
    try:  # tar first: a tar that ends with a zip would pass for that zip
        tar = stack.enter_context(tarfile.TarFile.open(archive, tarinfo=LimitedTarInfo))
    except tarfile.TarError:
        if not zipfile.is_zipfile(archive):
            raise SerError(
                f"archive {archive}: is neither a zip nor a tar file (plain, gz, bz2 or xz); is it damaged?"
            ) from None
        file = stack.enter_context(LimitedReader(io.FileIO(archive)))
        return _zip_entries(stack.enter_context(zipfile.ZipFile(file)), SizeLimit(archive))
    return _tar_entries(tar, SizeLimit(archive))


class LimitedReader(io.BufferedReader):
    """A zip file, of which no read exceeds LIST: the length of the list of members comes from the file itself."""

    def read(self, size: int | None = -1, /) -> bytes:
        """Return up to ``size`` bytes; SerError for more than LIST."""
        if size is not None and size > LIST:
            raise SerError(f"archive {self.name}: its list of members has {size} bytes, more than the {LIST} allowed.")
        return super().read(size)


class LimitedTarInfo(tarfile.TarInfo):
    """A tar member whose long name or extended header is read only up to HEADER bytes."""

    def _proc_member(self, archive: tarfile.TarFile) -> tarfile.TarInfo:
        if self.type in LONG_HEADERS and self.size > HEADER:
            raise SerError(f"archive {archive.name!s}: a name or header in it takes {self.size} bytes; is it damaged?")
        if self.type == tarfile.GNUTYPE_SPARSE:
            self._proc_gnusparse_10(self, {}, archive)
        return super()._proc_member(archive)  # type: ignore[misc,no-any-return]

    def _proc_gnusparse_10(self, _: object, __: object, archive: tarfile.TarFile) -> None:
        raise SerError(f"archive {archive.name!s}: holds a sparse file, as no release of recordings does.")


class SizeLimit:
    """Adds up the sizes that an archive declares, and stops at too many bytes before they are unpacked."""

    def __init__(self, archive: Path):
        self._archive = archive
        self._most = max(SMALL, RATIO * archive.stat().st_size)
        self._members = self._bytes = 0

    def add(self, size: int, members: int = 1) -> None:
        """Count ``size`` bytes of a member; SerError where there are too many bytes or members."""
        self._members += members
        self._bytes += size
        if self._members > MEMBERS:
            raise SerError(f"archive {self._archive}: has more than {MEMBERS} members; no corpus has.")
        if self._bytes > self._most:
            raise SerError(
                f"archive {self._archive}: unpacks to more than {self._most} bytes, {RATIO} times its own size, as no "
                "recordings do. If you trust it, unpack it yourself and set the corpus's 'root'."
            )


def _relative(name: str) -> str | None:
    """Return ``name`` as a normalised relative path with slashes; None if it leads out of the folder."""
    name = name.replace("\\", "/")
    if name.startswith("/") or name[1:2] == ":" or ".." in name.split("/"):
        return None
    return posixpath.normpath(name)


def _zip_entries(file: zipfile.ZipFile, limit: SizeLimit) -> Iterator[Entry]:
    for info in file.infolist():
        limit.add(info.file_size)
        special = stat.S_IFMT(info.external_attr >> 16) not in (0, stat.S_IFREG, stat.S_IFDIR)
        problem = "a link or device" if special else "encrypted" if info.flag_bits & 1 else ""
        if info.filename.endswith("/"):  # is_dir() of Python 3.11 fails for an empty name
            yield (info.filename, 0, lambda: None, problem)
        else:
            yield (info.filename, info.file_size, lambda info=info: file.open(info), problem)  # type: ignore[misc]


def _tar_entries(file: tarfile.TarFile, limit: SizeLimit) -> Iterator[Entry]:
    every = []
    while (member := file.next()) is not None:  # reading the next one unpacks this one, so its size is counted first
        limit.add(max(0, member.size))
        every.append(member)
    listed = {path: member for member in every if (path := _relative(member.name)) is not None}
    for member in every:
        target = _target(member, listed)
        if target is None:
            yield (member.name, 0, lambda: None, f"a link to {member.linkname}, which is no file inside")
        elif target.isreg():
            limit.add(target.size if target is not member else 0, members=0)
            yield (member.name, target.size, lambda target=target: file.extractfile(target), "")  # type: ignore[misc]
        else:
            yield (member.name, 0, lambda: None, "" if target.isdir() else "a device")


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
