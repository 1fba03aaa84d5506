"""Stage ``resample``: the recordings of one shard as mono audio at 16 kHz."""

from functools import cache
from pathlib import Path
from typing import Any

from pydantic import Field

from ser.audio import reading
from ser.bounds import Channel
from ser.config.entries import added
from ser.errors import SerError
from ser.files.checksums import checksum
from ser.jobs.job import File, Job
from ser.jobs.progress import progress
from ser.tables import contracts


class ResampleJob(Job):
    """One shard of a corpus."""

    root: Path = Field(description="Folder of the unpacked release.")
    shard: int = Field(description="Number of the shard.")
    channel: Channel = added("mix", description="What is read of several channels, as the corpus's key says.")
    recordings: File = Field(description="RECORDINGS table of the corpus.")
    out: File = Field(description="AUDIO table to write.")


def resample(job: ResampleJob) -> None:
    """Write the audio of one shard as mono float32 at 16 kHz; a shard may be empty.

    Holds one shard in memory. SerError if a recording has changed since ``prepare`` read it.
    """
    rows = contracts.read(contracts.RECORDINGS, job.recordings, {"shard": job.shard}).to_pylist()
    checksum_of = cache(checksum)  # several utterances may share a file
    made: dict[str, dict[str, Any]] = {}
    in_order = sorted(rows, key=lambda row: (row["audio"], row["start"] or 0.0))  # in order, a film is decoded once
    for row in progress(in_order, total=len(rows), unit="utterances"):
        path = job.root / row["audio"]
        if not path.is_file() or checksum_of(path) != row["checksum"]:
            raise SerError(f"{path}: is gone or has changed since {job.recordings} was written; run prepare again.")
        signal = reading.load(path, row["start"], row["end"], job.channel)
        samples = signal.astype("<f4", copy=False).tobytes()
        name = row["utterance"]
        made[name] = {"utterance": name, "rate": reading.RATE, "frames": len(signal), "samples": samples}
    contracts.write(contracts.AUDIO, [made[row["utterance"]] for row in rows], job.out)
