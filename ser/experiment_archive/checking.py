"""Check an archive by itself: every file against its hash, and the tables against the predictions."""

import json
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from ser.errors import SerError, offenders
from ser.experiment_archive import recomputing
from ser.experiment_archive.description import METADATA
from ser.files import archives, embedded_checksum
from ser.files.checksums import sha256

LARGEST = 1 << 26  # bytes of ro-crate-metadata.json, 64 MiB: of 150,000 files


@dataclass(frozen=True)
class Checked:
    """What an archive holds: its experiment, the number of its files, and the number of values computed again."""

    experiment: str
    files: int
    values: int

    def __str__(self) -> str:
        return f"experiment {self.experiment}, {self.files} unchanged files; {self.values} values of its tables"


def is_archive(path: Path) -> bool:
    """Return whether ``path`` is to be checked as an archive: a file, or a folder that one was unpacked to."""
    return path.is_file() or (path / METADATA).is_file()


def check(path: Path) -> Checked:
    """Return what the archive at ``path``, a zip or a folder, holds after checking all of it.

    SerError where it is no archive of an experiment, a file is missing, added or changed, or a table does not follow
    from the predictions.
    """
    if path.is_dir():
        return check_folder(path, str(path))
    with tempfile.TemporaryDirectory(prefix="ser-archive-") as kept:
        folder = Path(kept, "archive")
        archives.unpack(path, folder, report=False)
        inner = [one for one in folder.iterdir() if one.is_dir()]
        if not (folder / METADATA).is_file() and len(inner) == 1:  # packed with its folder
            folder = inner[0]
        return check_folder(folder, str(path))


def check_folder(folder: Path, where: str) -> Checked:
    """Return what the archive's files in ``folder`` hold after checking all of it; where: what errors call it."""
    stated = _stated(folder / METADATA, where)
    found = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()} - {METADATA}
    for names, what in ((stated.keys() - found, "missing"), (found - stated.keys(), f"not listed in {METADATA}")):
        if names:
            raise SerError(f"{where}: {len(names)} files are {what}: {offenders(sorted(names))}.")
    changed = [name for name, digest in stated.items() if sha256(folder / name) != digest]
    if changed:
        raise SerError(f"{where}: {len(changed)} files have another SHA-256 than stated: {offenders(sorted(changed))}.")
    plans = sorted(name for name in stated if name.startswith("results/") and name.endswith("/plan.json"))
    if len(plans) != 1:
        raise SerError(
            f"{where}: an archive has one results/<experiment>/plan.json; found: {offenders(plans) or 'none'}."
        )
    return Checked(Path(plans[0]).parent.name, len(stated), recomputing.compare(folder, Path(plans[0]), where))


def _stated(path: Path, where: str) -> dict[str, str]:
    """Return the SHA-256 of every file by path, as ro-crate-metadata.json states it, after checking that one itself."""
    if not path.is_file():
        raise SerError(f"{where} is not an archive of an experiment: it has no {METADATA}. `ser archive` writes them.")
    if path.stat().st_size > LARGEST:
        raise SerError(f"{where}: {METADATA} is larger than {LARGEST >> 20} MiB, which no archive's is.")
    try:
        sealed = embedded_checksum.verify(path)
    except SerError:
        raise SerError(f"{where}: {METADATA} is not as it was written.") from None
    try:
        graph: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["@graph"]
        stated = {unquote(one["@id"]): one["sha256"] for one in graph if one["@type"] == "File"}
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise SerError(f"{where}: {METADATA} is not that of an experiment's archive ({error!r}).") from error
    if not sealed:
        raise SerError(f"{where}: {METADATA} has no checksum of itself, as `ser archive` writes it.")
    return stated
