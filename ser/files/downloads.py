"""Download an archive: stream it, go on after a break, check its sum, and give no secret away."""

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
ATTEMPTS = 5  # in one call, each going on where the one before broke off
TIMEOUT = (10, 60)  # seconds to connect, and without a byte
SLOWEST = 600.0  # seconds for a CHUNK; a server that drips is left, and asked again for the rest
DIGITS = 19  # a length with as many is none
SPARE = 1 << 26  # bytes left free on the disk
BREAKS = (requests.RequestException, urllib3.exceptions.HTTPError, ConnectionError, TimeoutError, UnicodeError)


def download(url: str, to: Path, *, md5: Sequence[str] = (), size: int | None = None, corpus: str = "") -> Path:
    """Return a checked archive: ``to``, fetched from an http(s) ``url``, or the local file that ``url`` names.

    A break is also a server that takes longer than ``SLOWEST`` for a ``CHUNK``. What arrived before one is kept in
    ``<to>.part`` and gone on from, also in a later call. User name and password are taken from ``SER_<CORPUS>_USER``
    and ``SER_<CORPUS>_PASSWORD``, else ``SER_ARCHIVE_USER`` and ``SER_ARCHIVE_PASSWORD``. SerError if the address does
    not answer, if its size is not ``size`` bytes, or if the MD5 is none of ``md5``; the wrong file is then kept as
    ``<to>.wrong-md5-<sum>``.
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
        _validator(part).unlink(missing_ok=True)
    try:
        _check(to, md5, public(url))
    except SerError as error:
        aside = to.with_name(f"{to.name}.wrong-md5-{digest(to)}")
        to.replace(aside)
        raise SerError(f"{error} It is kept as {aside}.") from error
    return to


def digest(archive: Path) -> str:
    """Return the MD5 of a file, 32 hexadecimal digits; publishers of corpora give no better one."""
    with archive.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def _check(archive: Path, md5: Sequence[str], origin: str) -> None:
    if md5 and (found := digest(archive)) not in md5:
        raise SerError(
            f"archive {origin}: its MD5 is {found}, the published one is {' or '.join(md5)}; it is damaged or not the "
            "official release. If you trust it, unpack it yourself and set the corpus's 'root'."
        )


def _transfer(url: str, part: Path, size: int | None, checked: bool, corpus: str) -> None:
    """Fill ``part`` from ``url``; a break is mended by asking for the rest, as long as each attempt brings some."""
    for attempt in range(1, ATTEMPTS + 1):
        before = part.stat().st_size if part.exists() else 0
        try:
            _attempt(url, part, size, checked, corpus)
            return
        except BREAKS as error:
            there = part.stat().st_size if part.exists() else 0
            if attempt == ATTEMPTS or there <= before:
                # without the cause: requests writes the whole address, with any token in it, into its own message
                response = getattr(error, "response", None)
                status = "" if response is None else f" {response.status_code}"
                raise SerError(
                    f"archive {public(url)}: the transfer broke off after {there} bytes "
                    f"({type(error).__name__}{status}); run again to go on from there."
                ) from None
            print(f"the transfer broke off after {there} bytes; going on", file=sys.stderr, flush=True)


def _attempt(url: str, part: Path, size: int | None, checked: bool, corpus: str) -> None:
    validator = _validator(part)
    etag = validator.read_text(encoding="ascii", errors="ignore") if validator.exists() else ""
    # without a validator or a published checksum nobody would notice that the rest is of another file
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
            return  # it was whole already
        if begin and not _continues(answer, begin):
            part.unlink()
            _attempt(url, part, size, checked, corpus)
            return
        _refuse(answer, url, corpus)
        if answer.status_code != 206:
            begin = 0
        length = answer.headers.get("Content-Length", "")
        total = begin + int(length) if length.isascii() and length.isdigit() and len(length) < DIGITS else size
        if total is not None and size is not None and total != size:
            raise SerError(
                f"archive {public(url)}: has {total} bytes, the published one {size}; is it another release?"
            )
        room(part.parent, (total or 0) - begin, public(url))
        _remember(validator, answer.headers)
        _write(answer, part, begin, total, public(url))


def _guard(answer: requests.Response, **_: object) -> None:
    """Refuse to be sent from https to http, or to anything that is not on the net; requests itself counts the hops."""
    if answer.is_redirect:
        try:
            target = urljoin(answer.url, answer.headers["location"])
        except ValueError:
            raise SerError(f"archive {public(answer.url)}: the server sends on to no address.") from None
        old, new = split(answer.url).scheme, split(target).scheme
        if new not in REMOTE or (old == "https" and new == "http"):
            raise SerError(f"archive {public(answer.url)}: the server sends on to {public(target)}, which is not safe.")


def _continues(answer: requests.Response, begin: int) -> bool:
    """Tell whether the answer to a request for the rest can be used: not where the rest is of something else."""
    if answer.status_code == 206:
        return answer.headers.get("Content-Range", "").startswith(f"bytes {begin}-")
    return answer.status_code != 416


def _validator(part: Path) -> Path:
    """The file beside ``part`` that holds the server's ETag, by which it tells whether the rest still fits."""
    return part.with_name(f"{part.name}.etag")


def _remember(validator: Path, headers: "requests.structures.CaseInsensitiveDict[str]") -> None:
    etag = headers.get("ETag", "")
    if etag and etag.isascii() and not etag.startswith("W/"):  # If-Range wants a strong one
        validator.write_text(etag, encoding="ascii")
    else:
        validator.unlink(missing_ok=True)


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
    there = begin
    with part.open("ab" if begin else "wb") as file:
        for chunk in chunks:
            there += len(chunk)
            if total is not None and there > total:
                raise SerError(f"archive {origin}: the server sends more than the {total} bytes that there are.")
            if total is None:
                room(part.parent, len(chunk), origin)
            file.write(chunk)
    if total is not None and there < total:
        raise requests.ConnectionError


def _arriving(answer: requests.Response) -> Iterator[bytes]:
    """Yield the body as it is stored, packed or not, CHUNK by CHUNK, and what there is of one before a break."""
    held, began = bytearray(), time.monotonic()
    try:
        while piece := answer.raw.read1(CHUNK, decode_content=False):
            held += piece
            if len(held) >= CHUNK:
                yield bytes(held)
                held, began = bytearray(), time.monotonic()
            elif time.monotonic() - began > SLOWEST:
                raise TimeoutError
    except BREAKS:
        yield bytes(held)
        raise
    if held:
        yield bytes(held)


def _prefix(corpus: str) -> str:
    return f"SER_{''.join(letter if letter.isalnum() else '_' for letter in corpus.upper()) or 'ARCHIVE'}"


def _credentials(corpus: str) -> tuple[str, str] | None:
    for prefix in (_prefix(corpus), "SER_ARCHIVE"):
        user, password = os.environ.get(f"{prefix}_USER"), os.environ.get(f"{prefix}_PASSWORD")
        if user and password:
            return user, password
    return None


def room(folder: Path, needed: int, what: str) -> None:
    """Raise SerError if ``folder`` has not ``needed`` bytes left, and a few more."""
    if (free := shutil.disk_usage(folder).free) < needed + SPARE:
        raise SerError(f"archive {what}: needs {needed} bytes in {folder}, {free} are free.")
