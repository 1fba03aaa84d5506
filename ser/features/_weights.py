"""A file of weights that a configuration names: a path, or an address with its SHA-256."""

from functools import cache
from pathlib import Path

from ser.errors import SerError
from ser.files import addresses, published

DOWNLOADED = Path("data/raw/weights")  # folder for a file that is downloaded


def local_files(weights: str, sha256: str | None, what: str) -> list[Path]:
    """Return the file of the weights; none of an address. SerError for an address without its SHA-256."""
    if not published.is_remote(str(weights)):
        return [Path(weights).expanduser()]
    _pinned(str(weights), sha256, what)
    return []


def located(weights: str, sha256: str | None, what: str) -> Path:
    """Return the file of the weights, downloaded if it is an address; SerError where it has another SHA-256."""
    source = str(weights)
    if published.is_remote(source):
        return _downloaded(source, _pinned(source, sha256, what), what)
    path = Path(source).expanduser()
    if sha256 is not None and path.is_file():
        published.obtained(source, sha256, DOWNLOADED, what)
    return path


@cache
def _downloaded(source: str, sha256: str, what: str) -> Path:
    return published.obtained(source, sha256, DOWNLOADED, what)[0]


def _pinned(source: str, sha256: str | None, what: str) -> str:
    if sha256 is None:
        raise SerError(
            f"{what} {addresses.public(source)}: an address needs 'sha256' too, 64 hexadecimal digits, since its "
            "content can change."
        )
    return sha256
