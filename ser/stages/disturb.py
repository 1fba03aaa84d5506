"""Stage ``disturb``: the test utterances of a run under one condition, as its system predicts them."""

import json
from pathlib import Path

from pydantic import Field

from ser.config.disturbances import Disturbance
from ser.files import embedded_checksum
from ser.inference import disturbed, trained_run
from ser.inference.system import ready
from ser.jobs.devices import granted
from ser.jobs.job import File, GpuJob, Threads
from ser.tables import contracts
from ser.tables.disturbances import DISTURBED


class DisturbJob(GpuJob):
    """One run and one condition."""

    condition: str = Field(description="Module in ser/conditions.")
    strengths: tuple[float, ...] = Field(min_length=1, description="In the unit of the condition, mild to strong.")
    seed: int = Field(0, ge=0, description="Of what is drawn, such as noise.")
    shards: int | None = Field(None, description="Audio shards of the corpus; without it, all there are.")
    weights: dict[str, Path] = Field(
        default_factory=dict,
        description="File that the extractor of a feature reads, where the configuration names it.",
    )
    run: File = Field(description="Folder of a finished run.")
    threads: Threads = Field(1, description="CPU threads of the numerical libraries.")
    out: File = Field(description="DISTURBED table to write.")


def disturb(job: DisturbJob) -> None:
    """Predict the test utterances of a run once more, disturbed, at every strength.

    The table's notes hold classes (JSON), seed, digest and the checksum of the weights. SerError where the run or what
    it was trained on is missing, where the system needs more than the sound, and where a disturbed utterance cannot be
    predicted.
    """
    disturbance = Disturbance(job.condition, job.strengths, job.seed)
    with granted(job.gpus, job.device, job.jobs_per_gpu) as device:
        system = ready(trained_run.read(job.run, job.weights), device, job.threads)
        rows = list(disturbed.predictions(system, disturbance, job.shards))
    notes = {"classes": json.dumps(system.classes), "seed": str(job.seed), "digest": disturbance.digest}
    notes |= {"weights": embedded_checksum.verify(system.trained.weights)}
    contracts.write(DISTURBED, rows, job.out, notes)
