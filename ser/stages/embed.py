"""Stage ``embed``: vectors of the words that a corpus's transcripts hold, from a file such as GloVe's."""

import fcntl
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from ser.errors import SerError
from ser.files import addresses, downloads
from ser.tables import contracts
from ser.text import glove
from ser.text.transcripts import read as read_transcripts


def embed(
    *,
    transcripts: Path,
    source: str,
    downloaded: Path,
    out: Path,
    checksum: str | None = None,
    shards: int | None = None,
) -> None:
    """Write the EMBEDDING table of the words in ``transcripts`` that ``source`` knows, sorted by word, to ``out``.

    transcripts: folder of TRANSCRIPTS shards, of which the first ``shards`` count; source: a file in GloVe's text
    format, plain, gzip or zip, or its URL, then kept in the folder ``downloaded``; checksum: its SHA-256. Words are
    looked up as they stand in the transcripts, in lower case. The notes hold source, checksum, words (that the
    transcripts have), found (of these) and provenance, one line. SerError if the source is not to be had, is not the
    one of ``checksum``, or is no such file.
    """
    table = read_transcripts(transcripts, shards)
    words = sorted(set(pc.list_flatten(table["words"]).to_pylist()))
    path, found = _source(source, checksum, downloaded)
    vectors = glove.read(path, words)
    known = [word for word in words if word in vectors]
    share = f"{len(known) / len(words):.1%}" if words else "none"
    print(f"{path.name}: {len(known)} of {len(words)} words of the transcripts found ({share})", flush=True)
    notes = {
        "source": addresses.public(source),
        "checksum": found,
        "words": str(len(words)),
        "found": str(len(known)),
        "provenance": f"{path.name} (SHA-256 {found[:12]})",
    }
    columns = [known, [vectors[word] for word in known]]
    contracts.write(contracts.EMBEDDING, pa.table(columns, schema=contracts.EMBEDDING.schema), out, notes)


def _source(source: str, checksum: str | None, downloaded: Path) -> tuple[Path, str]:
    """Return the file that ``source`` names, fetched where it lies on the net, and its SHA-256."""
    remote = addresses.split(source).scheme in addresses.REMOTE
    if remote:
        with _alone(downloaded):
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


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Let one process at a time download into ``folder``: the jobs of two corpora may want the same file at once."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
