"""Addresses of archives: what of one may be shown, what file it names, and secrets that must not stand in it."""

import os
import re
from pathlib import PurePosixPath
from urllib.parse import SplitResult, parse_qsl, urlsplit

from ser.errors import SerError

REMOTE = ("http", "https")
LONGEST_NAME = 200  # bytes of a file's name, to which endings are added
SECRET = re.compile(
    r"(.*[-_])?(auth|code|credential|jwt|key|apikey|pass|passwd|password|pwd|secret|session|sig|signature|token)s?",
    re.IGNORECASE,
)
LOGIN = re.compile(r"(?<=://)[^/]*@")
VARIABLE = re.compile(r"\$\{(\w+)\}")
OURS = "SER_"  # begins every variable that an address may name


def split(url: str) -> SplitResult:
    """Return the parts of ``url``; SerError if it is no address."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        raise SerError(f"an archive's address cannot be read ({error}); known: a path, file://, http, https.") from None
    return parts


def public(url: str) -> str:
    """Return ``url`` without user, password and query, which may hold a token: what may stand in logs and files."""
    parts = split(url)
    shown = f"{parts.scheme}://{parts.netloc}{parts.path}" if parts.netloc else url
    return LOGIN.sub("", shown)


def filename(url: str) -> str:
    """Return the name of the file that ``url`` leads to; SerError if it leads to none that can be kept."""
    name = PurePosixPath(split(url).path).name
    if name in ("", "..") or not name.isprintable() or len(name.encode(errors="replace")) > LONGEST_NAME:
        raise SerError(f"archive {public(url)}: does not end with the name of a file; give the archive's own address.")
    return name


def refuse_secrets(url: str, where: str) -> None:
    """Raise SerError, without the secret, if ``url`` holds a login, or a token that is no ``${SER_…}``.

    What stands in the configuration reaches command lines, logs and Snakemake's records.
    """
    parts = split(url)
    names = [name for name, value in parse_qsl(parts.query) if SECRET.fullmatch(name) and not VARIABLE.fullmatch(value)]
    if parts.scheme and "@" in parts.netloc:
        raise SerError(
            f"{where}: the address holds a login, which would stand in logs and on command lines; take it out and set "
            "the environment variables SER_ARCHIVE_USER and SER_ARCHIVE_PASSWORD."
        )
    if names:
        raise SerError(
            f"{where}: '{names[0]}' in the address looks like a secret, which would stand in logs and on command lines;"
            f" write {names[0]}=${{{OURS}TOKEN}} and set the environment variable {OURS}TOKEN."
        )


def filled(url: str) -> str:
    """Return ``url`` with the environment's values in place of ``${SER_…}``; SerError if one is not set."""

    def value(match: re.Match[str]) -> str:
        name = match[1]
        if not name.startswith(OURS) or name not in os.environ:
            raise SerError(f"archive {public(url)}: there is no environment variable {name} beginning with {OURS}.")
        return os.environ[name]

    return VARIABLE.sub(value, url)
