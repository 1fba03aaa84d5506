"""Stage ``index``: one small file that represents all shards of a feature or a transcript."""

import json
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import Field

from ser import layout
from ser.errors import SerError, offenders
from ser.files.atomic import write_text
from ser.files.checksums import checksum
from ser.files.embedded_checksum import verify
from ser.jobs.job import File, Job


class IndexJob(Job):
    """The shards of one feature or transcript."""

    folder: File = Field(description="Folder of the shards.")
    shards: int = Field(ge=1, description="Number of shards.")
    out: File = Field(description="JSON file to write.")


def index(job: IndexJob) -> None:
    """Write file name, utterances and checksum of every shard of a feature or a transcript, as JSON.

    A job that reads all shards depends on this file instead of on each of them: shards that are written again with the
    same content give the same file. SerError names the missing shards, and one that cannot be read.
    """
    paths = layout.shards(job.folder, job.shards)
    if missing := [path.name for path in paths if not path.is_file()]:
        raise SerError(f"{job.folder}: {offenders(missing)} of {job.shards} shards are missing; run the stage before.")
    entries: list[dict[str, Any]] = []
    for path in paths:
        try:
            found, rows = verify(path), pq.read_metadata(path).num_rows
        except (pa.ArrowInvalid, OSError) as error:
            raise SerError(f"{path} cannot be read as Parquet ({error}); delete it and run again.") from error
        entries.append({"file": path.name, "utterances": rows, "checksum": found or checksum(path)})
    content = {"utterances": sum(entry["utterances"] for entry in entries), "shards": entries}
    write_text(job.out, json.dumps(content, indent=1) + "\n")
