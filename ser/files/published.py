"""A published file: on disk, or downloaded once from its address, with the SHA-256 that is expected."""

from functools import cache
from pathlib import Path

from filelock import FileLock

from ser.errors import SerError
from ser.files import addresses, checksums, downloads


def is_remote(source: str) -> bool:
    """Return whether ``source`` is an http(s) address; otherwise it is a path."""
    return addresses.split(source).scheme in addresses.REMOTE


def obtained(source: str, expected: str | None, folder: Path, what: str) -> tuple[Path, str]:
    """Return the file of ``source``, downloaded to ``folder`` if it is an address, and its SHA-256.

    expected: SHA-256, None to accept any; what: the file in words, for messages. SerError if there is no such file or
    if its SHA-256 is another; a downloaded one is then kept under another name.
    """
    remote = is_remote(source)
    if remote:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / ".lock"):  # several jobs may download the same file at once
            path = downloads.download(source, folder / addresses.filename(source))
    else:
        path = Path(source).expanduser()
        if not path.is_file():
            raise SerError(f"{what} {source}: there is no such file; known: a path, http:// or https://.")
    found = sha256(path)
    if expected is None or found == expected.lower():
        return path, found
    kept = ""
    if remote:
        aside = path.with_name(f"{path.name}.wrong-sha256-{found[:12]}")
        path.replace(aside)
        kept = f" It is kept as {aside}."
    raise SerError(
        f"{what} {addresses.public(source)}: the SHA-256 is {found}, not {expected} as the configuration says; "
        f"the file is damaged or another release.{kept}"
    )


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file, 64 hexadecimal digits; an unchanged file is read once."""
    status = path.stat()
    return _sha256(path, status.st_mtime_ns, status.st_size)


@cache
def _sha256(path: Path, _changed: int, _size: int) -> str:
    return checksums.sha256(path)
