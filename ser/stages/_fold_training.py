"""The part of stage ``train`` that needs torch."""

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pyarrow as pa
import torch
from numpy.typing import NDArray
from safetensors.torch import save_file

from ser import layout
from ser.choices import Choices
from ser.files import embedded_checksum
from ser.files.atomic import atomic_write, write_text
from ser.files.checkpoints import CheckpointFile
from ser.jobs import memory, run_record, tracking
from ser.jobs.devices import granted
from ser.jobs.energy import metered
from ser.jobs.trackers.interface import TrackedRun
from ser.stages._train_job import TrainJob
from ser.tables import contracts
from ser.tables.contracts import Contract
from ser.tables.estimates import ESTIMATES
from ser.training import estimator, external, fold_data, network, training_state
from ser.training.augmented_fold import augmented
from ser.training.device import gpu_uuid, precision, prepare
from ser.training.fold import Fold
from ser.training.fold import read as read_fold
from ser.training.fold_data import FoldData
from ser.training.task import Outcome, TrainingTask, inputs, kind

# By the kind of the model's module: an edit to the training of networks reruns no other system.
TRAINERS: Choices[Callable[[TrainingTask, FoldData], Outcome]] = Choices(
    {"estimator": estimator.train, "external": external.answer, "network": network.train}
)


def train_fold(job: TrainJob) -> None:
    """Train on a granted device, estimators on the CPU, and write all files of the run."""
    start = run_record.Start()
    module = job.recipe.load()
    gpus = job.gpus if kind(module) == "network" else 0
    with granted(gpus, job.device, job.jobs_per_gpu) as name:
        device = prepare(name, job.threads)
        fold = augmented(read_fold(job.folds, job.fold), job.recipe.training.augmentation, job.protocol, job.fold)
        files = job.features, job.transcripts, job.embedding
        wanted = inputs(job.recipe, module)
        largest = memory.largest(job.fold_data, job.memory)
        data = fold_data.load(fold, wanted, *files, shards=job.shards, device=device, seed=job.seed, largest=largest)
        loading = start.seconds()
        checkpoint = _checkpoint(job, data)
        tracking.begin(_tracked(job, fold.protocol.selection, checkpoint, start), layout.epochs(job.out))
        with metered(gpu_uuid(device)) as joules:
            task = TrainingTask(job.recipe, module, job.seed, checkpoint, job.threads)
            outcome = TRAINERS[kind(module)](task, data)
        _write(job, data, outcome)
        gpu = device.type == "cuda"
        extra = {
            "seconds_loading": round(loading, 3),
            "device": torch.cuda.get_device_name(device) if gpu else run_record.processor_name(),
            "device_id": run_record.gpu_id(device.index or 0) if gpu else "",
            "device_type": device.type,
            "precision": _precision(job, device),
            "threads": job.threads,
            "mapped": [one.view.feature for one in data.features.values() if one.pages is not None],
            # Of this attempt, other jobs on the same device included; empty where it cannot be read.
            "energy_joules": {name: round(value, 1) for name, value in joules.items()},
        }
        record = run_record.record(job, data, outcome, start, extra) | {embedded_checksum.KEY: embedded_checksum.BLANK}
        write_text(job.out / "run.json", json.dumps(record, indent=1, ensure_ascii=False) + "\n")
        checkpoint.delete()
        tracking.end(finished=True)


def _tracked(job: TrainJob, selection: str, checkpoint: CheckpointFile, start: run_record.Start) -> TrackedRun:
    """Return what trackers record of the run; selection: of the protocol."""
    training = job.recipe.training
    return TrackedRun(
        run=job.run._asdict(),
        key=checkpoint.folder.name,
        recipe=json.loads(job.recipe.decisive()),
        epochs=training.epochs if kind(job.recipe.load()) == "network" else None,
        steps=training.steps,
        selection=selection,
        commit=start.software["commit"],
    )


def _precision(job: TrainJob, device: torch.device) -> str:
    """Return the arithmetic of the training; all but networks compute in float64."""
    trained = kind(job.recipe.load()) == "network"
    return precision(device, job.recipe.training.precision) if trained else "float64"


def _checkpoint(job: TrainJob, data: FoldData) -> CheckpointFile:
    """Return the checkpoint of this run: its key covers all that decides the outcome."""
    digests = [f"{name}={digest}" for name, digest in sorted(data.digests().items())]
    # The order of additions, and so the last bits, depends on the threads.
    digests += [f"threads={job.threads}", f"precision={_precision(job, data.device)}"]
    protocol = data.fold.protocol
    key = training_state.key(job.recipe, protocol, job.code, digests, job.seed, job.fold, data.device.type)
    return CheckpointFile(Path(layout.CHECKPOINTS, key), str(job.run.folder))


def _write(job: TrainJob, data: FoldData, outcome: Outcome) -> None:
    fold, out = data.fold, job.out
    (out / "run.json").unlink(missing_ok=True)  # of an earlier run: never next to files of another run
    contracts.write(contracts.HISTORY, [asdict(row) for row in outcome.history], out / "history.parquet")
    header = {
        "recipe": json.loads(job.recipe.decisive()),
        "classes": list(fold.classes),
        "vocabulary": [] if data.words is None else list(data.words.vocabulary),
        embedded_checksum.KEY: embedded_checksum.BLANK,
    }
    # One entry: safetensors writes several in a random order.
    text = json.dumps(header, ensure_ascii=False, sort_keys=True)
    with atomic_write(out / "model.safetensors") as partial:
        save_file(dict(outcome.weights), partial, metadata={"ser": text})
    contract, columns, notes = _predicted(fold, outcome.answers)
    notes |= {"digest": fold.protocol.digest(), "tested": fold.notes.get("tested", "once")}
    rows = fold.rows("test")
    predictions = {
        **{name: [value] * len(rows) for name, value in job.run._asdict().items()},
        "utterance": [fold.utterances[row] for row in rows],
        "speaker": [fold.speakers[row] for row in rows],
        **columns,
    }
    contracts.write(contract, pa.table(predictions, schema=contract.schema), out / "predictions.parquet", notes)
    contracts.write(contracts.ATTENTION, outcome.attention, out / "attention.parquet")


def _predicted(fold: Fold, answers: NDArray[np.float32]) -> tuple[Contract, dict[str, list[object]], dict[str, str]]:
    """Return the table of the answers for the test part, the columns that it has of them, and its notes."""
    rows = fold.rows("test")
    if fold.protocol.target.kind == "dimensions" and fold.targets is not None:
        values: dict[str, list[object]] = {"target": list(fold.targets[rows]), "predicted": list(answers)}
        return ESTIMATES, values, {"dimensions": json.dumps(fold.outputs)}
    labels: dict[str, list[object]] = {
        "label": [fold.classes[k] for k in fold.labels[rows]],
        "predicted": [fold.classes[k] for k in answers.argmax(axis=1)],
        "probabilities": list(answers),
    }
    independent = {"probabilities": "independent"} if fold.protocol.target.kind == "several" else {}
    return contracts.PREDICTIONS, labels, {"classes": json.dumps(fold.classes), **independent}
