"""Stage ``index``: one small file on which jobs depend instead of on all shards of a feature or a transcript."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from ser.errors import SerError, offenders
from ser.files.atomic import write_text
from ser.files.embedded_checksum import verify
from ser.files.sources import checksum


def index(*, folder: Path, shards: int, out: Path) -> None:
    """Write file, utterances and checksum of the shards 0 to ``shards`` − 1 in ``folder`` to ``out``, as JSON.

    Shards that are written again with the same content give the same file. SerError names the shards that are missing,
    and one that is damaged.
    """
    paths = [folder / f"{shard}.parquet" for shard in range(shards)]
    if missing := [path.name for path in paths if not path.is_file()]:
        raise SerError(f"{folder}: {offenders(missing)} of {shards} shards are missing; the stage before writes them.")
    entries = [_entry(path) for path in paths]
    content = {"utterances": sum(entry["utterances"] for entry in entries), "shards": entries}
    write_text(out, json.dumps(content, indent=1) + "\n")


def _entry(path: Path) -> dict[str, Any]:
    try:
        found, rows = verify(path), pq.read_metadata(path).num_rows
    except (pa.ArrowInvalid, OSError) as error:
        raise SerError(f"{path} cannot be read as Parquet ({error}); delete it and run again.") from error
    return {"file": path.name, "utterances": rows, "checksum": found or checksum(path)}
