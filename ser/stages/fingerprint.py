"""Stage ``fingerprint``: hash and audio fingerprint of every utterance of one shard."""

from typing import Any

import numpy as np
import pyarrow as pa
from pydantic import Field
from threadpoolctl import threadpool_limits

from ser.errors import SerError
from ser.evaluation import duplicates
from ser.jobs.job import File, Job
from ser.jobs.progress import progress
from ser.tables import contracts
from ser.tables.audit_tables import FINGERPRINTS


class FingerprintJob(Job):
    """One audio shard."""

    audio: File = Field(description="AUDIO shard to read.")
    out: File = Field(description="FINGERPRINTS shard to write.")


def fingerprint(job: FingerprintJob) -> None:
    """Write what identifies the recordings of one shard: hash, extent and audio fingerprint.

    SerError, naming the utterance, if one is not at 16 kHz.
    """
    table = contracts.read(contracts.AUDIO, job.audio)
    rows: list[dict[str, Any]] = []
    for row in progress(range(table.num_rows), total=table.num_rows, unit="utterances"):
        name, rate = (table[column][row].as_py() for column in ("utterance", "rate"))
        signal = np.frombuffer(table["samples"][row].as_buffer(), dtype="<f4")
        try:
            with threadpool_limits(1):  # the last bits depend on how many there are
                vector, extent = duplicates.fingerprint(signal, rate)
        except SerError as error:
            raise SerError(f"{job.audio}: utterance {name}: {error}") from error
        rows.append(
            {
                "utterance": name,
                "hash": duplicates.sample_hash(signal),
                "extent": extent,
                "vector": vector.astype("<f2").tobytes(),
            }
        )
    contracts.write(FINGERPRINTS, pa.Table.from_pylist(rows, schema=FINGERPRINTS.schema), job.out)
