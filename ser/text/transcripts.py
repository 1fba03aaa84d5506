"""Transcripts written by the stage ``transcribe``: one folder of shards per corpus and transcript."""

from pathlib import Path

import pyarrow as pa

from ser import layout
from ser.errors import SerError
from ser.tables import contracts


def read(folder: Path, shards: int | None = None) -> pa.Table:
    """Return the TRANSCRIPTS table of the first ``shards`` shards in ``folder``, by default of all.

    Its notes are those of the first shard. SerError if there is no shard, if one is missing, or if an utterance is in
    two of them.
    """
    paths = layout.shards(folder, shards)
    if not paths:
        raise SerError(f"{folder} has no transcripts; `ser transcribe` writes them.")
    tables = [contracts.read(contracts.TRANSCRIPTS, path) for path in paths]
    joined = pa.concat_tables([table.replace_schema_metadata(tables[0].schema.metadata) for table in tables])
    return contracts.TRANSCRIPTS.check(joined, folder)
