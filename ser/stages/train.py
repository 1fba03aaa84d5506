"""Stage train: one system, seed and fold; fit on train, select on dev, predict test."""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import torch
from safetensors.torch import save_file

from ser import catalog, layout
from ser.choices import Choices
from ser.config.schema import Protocol, Recipe
from ser.files import embedded_checksum
from ser.files.atomic import atomic_write, write_text
from ser.files.checkpoints import CheckpointFile
from ser.jobs import processor
from ser.jobs.energy import Meter
from ser.jobs.versions import commit, versions
from ser.layout import Run
from ser.tables import contracts
from ser.training import attention_record, epoch_selection, estimator, fold_data, model_inputs, network, training_state
from ser.training.device import gpu_uuid, precision, prepare
from ser.training.fold import Fold
from ser.training.fold import read as read_fold
from ser.training.fold_data import FoldData, InputFiles
from ser.training.task import Outcome, TrainingTask

# By the kind of the model's module: an edit to the training of networks reruns no estimator.
TRAINERS: Choices[Callable[[TrainingTask, FoldData], Outcome]] = Choices(
    {"estimator": estimator.train, "network": network.train}
)


@dataclass(frozen=True)
class Job:
    """What the stage was asked for."""

    run: Run
    recipe: Recipe
    code: str
    started: datetime


def train(
    *,
    run: Run,
    recipe: Recipe,
    folds: Path,
    features: Mapping[str, Path],
    out: Path,
    threads: int,
    protocol: Protocol | None = None,
    device: str = "auto",
    code: str = "",
    shards: int | None = None,
    transcripts: Path | None = None,
    embedding: Path | None = None,
) -> None:
    """Train ``recipe`` on fold ``run.fold``; write history, weights, predictions, attention and, last, run.json.

    folds: the protocol's folds table, whose metadata hold the ``protocol`` where none is given; features: folder of
    shards by feature; out: folder of the run; code: fingerprint of the code that decides the outcome, computed here
    where empty; shards: how many a feature has, all in its folder where not given; transcripts: folder of shards and
    embedding: word vectors to start from, for a recipe that reads words. A run that was killed continues from its
    checkpoint. SerError for folds, features or recipes that do not fit together, and for a loss that is not finite.
    """
    started, clock = datetime.now(UTC), time.monotonic()
    provenance = {"versions": versions(), **commit()}  # now: the code may be edited while the run lasts
    module = catalog.load("models", recipe.model)
    kind = model_inputs.kind(module)
    code = code or catalog.fingerprint(__name__, f"ser.models.{recipe.model}")
    job = Job(run, recipe, code, started)
    place = prepare("cpu" if kind == "estimator" else device, threads)
    fold = read_fold(folds, run.fold, protocol)
    files = InputFiles(features, transcripts, embedding, shards)
    loaded = fold_data.load(fold, model_inputs.read_by(module, recipe), files, device=place, seed=run.seed)
    loading = time.monotonic() - clock
    checkpoint = _checkpoint(job, loaded, threads)
    with Meter(gpu_uuid(place)) as meter:
        outcome = TRAINERS[kind](TrainingTask(recipe, module, run.seed, checkpoint, threads), loaded)
    _write(job, loaded, outcome, out)
    record = {
        **_asked(job, fold),
        **_learned(outcome, loaded, loading, time.monotonic() - clock),
        **_surroundings(place, threads),
        "energy_joules": meter.joules,  # of this attempt, other jobs on the same device included; empty: not readable
        **provenance,
        "features": {feature.view.feature: feature.notes for feature in loaded.features()},
        "data": loaded.digests(),
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
        embedded_checksum.KEY: embedded_checksum.BLANK,
    }
    write_text(out / "run.json", json.dumps(record, indent=1, ensure_ascii=False) + "\n")
    checkpoint.delete()


def _checkpoint(job: Job, loaded: FoldData, threads: int) -> CheckpointFile:
    """Return the checkpoint of this run: its key covers all that decides the outcome."""
    data = [f"{name}={digest}" for name, digest in sorted(loaded.digests().items())]
    data.append(f"threads={threads}")  # the order of additions, and so the last bits, depends on them
    run, fold = job.run, loaded.fold
    key = training_state.key(job.recipe, fold.protocol, job.code, data, run.seed, run.fold, loaded.device.type)
    return CheckpointFile(Path(layout.CHECKPOINTS, key), str(run.folder))


def _write(job: Job, loaded: FoldData, outcome: Outcome, out: Path) -> None:
    fold = loaded.fold
    (out / "run.json").unlink(missing_ok=True)  # of an earlier run: never beside files that are not its own
    contracts.write(contracts.HISTORY, epoch_selection.table(outcome.history), out / "history.parquet")
    header = {
        "recipe": json.loads(job.recipe.decisive()),
        "classes": list(fold.classes),
        "vocabulary": [] if loaded.words is None else list(loaded.words.vocabulary),
        embedded_checksum.KEY: embedded_checksum.BLANK,
    }
    # One entry: safetensors writes several in a random order.
    text = json.dumps(header, ensure_ascii=False, sort_keys=True)
    with atomic_write(out / "model.safetensors") as partial:
        save_file(dict(outcome.weights), partial, metadata={"ser": text})
    table = _predictions(job.run, fold, outcome)
    notes = {"classes": json.dumps(fold.classes), "digest": fold.protocol.digest()}
    notes["tested"] = fold.notes.get("tested", "once")
    contracts.write(contracts.PREDICTIONS, table, out / "predictions.parquet", notes)
    hop = None if loaded.frames is None else json.loads(loaded.frames.notes.get("hop", "null"))
    attention = attention_record.table(fold, outcome.attention, hop)
    contracts.write(contracts.ATTENTION, attention, out / "attention.parquet")


def _predictions(run: Run, fold: Fold, outcome: Outcome) -> pa.Table:
    rows = fold.rows("test")
    predicted = outcome.probabilities.argmax(axis=1)
    fixed = {name: [value] * len(rows) for name, value in run._asdict().items()}
    return pa.table(
        {
            **fixed,
            "utterance": [fold.utterances[row] for row in rows],
            "speaker": [fold.speakers[row] for row in rows],
            "label": [fold.classes[k] for k in fold.labels[rows]],
            "predicted": [fold.classes[k] for k in predicted],
            "probabilities": list(outcome.probabilities),
        },
        schema=contracts.PREDICTIONS.schema,
    )


def _asked(job: Job, fold: Fold) -> dict[str, Any]:
    """Return the half of the record that was known before training."""
    return {
        **job.run._asdict(),
        "protocol_digest": fold.protocol.digest(),
        "protocol_record": json.loads(fold.protocol.decisive()),
        "recipe": json.loads(job.recipe.decisive()),
        "warning": fold.notes.get("warning", ""),
        "folds": fold.of,
        "classes": list(fold.classes),
        "counts": fold.counts(),
        "selection": fold.protocol.selection,
        "code": job.code,
        "started": job.started.isoformat(timespec="seconds"),
    }


def _learned(outcome: Outcome, data: FoldData, loading: float, total: float) -> dict[str, Any]:
    seconds = [row.seconds for row in outcome.history]
    return {
        "parameters": outcome.parameters,
        "examples": {part: len(data.examples(part).label) for part in contracts.PARTS},
        "seconds": round(total, 3),  # of this attempt
        "seconds_loading": round(loading, 3),
        "seconds_training": round(sum(seconds), 3),  # of all attempts
        "seconds_per_epoch": round(float(np.mean(seconds)), 4),
        "epochs_run": len(outcome.history),
        "best_epoch": outcome.best_epoch,
        "resumed": outcome.resumes,
        "notes": outcome.notes,
    }


def _surroundings(place: torch.device, threads: int) -> dict[str, Any]:
    return {
        "device": torch.cuda.get_device_name(place) if place.type == "cuda" else processor.name(),
        "device_id": processor.gpu_id(place.index or 0) if place.type == "cuda" else "",
        "device_type": place.type,
        "precision": precision(place),
        "threads": threads,
    }
