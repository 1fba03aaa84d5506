"""The part of stage ``train_for_use`` that needs torch.

``_fold_training`` is as it was before: a change there would repeat every training of a cross-validation.
"""

import json
from dataclasses import replace

import torch

from ser import layout
from ser.files import embedded_checksum
from ser.files.atomic import write_text
from ser.jobs import memory, run_record, tracking
from ser.jobs.devices import granted
from ser.jobs.energy import metered
from ser.stages._fold_training import TRAINERS, _checkpoint, _precision, _tracked, _write
from ser.stages._train_job import TrainJob
from ser.training import fold_data, use_fold
from ser.training.augmented_fold import augmented
from ser.training.device import gpu_uuid, prepare
from ser.training.task import Outcome, TrainingTask, inputs, kind


def train(job: TrainJob) -> None:
    """Train on a granted device, estimators on the CPU, and write all files of the run."""
    start, module = run_record.Start(), job.recipe.load()
    gpus = 0 if kind(module) == "estimator" else job.gpus
    with granted(gpus, job.device, job.jobs_per_gpu) as name:
        device = prepare(name, job.threads)
        fold = use_fold.read(job.folds)
        files = job.features, job.transcripts, job.embedding
        largest = memory.largest(job.fold_data, job.memory)
        wanted = inputs(job.recipe, module)
        rows = augmented(fold, job.recipe.training.augmentation, job.protocol, job.fold)
        data = fold_data.load(rows, wanted, *files, shards=job.shards, device=device, seed=job.seed, largest=largest)
        loading = start.seconds()
        checkpoint = _checkpoint(job, data)
        tracking.begin(_tracked(job, fold.protocol.selection, checkpoint, start), layout.epochs(job.out))
        with metered(gpu_uuid(device)) as joules:
            task = TrainingTask(job.recipe, module, job.seed, checkpoint, job.threads)
            outcome = _untested(TRAINERS[kind(module)](task, data))
        _write(job, data, outcome)
        (job.out / "predictions.parquet").rename(job.out / layout.DEV_PREDICTIONS)  # of dev: never taken for a test's
        (job.out / "attention.parquet").unlink()
        gpu = device.type == "cuda"
        extra = {
            "examples": {part: len(data.examples(part).label) for part in ("train", "dev")} | {"test": 0},
            "dev_speakers": len(fold.dev_speakers()),
            "seconds_loading": round(loading, 3),
            "device": torch.cuda.get_device_name(device) if gpu else run_record.processor_name(),
            "device_id": run_record.gpu_id(device.index or 0) if gpu else "",
            "device_type": device.type,
            "precision": _precision(job, device),
            "threads": job.threads,
            "mapped": [one.view.feature for one in data.features.values() if one.pages is not None],
            "energy_joules": {name: round(value, 1) for name, value in joules.items()},
        }
        record = run_record.record(job, data, outcome, start, extra) | {embedded_checksum.KEY: embedded_checksum.BLANK}
        write_text(job.out / "run.json", json.dumps(record, indent=1, ensure_ascii=False) + "\n")
        checkpoint.delete()
        tracking.end(finished=True)


def _untested(outcome: Outcome) -> Outcome:
    """Return the outcome without scores of the dev part as those of a test."""
    return replace(outcome, history=[replace(row, test_wa=None, test_ua=None) for row in outcome.history])
