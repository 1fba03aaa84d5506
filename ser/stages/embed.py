"""Stage ``embed``: vectors of the words in a corpus's transcripts, from a file in GloVe's format."""

from pathlib import Path

import pyarrow.compute as pc
from pydantic import Field

from ser.files import addresses, published
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
    path, found = published.obtained(job.source, job.checksum, job.downloaded, "word vectors")
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
