"""Stage ``fetch``: unpack the archive of a corpus, downloaded if it is a URL, or call the adapter that writes it."""

import json
import shutil
from contextlib import suppress
from pathlib import Path
from types import ModuleType
from typing import Any

from pydantic import Field

from ser import catalog
from ser.config.entries import Options
from ser.corpus import Source
from ser.errors import SerError
from ser.files import addresses, archives, downloads
from ser.jobs.job import File, Job

OFFICIAL = "official"  # as archive: the address on the corpus's card
MINE = ".fetched"  # marks a folder that this stage wrote and may replace


class FetchJob(Job):
    """One corpus."""

    corpus: str = Field(description="Name of the corpus in the configuration.")
    adapter: str = Field(description="Module in ser/corpora.")
    archive: str | None = Field(None, description="Path or URL of an archive, or 'official': the one on the card.")
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
        origin = _release(job, adapter, partial)
        if not adapter.audio_files(partial, **job.options):
            raise SerError(f"corpus '{corpus}': there are no recordings of {adapter.CARD.title} in {origin['from']}.")
        sizes = [file.stat().st_size for file in partial.rglob("*") if file.is_file()]
        release = {
            "corpus": corpus,
            "adapter": job.adapter,
            **{name: getattr(adapter.CARD, name) for name in ("title", "licence", "homepage")},
            **origin,
            "files": len(sizes),
            "bytes": sum(sizes),
        }
        (partial / "release.json").write_text(json.dumps(release, indent=2) + "\n", encoding="utf-8")
        (partial / MINE).touch()
        old = root.with_name(f".{root.name}.old")
        shutil.rmtree(old, ignore_errors=True)
        if root.exists():
            root.replace(old)
        partial.replace(root)
        shutil.rmtree(old, ignore_errors=True)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _release(job: FetchJob, adapter: ModuleType, folder: Path) -> dict[str, str | None]:
    """Write the release to ``folder``, from an archive kept next to the root; return its origin and the MD5."""
    where, card, archive = f"corpus '{job.corpus}'", adapter.CARD, job.archive
    source = card.source or Source("", ())
    if archive is None and hasattr(adapter, "release"):
        folder.mkdir()
        adapter.release(folder, **job.options)
        return {"from": f"written by ser.corpora.{job.adapter}", "md5": None}
    if archive is None:
        official = "'archive: official', " if source.url else ""
        raise SerError(
            f"{where}: nothing to fetch. Set {official}'archive: <path or URL>' to unpack {card.title}, or 'root: "
            f"<folder>' to a release that is unpacked already; where to get it: {card.homepage or 'its owner'}."
        )
    if archive == OFFICIAL and not source.url:
        raise SerError(f"{where}: 'archive: official', but {card.title} has no public address.")
    url, size = (source.url, source.size) if archive == OFFICIAL else (archive, None)
    kept = job.root.parent / "archives" / job.corpus / addresses.filename(url)
    kept = downloads.download(url, kept, md5=source.md5, size=size, corpus=job.corpus)
    md5 = downloads.md5_of(kept)
    archives.unpack(kept, folder)
    _lift(folder, adapter, job.options)
    return {"from": addresses.public(url), "md5": md5}


def _lift(folder: Path, adapter: ModuleType, options: dict[str, Any]) -> None:
    """Remove a folder around the whole release, such as ``IEMOCAP_full_release/``."""
    while True:
        with suppress(SerError):  # raised by the adapter where the folder is not its corpus
            if adapter.audio_files(folder, **options):
                return
        inner = [entry for entry in folder.iterdir() if not entry.name.startswith((".", "__MACOSX"))]
        if len(inner) != 1 or not inner[0].is_dir():
            return
        aside = folder.with_name(f"{folder.name}.inner")
        shutil.rmtree(aside, ignore_errors=True)
        inner[0].replace(aside)
        shutil.rmtree(folder)
        aside.replace(folder)
