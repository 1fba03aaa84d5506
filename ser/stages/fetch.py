"""Stage ``fetch``: unpack the archive of a corpus, downloaded if it is a URL, or call the adapter that writes it."""

import json
import shutil
from pathlib import Path
from types import ModuleType
from typing import Any

from pydantic import Field

from ser import catalog
from ser.config.schema import Options
from ser.corpus import Card
from ser.errors import SerError
from ser.files import addresses, archives, downloads
from ser.jobs.job import File, Job

OFFICIAL = "official"  # as archive: the address on the corpus's card
MINE = ".fetched"  # marks a folder that this stage wrote and may replace

Origin = dict[str, str | None]


class FetchJob(Job):
    """One corpus."""

    corpus: str = Field(description="Name of the corpus in the configuration.")
    adapter: str = Field(description="Module in ser/corpora.")
    archive: str | None = Field(
        None, description='Path or URL of an archive, or "official" for the address on the card of the corpus.'
    )
    options: Options = Field(default_factory=dict, description="Keyword arguments of the adapter.")
    root: File = Field(description="Folder of the release, to write.")


def fetch(job: FetchJob) -> None:
    """Unpack a corpus's archive, or write the corpus with its adapter.

    Writes the release and ``release.json`` (title, origin, MD5, files, bytes) to ``root``. The folder is made next to
    ``root`` and renamed when it is complete, so that a failed attempt leaves nothing there. Archives are kept in
    ``archives`` next to ``root``. SerError if no archive is configured and the adapter writes no release.
    """
    corpus, root, adapter = job.corpus, job.root, catalog.load("corpora", job.adapter)
    if root.exists() and not (root / MINE).exists() and any(not file.name.startswith(".") for file in root.iterdir()):
        raise SerError(
            f"{root}: holds files that fetch did not write and will not replace; move them away, or use them as they "
            f"are with 'root: {root}' in the configuration of corpus '{corpus}'."
        )
    partial = root.with_name(f".{root.name}.part")
    shutil.rmtree(partial, ignore_errors=True)
    root.parent.mkdir(parents=True, exist_ok=True)
    try:
        if job.archive is not None:
            origin = _unpack(corpus, job.archive, adapter, job.options, root.parent / "archives", partial)
        elif hasattr(adapter, "release"):
            partial.mkdir()
            adapter.release(partial, **job.options)
            origin = {"from": f"written by ser.corpora.{job.adapter}", "md5": None}
        else:
            raise SerError(_nothing(corpus, adapter.CARD))
        if not adapter.audio_files(partial, **job.options):
            raise SerError(f"corpus '{corpus}': there are no recordings of {adapter.CARD.title} in {origin['from']}.")
        (partial / MINE).touch()
        _describe(corpus, job.adapter, adapter.CARD, origin, partial)
        _replace(partial, root)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _unpack(
    corpus: str, archive: str, adapter: ModuleType, options: dict[str, Any], folder: Path, partial: Path
) -> Origin:
    """Get the archive into ``folder`` and unpack it to ``partial``; return where it came from and its MD5."""
    source = adapter.CARD.source
    if archive == OFFICIAL and not (source and source.url):
        raise SerError(f"corpus '{corpus}': 'archive: official', but {adapter.CARD.title} has no public address.")
    url = source.url if archive == OFFICIAL else archive
    name = addresses.filename(url)
    here = downloads.download(
        url,
        folder / corpus / name,
        md5=source.md5 if source else (),
        size=source.size if source and archive == OFFICIAL else None,
        corpus=corpus,
    )
    md5 = downloads.md5_of(here)
    archives.unpack(here, partial)
    _lift(partial, adapter, options)
    return {"from": addresses.public(url), "md5": md5}


def _lift(partial: Path, adapter: ModuleType, options: dict[str, Any]) -> None:
    """Remove a folder around the whole release, such as ``IEMOCAP_full_release/``."""
    while not _readable(partial, adapter, options):
        inner = [entry for entry in partial.iterdir() if not entry.name.startswith((".", "__MACOSX"))]
        if len(inner) != 1 or not inner[0].is_dir():
            return
        aside = partial.with_name(f"{partial.name}.inner")
        shutil.rmtree(aside, ignore_errors=True)
        inner[0].replace(aside)
        shutil.rmtree(partial)
        aside.replace(partial)


def _readable(folder: Path, adapter: ModuleType, options: dict[str, Any]) -> bool:
    try:
        return bool(adapter.audio_files(folder, **options))
    except SerError:  # raised by the adapter where the folder is not its corpus
        return False


def _nothing(corpus: str, card: Card) -> str:
    official = "'archive: official', " if card.source and card.source.url else ""
    return (
        f"corpus '{corpus}': nothing to fetch. Set {official}'archive: <path or URL>' to unpack {card.title}, or "
        f"'root: <folder>' to a release that is unpacked already; where to get it: {card.homepage or 'its owner'}."
    )


def _describe(corpus: str, adapter: str, card: Card, origin: Origin, folder: Path) -> None:
    sizes = [file.stat().st_size for file in folder.rglob("*") if file.is_file() and file.name != MINE]
    release = {
        "corpus": corpus,
        "adapter": adapter,
        "title": card.title,
        "licence": card.licence,
        "homepage": card.homepage,
        **origin,
        "files": len(sizes),
        "bytes": sum(sizes),
    }
    (folder / "release.json").write_text(json.dumps(release, indent=2) + "\n", encoding="utf-8")


def _replace(partial: Path, root: Path) -> None:
    old = root.with_name(f".{root.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if root.exists():
        root.replace(old)
    partial.replace(root)
    shutil.rmtree(old, ignore_errors=True)
