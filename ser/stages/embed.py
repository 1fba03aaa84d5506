"""Stage ``embed``: vectors of the words in a corpus's transcripts, from a file in GloVe's format."""

import hashlib
from pathlib import Path

import pyarrow.compute as pc
from filelock import FileLock
from pydantic import Field

from ser.errors import SerError
from ser.files import addresses, downloads
from ser.jobs.job import File, Job
from ser.tables import contracts
from ser.text import glove
from ser.text.transcripts import read as read_transcripts


class EmbedJob(Job):
    """The word vectors of one transcript of a corpus."""

    transcripts: File = Field(description="Folder of TRANSCRIPTS shards.")
    shards: int | None = Field(None, description="Shards in that folder; all if not given.")
    source: str = Field(description="Word vectors in GloVe's text format, plain, gzip or zip, or their URL.")
    checksum: str | None = Field(None, description="SHA-256 of the source.")
    downloaded: File = Field(Path("data/raw/embeddings"), description="Folder for a file that is downloaded.")
    out: File = Field(description="EMBEDDING table to write.")


def embed(job: EmbedJob) -> None:
    """Write the vectors of the words in a corpus's transcripts, sorted by word.

    Words are looked up in lower case, as they are in the transcripts. The notes hold source, checksum, words (in the
    transcripts), found (of these) and provenance, one line. SerError if the source cannot be read, has another checksum
    or another format.
    """
    table = read_transcripts(job.transcripts, job.shards)
    words = sorted(set(pc.list_flatten(table["words"]).to_pylist()))
    path, found = _source(job.source, job.checksum, job.downloaded)
    vectors = glove.read(path, words)
    known = [word for word in words if word in vectors]
    share = f"{len(known) / len(words):.1%}" if words else "none"
    print(f"{path.name}: {len(known)} of {len(words)} words of the transcripts found ({share})", flush=True)
    notes = {
        "source": addresses.public(job.source),
        "checksum": found,
        "words": str(len(words)),
        "found": str(len(known)),
        "provenance": f"{path.name} (SHA-256 {found[:12]})",
    }
    contracts.write(contracts.EMBEDDING, [{"word": word, "vector": vectors[word]} for word in known], job.out, notes)


def _source(source: str, checksum: str | None, downloaded: Path) -> tuple[Path, str]:
    """Return the file of ``source``, downloaded if it is a URL, and its SHA-256."""
    remote = addresses.split(source).scheme in addresses.REMOTE
    if remote:
        downloaded.mkdir(parents=True, exist_ok=True)
        with FileLock(downloaded / ".lock"):  # the jobs of two corpora may download the same file at once
            path = downloads.download(source, downloaded / addresses.filename(source))
    else:
        path = Path(source).expanduser()
        if not path.is_file():
            raise SerError(f"word vectors {source}: there is no such file; known: a path, http:// or https://.")
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if checksum is None or found == checksum.lower():
        return path, found
    kept = ""
    if remote:
        aside = path.with_name(f"{path.name}.wrong-sha256-{found[:12]}")
        path.replace(aside)
        kept = f" It is kept as {aside}."
    raise SerError(
        f"word vectors {addresses.public(source)}: the SHA-256 is {found}, not {checksum} as the configuration says; "
        f"the file is damaged or another release.{kept}"
    )
