"""Download an archive: resume after a break, check its MD5, and print no secret."""

import hashlib
import os
import shutil
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from urllib.parse import unquote, urljoin

import requests
import urllib3

from ser.errors import SerError
from ser.files.addresses import REMOTE, filled, public, split
from ser.jobs.progress import progress

CHUNK = 1 << 20  # bytes, 1 MiB
ATTEMPTS = 5  # in one call, each resuming where the one before broke off
TIMEOUT = (10, 60)  # seconds to connect, and without any byte received
SLOWEST = 600.0  # seconds for a CHUNK; from a slower server the rest is requested again
DIGITS = 19  # a length with this many digits or more is ignored
SPARE = 1 << 26  # bytes left free on the disk
BREAKS = (requests.RequestException, urllib3.exceptions.HTTPError, ConnectionError, TimeoutError, UnicodeError)


def download(url: str, to: Path, *, md5: Sequence[str] = (), size: int | None = None, corpus: str = "") -> Path:
    """Return a checked archive: ``to``, fetched from an http(s) ``url``, or the local file that ``url`` names.

    A ``CHUNK`` that takes longer than ``SLOWEST`` counts as a break. The bytes before a break are kept in ``<to>.part``
    and the transfer resumes there, also in a later call. User name and password are taken from ``SER_<CORPUS>_USER``
    and ``SER_<CORPUS>_PASSWORD``, else ``SER_ARCHIVE_USER`` and ``SER_ARCHIVE_PASSWORD``. SerError if the server does
    not answer, if its size is not ``size`` bytes, or if the MD5 is none of ``md5``; the wrong file is then kept as
    ``<to>.wrong-md5-<MD5>``.
    """
    parts = split(url)
    if parts.scheme not in REMOTE:
        local = Path(unquote(parts.path) if parts.scheme == "file" else url).expanduser()
        if not os.path.isfile(local):
            raise SerError(
                f"archive {public(url)}: there is no such file; known: a path, file://, http:// or https://."
            )
        _check(local, md5, url)
        return local
    if not to.exists():
        to.parent.mkdir(parents=True, exist_ok=True)
        part = to.with_name(f"{to.name}.part")
        _transfer(url, part, size, bool(md5), corpus)
        part.replace(to)
        part.with_name(f"{part.name}.etag").unlink(missing_ok=True)
    try:
        _check(to, md5, public(url))
    except SerError as error:
        aside = to.with_name(f"{to.name}.wrong-md5-{md5_of(to)}")
        to.replace(aside)
        raise SerError(f"{error} It is kept as {aside}.") from error
    return to


def md5_of(archive: Path) -> str:
    """Return the MD5 of a file, 32 hexadecimal digits; publishers of corpora print no stronger checksum."""
    with archive.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def _check(archive: Path, md5: Sequence[str], origin: str) -> None:
    if md5 and (found := md5_of(archive)) not in md5:
        raise SerError(
            f"archive {origin}: its MD5 is {found}, the published one is {' or '.join(md5)}; it is damaged or not the "
            "official release. If you trust it, unpack it yourself and set the corpus's 'root'."
        )


def _transfer(url: str, part: Path, size: int | None, checked: bool, corpus: str) -> None:
    """Fill ``part`` from ``url``; after a break the rest is requested, as long as each attempt adds bytes."""
    for attempt in range(1, ATTEMPTS + 1):
        before = part.stat().st_size if part.exists() else 0
        try:
            _attempt(url, part, size, checked, corpus)
            return
        except BREAKS as error:
            received = part.stat().st_size if part.exists() else 0
            if attempt == ATTEMPTS or received <= before:
                # without the cause: requests writes the whole address, with any token in it, into its own message
                response = getattr(error, "response", None)
                status = "" if response is None else f" {response.status_code}"
                raise SerError(
                    f"archive {public(url)}: the transfer broke off after {received} bytes "
                    f"({type(error).__name__}{status}); run again to resume it."
                ) from None
            print(f"the transfer broke off after {received} bytes; resuming", file=sys.stderr, flush=True)


def _attempt(url: str, part: Path, size: int | None, checked: bool, corpus: str) -> None:
    origin = public(url)
    validator = part.with_name(f"{part.name}.etag")  # the server's ETag, with which it decides whether the rest fits
    etag = validator.read_text(encoding="ascii", errors="ignore") if validator.exists() else ""
    # without an ETag or a published checksum the rest might be of another file, undetected
    begin = part.stat().st_size if part.exists() and (etag or checked) else 0
    if begin and begin == size:
        return
    headers = {"Accept-Encoding": "identity"}
    if begin:
        headers |= {"Range": f"bytes={begin}-"} | ({"If-Range": etag} if etag else {})
    with requests.get(
        filled(url),
        headers=headers,
        auth=_credentials(corpus),
        stream=True,
        timeout=TIMEOUT,
        hooks={"response": _guard},
    ) as answer:
        if answer.status_code == 416 and answer.headers.get("Content-Range") == f"bytes */{begin}":
            return  # it was complete already
        expected = f"bytes {begin}-" if answer.status_code == 206 else ""
        if begin and (answer.status_code == 416 or not answer.headers.get("Content-Range", "").startswith(expected)):
            part.unlink()  # the answer is the rest of another file
            _attempt(url, part, size, checked, corpus)
            return
        _refuse(answer, url, corpus)
        if answer.status_code != 206:
            begin = 0
        length = answer.headers.get("Content-Length", "")
        total = begin + int(length) if length.isascii() and length.isdigit() and len(length) < DIGITS else size
        if total is not None and size is not None and total != size:
            raise SerError(f"archive {origin}: has {total} bytes, the published one {size}; is it another release?")
        require_space(part.parent, (total or 0) - begin, origin)
        etag = answer.headers.get("ETag", "")
        if etag and etag.isascii() and not etag.startswith("W/"):  # If-Range needs a strong one
            validator.write_text(etag, encoding="ascii")
        else:
            validator.unlink(missing_ok=True)
        _write(answer, part, begin, total, origin)


def _guard(answer: requests.Response, **_: object) -> None:
    """Refuse redirects from https to http, or to a scheme other than http and https; requests limits their number."""
    if answer.is_redirect:
        try:
            target = urljoin(answer.url, answer.headers["location"])
        except ValueError:
            raise SerError(f"archive {public(answer.url)}: the server redirects to no valid address.") from None
        old, new = split(answer.url).scheme, split(target).scheme
        if new not in REMOTE or (old == "https" and new == "http"):
            raise SerError(
                f"archive {public(answer.url)}: the server redirects to {public(target)}, which is not safe."
            )


def _refuse(answer: requests.Response, url: str, corpus: str) -> None:
    """Raise SerError for an answer that is not the archive."""
    if answer.status_code in (401, 403):
        names = " and ".join(f"{_prefix(corpus)}_{half}" for half in ("USER", "PASSWORD"))
        raise SerError(
            f"archive {public(url)}: the server asks for a login (HTTP {answer.status_code}); put yours into the "
            f"environment variables {names}."
        )
    if answer.status_code >= 500:
        raise requests.HTTPError(response=answer)
    if answer.status_code not in (200, 206):
        raise SerError(f"archive {public(url)}: the server answers HTTP {answer.status_code} {answer.reason}.")
    if answer.headers.get("Content-Type", "").startswith("text/html"):
        raise SerError(f"archive {public(url)}: is a web page, not an archive; does it ask for a login?")


def _write(answer: requests.Response, part: Path, begin: int, total: int | None, origin: str) -> None:
    chunks: Iterable[bytes] = _arriving(answer)
    if total is None:
        print(f"{origin}: of unknown size", file=sys.stderr, flush=True)
    else:
        print(f"{origin}: {total - begin} of {total} bytes to fetch", file=sys.stderr, flush=True)
        chunks = progress(chunks, total=-(-(total - begin) // CHUNK), unit="MiB")
    received = begin
    with part.open("ab" if begin else "wb") as file:
        for chunk in chunks:
            received += len(chunk)
            if total is not None and received > total:
                raise SerError(f"archive {origin}: the server sends more than the {total} bytes that it declares.")
            if total is None:
                require_space(part.parent, len(chunk), origin)
            file.write(chunk)
    if total is not None and received < total:
        raise requests.ConnectionError


def _arriving(answer: requests.Response) -> Iterator[bytes]:
    """Yield the body as it is stored, CHUNK by CHUNK, and the part of one before a break, without decompressing it."""
    chunk, began = bytearray(), time.monotonic()
    try:
        while piece := answer.raw.read1(CHUNK, decode_content=False):
            chunk += piece
            if len(chunk) >= CHUNK:
                yield bytes(chunk)
                chunk, began = bytearray(), time.monotonic()
            elif time.monotonic() - began > SLOWEST:
                raise TimeoutError
    except BREAKS:
        yield bytes(chunk)
        raise
    if chunk:
        yield bytes(chunk)


def _prefix(corpus: str) -> str:
    return f"SER_{''.join(letter if letter.isalnum() else '_' for letter in corpus.upper()) or 'ARCHIVE'}"


def _credentials(corpus: str) -> tuple[str, str] | None:
    for prefix in (_prefix(corpus), "SER_ARCHIVE"):
        user, password = os.environ.get(f"{prefix}_USER"), os.environ.get(f"{prefix}_PASSWORD")
        if user and password:
            return user, password
    return None


def require_space(folder: Path, needed: int, what: str) -> None:
    """Raise SerError if the disk of ``folder`` has fewer than ``needed`` + ``SPARE`` bytes free."""
    if (free := shutil.disk_usage(folder).free) < needed + SPARE:
        raise SerError(f"archive {what}: needs {needed} bytes in {folder}, {free} are free.")
