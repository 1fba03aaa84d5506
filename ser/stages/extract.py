"""Stage ``extract``: one feature of the utterances of one audio shard."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import chain, islice

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from threadpoolctl import threadpool_limits

from ser.config import extractors
from ser.config.entries import Options
from ser.config.options import OF_THE_UTTERANCE, uses_device, uses_name, with_options
from ser.config.schema import Feature
from ser.errors import SerError, offenders
from ser.jobs.devices import granted
from ser.jobs.job import File, GpuJob, Threads
from ser.jobs.processes import in_order
from ser.tables import contracts
from ser.tables.signals import signals

BLOCK = 32  # utterances that a module with extract_many gets at once
Sound = tuple[str, NDArray[np.float32], int]  # name, samples, rate


class ExtractJob(GpuJob):
    """One feature of one shard."""

    feature: str = Field(description="Name of the feature in the configuration.")
    extractor: str = Field(description="Module in ser/features.")
    options: Options = Field(default_factory=dict, description="Keyword arguments of the extractor.")
    audio: File = Field(description="AUDIO shard to read.")
    out: File = Field(description="FEATURES shard to write.")
    threads: Threads = Field(1, description="Processes that extract, where it is the CPU that computes.")


def extract(job: ExtractJob) -> None:
    """Extract one feature from one shard of audio.

    The table's notes hold feature, extractor, options (JSON, without files that the pipeline trains), hop (seconds as
    JSON, null for one row per utterance), dtype, versions (JSON, of the libraries that the extractor names) and
    provenance ("" without one). SerError, naming the utterance, if one is too short or at another rate, if a matrix
    does not have the declared width and type, or if a value is not finite.
    """
    entry = with_options(Feature(extractor=job.extractor, options=job.options), f"features.{job.feature}")
    with granted(job.gpus if uses_device(entry) else 0, job.device, job.jobs_per_gpu) as device:
        _extract(job, entry, device)


def _extract(job: ExtractJob, entry: Feature, device: str) -> None:
    module = entry.load()
    options, trained = entry.options, getattr(module, "TRAINED", ())
    notes = {
        "feature": job.feature,
        "extractor": job.extractor,
        "options": json.dumps({name: value for name, value in options.items() if name not in trained}, sort_keys=True),
        "hop": json.dumps(module.HOP),
        "dtype": module.DTYPE,
        "versions": json.dumps(extractors.versions(module)),
        "provenance": module.provenance(**options) if hasattr(module, "provenance") else "",
    }
    given = {"device": device, **options} if uses_device(entry) else options
    rows, infinite = [], []
    processes = job.threads if device == "cpu" else 1
    size = BLOCK if hasattr(module, "extract_many") else 1
    with threadpool_limits(1):  # the order of additions, and so the last bits, depends on how many there are
        found = in_order(partial(_matrices, job, entry, given), blocks(signals(job.audio), size), processes)
        for name, matrix in chain.from_iterable(found):
            if not np.isfinite(matrix).all():
                infinite.append(name)
            values = np.ascontiguousarray(matrix, dtype=matrix.dtype.newbyteorder("<")).tobytes()  # row by row
            shape = {"frames": len(matrix), "dims": matrix.shape[1], "dtype": matrix.dtype.name}
            rows.append({"utterance": name, **shape, "matrix": values})
    if infinite:
        raise SerError(
            f"{job.audio}: '{job.feature}' has values that are not finite in {offenders(infinite)}; exclude them."
        )
    contracts.write(contracts.FEATURES, rows, job.out, notes)


def blocks(items: Iterable[Sound], size: int) -> Iterator[list[Sound]]:
    """Yield ``items`` in lists of ``size``, the last one shorter."""
    rest = iter(items)
    while block := list(islice(rest, size)):
        yield block


def _matrices(
    job: ExtractJob, entry: Feature, options: Mapping[str, object], block: Sequence[Sound]
) -> list[tuple[str, NDArray[np.generic]]]:
    """Return the name of each utterance of ``block`` and its matrix; computed together where the module can."""
    module = entry.load()
    rates = {rate for _, _, rate in block}
    if len(block) > 1 and len(rates) == 1:
        try:
            found = module.extract_many([signal for _, signal, _ in block], *rates, **options)
        except SerError:
            pass  # one by one, so that the message names the utterance
        else:
            for matrix in found:
                extractors.check_matrix(module, module.dims(**entry.options), matrix)
            return [(name, matrix) for (name, _, _), matrix in zip(block, found, strict=True)]
    return [_matrix(job, entry, options, utterance) for utterance in block]


def _matrix(
    job: ExtractJob, entry: Feature, options: Mapping[str, object], utterance: Sound
) -> tuple[str, NDArray[np.generic]]:
    """Return the name of ``utterance`` and its matrix."""
    name, signal, rate = utterance
    module = entry.load()
    try:
        named = {OF_THE_UTTERANCE: name} if uses_name(entry) else {}
        matrix = module.extract(signal, rate, **options, **named)
        extractors.check_matrix(module, module.dims(**entry.options), matrix)
    except SerError as error:
        raise SerError(f"{job.audio}: feature '{job.feature}', utterance {name}: {error}") from error
    return name, matrix
