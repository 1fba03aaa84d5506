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
            origin = _unpack(job, job.archive, adapter, partial)
        elif hasattr(adapter, "release"):
            partial.mkdir()
            adapter.release(partial, **job.options)
            origin = {"from": f"written by ser.corpora.{job.adapter}", "md5": None}
        else:
            official = "'archive: official', " if adapter.CARD.source and adapter.CARD.source.url else ""
            raise SerError(
                f"corpus '{corpus}': nothing to fetch. Set {official}'archive: <path or URL>' to unpack "
                f"{adapter.CARD.title}, or 'root: <folder>' to a release that is unpacked already; where to get it: "
                f"{adapter.CARD.homepage or 'its owner'}."
            )
        if not adapter.audio_files(partial, **job.options):
            raise SerError(f"corpus '{corpus}': there are no recordings of {adapter.CARD.title} in {origin['from']}.")
        (partial / MINE).touch()
        _describe(job, adapter.CARD, origin, partial)
        old = root.with_name(f".{root.name}.old")
        shutil.rmtree(old, ignore_errors=True)
        if root.exists():
            root.replace(old)
        partial.replace(root)
        shutil.rmtree(old, ignore_errors=True)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _unpack(job: FetchJob, archive: str, adapter: ModuleType, partial: Path) -> Origin:
    """Get the archive, kept next to the root, and unpack it to ``partial``; return where it came from and its MD5."""
    source, official = adapter.CARD.source, archive == OFFICIAL
    if official and not (source and source.url):
        raise SerError(f"corpus '{job.corpus}': 'archive: official', but {adapter.CARD.title} has no public address.")
    url = source.url if official else archive
    here = downloads.download(
        url,
        job.root.parent / "archives" / job.corpus / addresses.filename(url),
        md5=source.md5 if source else (),
        size=source.size if source and official else None,
        corpus=job.corpus,
    )
    md5 = downloads.md5_of(here)
    archives.unpack(here, partial)
    _lift(partial, adapter, job.options)
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


def _describe(job: FetchJob, card: Card, origin: Origin, folder: Path) -> None:
    sizes = [file.stat().st_size for file in folder.rglob("*") if file.is_file() and file.name != MINE]
    release = {
        "corpus": job.corpus,
        "adapter": job.adapter,
        **{name: getattr(card, name) for name in ("title", "licence", "homepage")},
        **origin,
        "files": len(sizes),
        "bytes": sum(sizes),
    }
    (folder / "release.json").write_text(json.dumps(release, indent=2) + "\n", encoding="utf-8")
