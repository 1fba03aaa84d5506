"""Stage ``join_shard``: one shard of a member of a joined corpus, with the names that its utterances have there."""

import pyarrow as pa
from pydantic import Field

from ser.corpus import within
from ser.errors import SerError
from ser.jobs.job import File, Job
from ser.tables import contracts

KINDS = {one.name: one for one in (contracts.AUDIO, contracts.FINGERPRINTS, contracts.FEATURES, contracts.TRANSCRIPTS)}


class JoinShardJob(Job):
    """One shard of a member."""

    member: str = Field(description="Name of the member in the configuration.")
    shard: File = Field(description="AUDIO, FINGERPRINTS, FEATURES or TRANSCRIPTS shard of the member.")
    out: File = Field(description="The same shard of the joined corpus, to write.")


def join_shard(job: JoinShardJob) -> None:
    """Write the rows of a shard under the names of the joined corpus; values and notes stay.

    SerError if the shard is none of these tables.
    """
    notes = contracts.metadata(job.shard)
    if (kind := notes.pop("contract", "")) not in KINDS:
        raise SerError(f"{job.shard} is no shard of audio, fingerprints, features or transcripts; make it again.")
    table = contracts.read(KINDS[kind], job.shard)
    names = pa.array([within(job.member, name) for name in table["utterance"].to_pylist()], pa.string())
    contracts.write(KINDS[kind], table.set_column(0, "utterance", names), job.out, notes)
