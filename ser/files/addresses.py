"""URLs of archives: the part that may be printed, the name of the file, and secrets that are refused or filled in."""

import os
import re
from pathlib import PurePosixPath
from urllib.parse import SplitResult, parse_qsl, urlsplit

from ser.errors import SerError

REMOTE = ("http", "https")
LONGEST_NAME = 200  # bytes of a file's name, to which suffixes are added
SECRET = re.compile(
    r"(.*[-_])?(auth|code|credential|jwt|key|apikey|pass|passwd|password|pwd|secret|session|sig|signature|token)s?",
    re.IGNORECASE,
)
LOGIN = re.compile(r"(?<=://)[^/]*@")
VARIABLE = re.compile(r"\$\{(\w+)\}")
PREFIX = "SER_"  # of every environment variable that a URL may name


def split(url: str) -> SplitResult:
    """Return the parts of ``url``; SerError if it is not valid."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        raise SerError(f"an archive's address is not valid ({error}); known: a path, file://, http, https.") from None
    return parts


def public(url: str) -> str:
    """Return ``url`` for logs and files: without user, password and query, which may hold a token."""
    parts = split(url)
    plain = f"{parts.scheme}://{parts.netloc}{parts.path}" if parts.netloc else url
    return LOGIN.sub("", plain)


def filename(url: str) -> str:
    """Return the name of the file at ``url``; SerError if it cannot name a file on disk."""
    name = PurePosixPath(split(url).path).name
    if name in ("", "..") or not name.isprintable() or len(name.encode(errors="replace")) > LONGEST_NAME:
        raise SerError(f"archive {public(url)}: does not end with the name of a file; give the archive's own address.")
    return name


def refuse_secrets(url: str, where: str) -> None:
    """Raise SerError, without the secret, if ``url`` holds a login, or a token that is not ``${SER_…}``.

    Values of the configuration appear on command lines, in logs and in Snakemake's records.
    """
    parts = split(url)
    names = [name for name, value in parse_qsl(parts.query) if SECRET.fullmatch(name) and not VARIABLE.fullmatch(value)]
    if parts.scheme and "@" in parts.netloc:
        raise SerError(
            f"{where}: the address holds a login, which would appear in logs and on command lines; remove it and set "
            "the environment variables SER_ARCHIVE_USER and SER_ARCHIVE_PASSWORD."
        )
    if names:
        raise SerError(
            f"{where}: '{names[0]}' in the address looks like a secret and would appear in logs and on command lines;"
            f" write {names[0]}=${{{PREFIX}TOKEN}} and set the environment variable {PREFIX}TOKEN."
        )


def filled(url: str) -> str:
    """Return ``url`` with ``${SER_…}`` replaced by environment variables; SerError if one is not set."""

    def value(match: re.Match[str]) -> str:
        name = match[1]
        if not name.startswith(PREFIX) or name not in os.environ:
            raise SerError(f"archive {public(url)}: there is no environment variable {name} that begins with {PREFIX}.")
        return os.environ[name]

    return VARIABLE.sub(value, url)
