"""Stage ``train_xvector``: x-vector weights from a corpus's own speakers, where no published weights are configured."""

import json
from pathlib import Path

import torch
from pydantic import Field
from safetensors.torch import save_file
from torch import Tensor

from ser.errors import SerError
from ser.files import embedded_checksum
from ser.files.atomic import atomic_write
from ser.jobs.devices import granted
from ser.jobs.job import File, GpuJob, Threads
from ser.layers.xvector import MINIMUM, RATE, log_mel
from ser.tables import contracts
from ser.tables.signals import signals
from ser.training.device import prepare
from ser.training.xvector_training import train


class TrainXvectorJob(GpuJob):
    """One corpus."""

    recordings: File = Field(description="RECORDINGS table of the corpus.")
    audio: File = Field(description="Folder of its AUDIO shards.")
    epochs: int = Field(3, ge=1, description="Passes over the corpus.")
    seed: int = Field(0, description="Seed of weights and crops.")
    threads: Threads = Field(1, description="CPU threads of the numerical libraries.")
    out: File = Field(description="Weights to write.")


def train_xvector(job: TrainXvectorJob) -> None:
    """Train x-vector weights on the corpus's speakers, where no published weights are configured.

    Writes a safetensors file under SpeechBrain's parameter names; its note ``training`` (JSON) holds corpus, speakers,
    utterances, epochs, seed, speaker_accuracy (0…1, on held-out utterances of the same speakers) and held_out (their
    number). SerError if the corpus names fewer than two speakers, or if audio is missing.
    """
    with granted(job.gpus, job.device, job.jobs_per_gpu) as device:
        _train(job, prepare(device, job.threads))


def _train(job: TrainXvectorJob, device: torch.device) -> None:
    shards, speakers = _named(job.recordings)
    classes = {speaker: index for index, speaker in enumerate(sorted(set(speakers.values())))}
    levels = _levels(job.audio, shards, set(speakers))
    if missing := sorted(set(speakers) - set(levels)):
        raise SerError(
            f"{job.audio}: no audio of {len(missing)} utterances of {job.recordings}, {missing[0]} first; run resample."
        )
    order = sorted(levels)
    numbers = [classes[speakers[name]] for name in order]
    model, accuracy, held_out = train(
        [levels[name] for name in order], numbers, epochs=job.epochs, seed=job.seed, device=device
    )
    notes = {
        "corpus": contracts.metadata(job.recordings).get("corpus", job.recordings.parent.name),
        "speakers": len(classes),
        "utterances": len(order),
        "epochs": job.epochs,
        "seed": job.seed,
        "speaker_accuracy": round(accuracy, 4),
        "held_out": held_out,
        embedded_checksum.KEY: embedded_checksum.BLANK,
    }
    state = {name: tensor.cpu().contiguous() for name, tensor in model.state_dict().items()}
    with atomic_write(job.out) as partial:
        # one note only: safetensors writes several in a random order, and equal runs shall write equal files
        save_file(state, partial, {"training": json.dumps(notes, sort_keys=True)})


def _named(recordings: Path) -> tuple[list[int], dict[str, str]]:
    """Return the shards to read and the speaker of each utterance that has one."""
    table = contracts.read(contracts.RECORDINGS, recordings).select(["utterance", "speaker", "shard"]).to_pylist()
    named = [row for row in table if row["speaker"] is not None]
    speakers = {row["utterance"]: row["speaker"] for row in named}
    if len(set(speakers.values())) < 2:
        raise SerError(
            f"{recordings} names {len(set(speakers.values()))} speakers, and an x-vector network needs two or more: "
            "set 'weights' in the options of the feature to a published checkpoint, or leave its systems out."
        )
    return sorted({row["shard"] for row in named}), speakers


def _levels(audio: Path, shards: list[int], wanted: set[str]) -> dict[str, Tensor]:
    """Return the log-mel frames of each ``wanted`` utterance, (frames, 24) dB."""
    levels: dict[str, Tensor] = {}
    for path in (audio / f"{shard}.parquet" for shard in shards):
        for name, signal, rate in signals(path):
            if name not in wanted:
                continue
            if rate != RATE or len(signal) < MINIMUM:
                raise SerError(f"{path}: utterance {name} must have {RATE} Hz and at least {MINIMUM} samples.")
            levels[name] = log_mel(torch.from_numpy(signal.copy())[None])[0]
    return levels
