"""Stage train: one system, seed and fold; fit on train, choose on dev, speak on test."""

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pyarrow as pa
import torch
from pydantic import ValidationError
from safetensors.torch import save_file

from ser import catalog
from ser.config.schema import Protocol, Recipe, View
from ser.errors import SerError, unknown
from ser.files import embedded_checksum
from ser.files.atomic import atomic_write, write_text
from ser.layout import Run
from ser.tables import contracts
from ser.training import card, checkpoint, data, estimator, focus, history, material, network, text
from ser.training.checkpoint import Checkpoint
from ser.training.device import describe, identity, precision, prepare
from ser.training.energy import Meter
from ser.training.fold import Fold
from ser.training.fold import read as read_fold
from ser.training.outcome import Outcome


@dataclass(frozen=True)
class Job:
    """What the stage was asked for. ``notes``: what the split stage wrote beside the folds."""

    run: Run
    recipe: Recipe
    protocol: Protocol
    notes: Mapping[str, str]
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
    embedding: word vectors to start from, for a recipe that reads words. A run that was killed goes on from its
    checkpoint. SerError for folds, features or recipes that do not fit together, and for a loss that is not finite.
    """
    started, clock = datetime.now(UTC), time.monotonic()
    provenance = {"versions": card.versions(), **card.commit()}  # now: the code may be edited while the run lasts
    module = catalog.load("models", recipe.model)
    code = code or catalog.fingerprint(__name__, f"ser.models.{recipe.model}")
    notes = _notes(folds, run.fold)
    job = Job(run, recipe, protocol or _protocol(folds, notes), notes, code, started)
    place = prepare("cpu" if _kind(module) == "estimator" else device, threads)
    fold = read_fold(folds, run.fold, job.protocol)
    loaded = _load(recipe, module, fold, features, shards)
    written = _text(job, module, fold, transcripts, embedding, shards, place)
    sentences = None if written is None else written.sentences
    given = material.place(fold, loaded, _views(recipe, module), job.protocol, place, sentences)
    loading = time.monotonic() - clock
    digests = {"folds": fold.digest(), **{found.feature: found.digest for found in loaded.values()}}
    if written is not None:
        digests["words"] = written.digest()
    data_key = [f"{name}={digest}" for name, digest in sorted(digests.items())]
    data_key.append(f"threads={threads}")  # the order of additions, and so the last bits, depends on them
    key = checkpoint.key(recipe, job.protocol, code, data_key, run.seed, run.fold, place.type)
    state = Checkpoint(key, str(run.folder))
    with Meter(place) as meter:
        if _kind(module) == "estimator":
            outcome = estimator.train(recipe, module, given, seed=run.seed, threads=threads)
        else:
            outcome = network.train(recipe, job.protocol, module, given, seed=run.seed, checkpoint=state)
    if written is not None:
        outcome = replace(outcome, notes=[*outcome.notes, *written.notes])
    _write(job, fold, outcome, out, () if written is None else written.vocabulary)
    contracts.write(contracts.ATTENTION, focus.table(fold, outcome.looks, _hop(loaded)), out / "attention.parquet")
    record = {
        **_asked(job, fold),
        **_learned(outcome, given, loading, time.monotonic() - clock),
        **_surroundings(place, threads),
        "energy_joules": meter.joules,  # of this attempt, other jobs on the same device included; empty: not readable
        **provenance,
        "features": {found.feature: found.notes for found in loaded.values()},
        "data": digests,
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
        embedded_checksum.KEY: embedded_checksum.BLANK,
    }
    write_text(out / "run.json", json.dumps(record, indent=1, ensure_ascii=False) + "\n")
    state.delete()


def _notes(folds: Path, fold: int) -> dict[str, str]:
    """Return what stands beside the folds, once they are known to be folds."""
    contracts.read(contracts.FOLDS, folds, {"fold": fold})
    return contracts.metadata(folds)


def _protocol(folds: Path, notes: Mapping[str, str]) -> Protocol:
    """Return the protocol that the split stage wrote beside the folds."""
    try:
        return Protocol.model_validate_json(notes["protocol"])
    except (KeyError, ValidationError) as error:
        raise SerError(f"{folds} does not say which protocol it is of ({error}); split again.") from error


def _kind(module: ModuleType) -> str:
    return str(getattr(module, "KIND", "network"))


def _views(recipe: Recipe, module: ModuleType) -> dict[str, View]:
    return estimator.inputs(recipe) if _kind(module) == "estimator" else recipe.inputs.views()


def _load(
    recipe: Recipe, module: ModuleType, fold: Fold, features: Mapping[str, Path], shards: int | None
) -> dict[str, data.Matrices]:
    """Return the matrices of the fold's utterances, by modality."""
    seen = _views(recipe, module)
    missing = [view.feature for view in seen.values() if view.feature not in features]
    if missing:
        raise unknown("feature", missing[0], features)
    return {
        name: data.load(view.feature, features[view.feature], fold.utterances, shards) for name, view in seen.items()
    }


def _hop(loaded: Mapping[str, data.Matrices]) -> float | None:
    """Return the seconds per row of the frames, as the extract stage wrote them; None where nobody did."""
    notes = loaded["frames"].notes if "frames" in loaded else {}
    hop: float | None = json.loads(notes.get("hop", "null"))
    return hop


def _text(
    job: Job,
    module: ModuleType,
    fold: Fold,
    transcripts: Path | None,
    embedding: Path | None,
    shards: int | None,
    place: torch.device,
) -> text.Text | None:
    """Return the fold's words where the model reads any; SerError where nobody wrote them."""
    words = None if _kind(module) == "estimator" else job.recipe.inputs.words
    if words is None:
        return None
    if transcripts is None:
        raise SerError(f"the system '{job.run.system}' reads words, but no folder of transcripts was given.")
    sentences = text.load(transcripts, fold.utterances, shards)
    return text.read(words, sentences, fold, place, seed=job.run.seed, embedding=embedding)


def _write(job: Job, fold: Fold, outcome: Outcome, out: Path, vocabulary: Sequence[str]) -> None:
    (out / "run.json").unlink(missing_ok=True)  # of an earlier run: never beside files that are not its own
    contracts.write(contracts.HISTORY, history.table(outcome.history), out / "history.parquet")
    classes = json.dumps(fold.classes)
    with atomic_write(out / "model.safetensors") as partial:
        save_file(dict(outcome.weights), partial, metadata=_beside(job, classes, vocabulary))
    table = _predictions(job.run, fold, outcome)
    notes = {"classes": classes, "digest": job.protocol.digest(), "tested": job.notes.get("tested", "once")}
    contracts.write(contracts.PREDICTIONS, table, out / "predictions.parquet", notes)


def _beside(job: Job, classes: str, vocabulary: Sequence[str]) -> dict[str, str]:
    """Return what the weights need beside them: one entry, since safetensors writes several in a random order."""
    held = {
        "recipe": json.loads(job.recipe.decisive()),
        "classes": json.loads(classes),
        "vocabulary": list(vocabulary),
        embedded_checksum.KEY: embedded_checksum.BLANK,
    }
    return {"ser": json.dumps(held, ensure_ascii=False, sort_keys=True)}


def _predictions(run: Run, fold: Fold, outcome: Outcome) -> pa.Table:
    rows = fold.rows("test")
    said = outcome.probabilities.argmax(axis=1)
    fixed = {name: [value] * len(rows) for name, value in run._asdict().items()}
    return pa.table(
        {
            **fixed,
            "utterance": [fold.utterances[row] for row in rows],
            "speaker": [fold.speakers[row] for row in rows],
            "label": [fold.classes[k] for k in fold.labels[rows]],
            "predicted": [fold.classes[k] for k in said],
            "probabilities": list(outcome.probabilities),
        },
        schema=contracts.PREDICTIONS.schema,
    )


def _asked(job: Job, fold: Fold) -> dict[str, Any]:
    """Return the half of the record that was known before training."""
    return {
        **job.run._asdict(),
        "protocol_digest": job.protocol.digest(),
        "protocol_record": json.loads(job.protocol.decisive()),
        "recipe": json.loads(job.recipe.decisive()),
        "warning": job.notes.get("warning", ""),
        "folds": fold.of,
        "classes": list(fold.classes),
        "counts": fold.counts(),
        "selection": job.protocol.selection,
        "code": job.code,
        "started": job.started.isoformat(timespec="seconds"),
    }


def _learned(outcome: Outcome, fitted_on: material.Material, loading: float, total: float) -> dict[str, Any]:
    seconds = [row.seconds for row in outcome.history]
    return {
        "parameters": outcome.parameters,
        "examples": {part: len(fitted_on.examples(part).label) for part in contracts.PARTS},
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
        "device": describe(place),
        "device_id": identity(place),
        "device_type": place.type,
        "precision": precision(place),
        "threads": threads,
    }
