"""Stage ``augment``: one feature of the disturbed copies of the utterances of one audio shard."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pyarrow as pa
from pydantic import Field

from ser import catalog
from ser.conditions._levels import Signal
from ser.config.copies import DisturbedCopy
from ser.config.entries import Options
from ser.errors import SerError, offenders
from ser.jobs.job import File, GpuJob, OptionalFile, Threads
from ser.layout import FOR_USE
from ser.preparation import disturbing
from ser.stages.extract import ExtractJob, extract
from ser.tables import contracts
from ser.tables.signals import signals
from ser.training import fold, use_fold

POOL = 96  # utterances of the train part from which the voices of others are taken


class AugmentJob(GpuJob):
    """One feature of one shard under one strength of a condition."""

    feature: str = Field(description="Name of the feature in the configuration.")
    extractor: str = Field(description="Module in ser/features.")
    options: Options = Field(default_factory=dict, description="Keyword arguments of the extractor.")
    condition: str = Field(description="Module in ser/conditions.")
    strength: float = Field(description="In the unit of the condition.")
    seed: int = Field(0, ge=0, description="Of what is drawn, such as noise.")
    protocol: str | None = Field(None, description="Protocol whose train part gives the voices of others, if needed.")
    fold: int | None = Field(None, ge=FOR_USE, description="Its fold; -1: of the training for use.")
    shards: int | None = Field(None, description="Audio shards of the corpus; without it, all there are.")
    shard: File = Field(description="AUDIO shard to disturb; of a feature of transcripts its own shard, to copy.")
    folds: OptionalFile = Field(None, description="Fold table of the protocol, if voices of others are needed.")
    out: File = Field(description="FEATURES shard to write.")
    threads: Threads = Field(1, description="Processes that extract, where it is the CPU that computes.")

    @property
    def copy_of(self) -> DisturbedCopy:
        """Which copy it is."""
        return DisturbedCopy(self.condition, self.strength, self.seed, self.protocol, self.fold)


def augment(job: AugmentJob) -> None:
    """Extract one feature from a disturbed copy of every utterance of a shard, for training.

    Rows have the names of the copies; noise is drawn for each. With the voices of others it is the train part of one
    fold that has copies and gives them. A feature of transcripts is copied: copies keep the words of their utterances.
    SerError, naming condition and utterance, where a copy is too short, and as in the stage ``extract``.
    """
    if catalog.reads_text(job.extractor):
        table = contracts.read(contracts.FEATURES, job.shard)
        names = pa.array([job.copy_of.of(name) for name in table["utterance"].to_pylist()], pa.string())
        notes = {name: text for name, text in contracts.metadata(job.shard).items() if name != "contract"}
        contracts.write(contracts.FEATURES, table.set_column(0, "utterance", names), job.out, notes)
        return
    with TemporaryDirectory() as folder:
        audio = Path(folder, job.shard.name)
        contracts.write(contracts.AUDIO, list(_rows(job)), audio)
        same = {"threads": job.threads, "gpus": job.gpus, "jobs_per_gpu": job.jobs_per_gpu, "device": job.device}
        named = {"feature": job.feature, "extractor": job.extractor, "options": job.options}
        try:
            extract(ExtractJob(**named, **same, audio=audio, out=job.out))
        except SerError as error:
            why = str(error).removeprefix(f"{audio}: ")
            raise SerError(f"{job.shard}, condition '{job.condition}' {job.strength:g}: {why}") from error


def _rows(job: AugmentJob) -> Iterator[dict[str, Any]]:
    """Yield the rows of an AUDIO table of the copies."""
    copy = job.copy_of
    needed = catalog.constant("conditions", job.condition, "OTHERS")
    train = _train_part(job) if needed else None
    pool = {} if train is None else _voices(job, train)
    voices = disturbing.audio_of(job.shard.parent, job.shards, set(pool)) if pool else {}
    for name, signal, rate in signals(job.shard):
        if train is not None and name not in train:
            continue
        others = [voices[other] for other, speaker in pool.items() if train and speaker != train[name]]
        found: Signal = disturbing.disturbed(signal, copy.of(name), copy.disturbance, job.strength, others)
        samples = found.astype("<f4", copy=False).tobytes()
        yield {"utterance": copy.of(name), "rate": rate, "frames": len(found), "samples": samples}


def _train_part(job: AugmentJob) -> dict[str, str]:
    """Return the utterances of the train part and their speakers; SerError where a speaker is not known."""
    needed = f"condition '{job.condition}' needs the voices of other speakers of the train part"
    if job.folds is None or job.fold is None:
        raise SerError(f"{needed}: name its fold table (--folds) and fold (--fold).")
    found = use_fold.read(job.folds) if job.fold == FOR_USE else fold.read(job.folds, job.fold)
    named = {found.utterances[row]: found.speakers[row] for row in found.rows("train")}
    if unknown := [name for name, speaker in named.items() if speaker is None]:
        raise SerError(f"{needed}, and {job.folds} names no speaker of {offenders(unknown)}.")
    return {name: str(speaker) for name, speaker in named.items()}


def _voices(job: AugmentJob, train: Mapping[str, str]) -> dict[str, str]:
    """Return utterances of the train part and their speakers, drawn by the seed; SerError where it has one speaker."""
    names = sorted(train)
    draw = np.random.default_rng(job.seed)
    drawn = sorted(draw.choice(len(names), min(POOL, len(names)), replace=False).tolist())
    pool = {names[number]: train[names[number]] for number in drawn}
    if len(set(pool.values())) < 2:
        raise SerError(
            f"condition '{job.condition}' needs the voices of other speakers, and fold {job.fold} of {job.folds} "
            f"trains on one, {next(iter(pool.values()))}."
        )
    return pool
