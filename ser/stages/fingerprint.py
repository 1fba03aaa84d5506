"""Stage ``fingerprint``: hash and audio fingerprint of every utterance of one shard."""

from pydantic import Field
from threadpoolctl import threadpool_limits

from ser.errors import SerError
from ser.evaluation import duplicates, tracks
from ser.jobs.job import File, Job
from ser.tables import contracts
from ser.tables.signals import signals


class FingerprintJob(Job):
    """One audio shard."""

    audio: File = Field(description="AUDIO shard to read.")
    out: File = Field(description="FINGERPRINTS shard to write.")


def fingerprint(job: FingerprintJob) -> None:
    """Write what identifies the recordings of one shard: hash, extent, fingerprint and track.

    SerError, naming the utterance, if one is not at 16 kHz.
    """
    rows = []
    for name, signal, rate in signals(job.audio):
        try:
            with threadpool_limits(1):  # the last bits depend on how many there are
                vector, extent = duplicates.fingerprint(signal, rate)
        except SerError as error:
            raise SerError(f"{job.audio}: utterance {name}: {error}") from error
        digest, values = duplicates.sample_hash(signal), vector.astype("<f2").tobytes()
        words = tracks.track(signal).astype("<u4").tobytes()
        rows.append({"utterance": name, "hash": digest, "extent": extent, "vector": values, "track": words})
    contracts.write(contracts.FINGERPRINTS, rows, job.out)
