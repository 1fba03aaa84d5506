"""Transcripts as the stage ``transcribe`` left them: one folder of shards per corpus and transcript."""

from pathlib import Path

import pyarrow as pa

from ser.errors import SerError
from ser.tables import contracts


def read(folder: Path, shards: int | None = None) -> pa.Table:
    """Return the TRANSCRIPTS table of the first ``shards`` shards in ``folder``, or of all that lie there.

    The shards' notes are the first shard's. SerError if there is no shard, if one is missing, or if an utterance stands
    in two of them.
    """
    if shards is None:
        paths = sorted(folder.glob("*.parquet"))
    else:
        paths = [folder / f"{shard}.parquet" for shard in range(shards)]
    if not paths:
        raise SerError(f"{folder} holds no transcripts; they are written there by `ser transcribe`.")
    tables = [contracts.read(contracts.TRANSCRIPTS, path) for path in paths]
    whole = pa.concat_tables([table.replace_schema_metadata(tables[0].schema.metadata) for table in tables])
    return contracts.TRANSCRIPTS.check(whole, folder)


def provenance(table: pa.Table) -> str:
    """Return the line that says whose transcripts these are, "" where nobody wrote one."""
    notes: dict[bytes, bytes] = table.schema.metadata or {}
    return notes.get(b"provenance", b"").decode()
