"""Stage ``extract_text``: one feature of the transcripts of one shard."""

import json

import numpy as np
from pydantic import Field
from threadpoolctl import threadpool_limits

from ser.config import extractors
from ser.config.entries import Options
from ser.config.options import uses_device, with_options
from ser.config.schema import Feature
from ser.errors import SerError, offenders
from ser.jobs.devices import granted
from ser.jobs.job import File, GpuJob
from ser.tables import contracts


class ExtractTextJob(GpuJob):
    """One feature of the transcripts of one shard."""

    feature: str = Field(description="Name of the feature in the configuration.")
    extractor: str = Field(description="Module in ser/features that reads text.")
    options: Options = Field(default_factory=dict, description="Keyword arguments of the extractor.")
    transcripts: File = Field(description="TRANSCRIPTS shard to read.")
    out: File = Field(description="FEATURES shard to write.")


def extract_text(job: ExtractTextJob) -> None:
    """Extract one feature from the transcripts of one shard.

    The notes are those of the stage ``extract``, and counts (JSON): how many texts of the shard are cut or empty, where
    the extractor counts them. Provenance names the origin of the transcripts too. SerError where the extractor reads
    sound, a matrix does not have the declared width and type, or a value is not finite.
    """
    entry = with_options(Feature(extractor=job.extractor, options=job.options), f"features.{job.feature}")
    if extractors.transcript(entry) is None:
        raise SerError(f"features.{job.feature}: '{job.extractor}' reads sound and no text; call `ser extract`.")
    with granted(job.gpus if uses_device(entry) else 0, job.device, job.jobs_per_gpu) as device:
        _extract(job, entry, device)


def _extract(job: ExtractTextJob, entry: Feature, device: str) -> None:
    module, options = entry.load(), entry.options
    table = contracts.read(contracts.TRANSCRIPTS, job.transcripts)
    names, texts = table["utterance"].to_pylist(), table["text"].to_pylist()
    origin = contracts.metadata(table).get("provenance", "transcripts")
    notes = {
        "feature": job.feature,
        "extractor": job.extractor,
        "options": json.dumps(options, sort_keys=True),
        "hop": json.dumps(module.HOP),
        "dtype": module.DTYPE,
        "versions": json.dumps(extractors.versions(module)),
        "provenance": "; ".join([*([module.provenance(**options)] if hasattr(module, "provenance") else []), origin]),
    }
    if hasattr(module, "counts"):
        counts = module.counts(texts, **options)
        print(f"{job.feature}: {', '.join(f'{name} {count}' for name, count in counts.items())}", flush=True)
        notes["counts"] = json.dumps(counts)
    given = {"device": device, **options} if uses_device(entry) else options
    with threadpool_limits(1):  # the order of additions, and so the last bits, depends on how many there are
        if hasattr(module, "extract_many"):
            matrices = module.extract_many(texts, **given)
        else:
            matrices = [module.extract(text, **given) for text in texts]
    rows, infinite = [], []
    for name, matrix in zip(names, matrices, strict=True):
        extractors.check_matrix(module, module.dims(**options), matrix)
        if not np.isfinite(matrix).all():
            infinite.append(name)
        values = np.ascontiguousarray(matrix, dtype=matrix.dtype.newbyteorder("<")).tobytes()  # row by row
        shape = {"frames": len(matrix), "dims": matrix.shape[1], "dtype": matrix.dtype.name}
        rows.append({"utterance": name, **shape, "matrix": values})
    if infinite:
        raise SerError(f"{job.transcripts}: '{job.feature}' has values that are not finite in {offenders(infinite)}.")
    contracts.write(contracts.FEATURES, rows, job.out, notes)
