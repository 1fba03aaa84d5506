"""Sixteen recordings in stereo with silence around them, all features and transcripts, and any system in a second."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import torch
from safetensors.torch import save_file

from ser import layout
from ser.config import read
from ser.config.learning import learns
from ser.config.options import with_options
from ser.config.recipe import Inputs, Recipe
from ser.config.schema import Corpus, Protocol
from ser.layers.xvector import XVector
from ser.layout import Run
from ser.stages._fold_training import train_fold
from ser.stages._train_job import TrainJob
from ser.stages.extract import ExtractJob, extract
from ser.stages.prepare import PrepareJob, prepare
from ser.stages.resample import ResampleJob, resample
from ser.stages.split import SplitJob, split
from ser.stages.train_for_use import TrainForUseJob, train_for_use
from ser.stages.transcribe import TranscribeJob, transcribe
from ser.tables import contracts

CORPUS, RATE = "tiny", 22050
CLASSES = ("angry", "happy", "neutral", "sad")
WORDS = ("no", "yes", "please", "leave", "me", "alone", "good", "morning", "it", "is", "on", "the", "table")
PARTS = {"train": 8, "dev": 4, "test": 4}
UTTERANCES = [(f"{part}{k}", part, CLASSES[k % 4]) for part, count in PARTS.items() for k in range(count)]
FEATURES = read.features(read.SHIPPED)
PRETRAINED = {name for name, feature in FEATURES.items() if "model" in feature.options or feature.extractor == "ge2e"}
SYSTEMS = {  # without those that need weights from elsewhere, and those of dimensions
    name: recipe
    for name, recipe in read.shipped(read.SHIPPED)[1].items()
    if "majority" in learns(recipe.model)
    and not (recipe.from_hub or PRETRAINED & {view.feature for view in recipe.inputs.views().values()})
}
TINY = {"epochs": 1, "steps": 1, "batch": 8, "milestones": ()}
SHORT = 60  # frames of what a recipe makes equally long: padding takes most of the time of a training
TEXTS = {name: " ".join(np.random.default_rng(k).choice(WORDS, 3)) for k, (name, _, _) in enumerate(UTTERANCES)}
TRANSCRIPTS = {"given": None, "recognised": "pocketsphinx"}


def protocol(**keys: Any) -> Protocol:
    stated = {"title": "", "rule": "any", "labels": {name: [name] for name in CLASSES}, "selection": "dev_ua"}
    return Protocol.model_validate(stated | keys)


class Project:
    """The files below the present folder; features are extracted when a system first reads them."""

    def __init__(self) -> None:
        Path("wav").mkdir()
        rows = ["path,utterance,emotion,speaker,gender,text"]
        for k, (name, part, label) in enumerate(UTTERANCES):
            soundfile.write(f"wav/{name}.wav", sound(k), RATE, "PCM_16")
            rows.append(f"{name}.wav,{name},{label},{part}{k % 2},{'female' if k % 2 else 'male'},{TEXTS[name]}")
        Path("wav/labels.csv").write_text("\n".join(rows))
        options = {"table": "labels.csv"}
        entry = {"adapter": "table", "root": "wav", "options": options, "channel": "left", "trim": "speech"}
        corpus = with_options(Corpus.model_validate(entry), "tiny")
        data = Path("data", CORPUS)
        paths = {"manifest": layout.manifest(CORPUS), "recordings": data / "r.parquet", "excluded": data / "x.csv"}
        paths["measures"] = layout.measures(CORPUS)
        prepare(PrepareJob(corpus=CORPUS, settings=corpus, root=Path("wav"), **paths))
        self.audio = layout.audio(CORPUS) / "0.parquet"
        resample(
            ResampleJob(
                root=Path("wav"), shard=0, channel=corpus.channel, recordings=paths["recordings"], out=self.audio
            )
        )
        torch.manual_seed(0)
        note = '{"speakers": 2, "corpus": "tiny", "speaker_accuracy": 0.5, "held_out": 1, "epochs": 1, "seed": 0}'
        save_file(XVector().state_dict(), data / "xvector.safetensors", {"training": note})

    def feature(self, name: str) -> Path:
        folder = layout.features(CORPUS, name)
        if not folder.is_dir():
            entry = FEATURES[name]
            own = {"weights": str(Path("data", CORPUS, "xvector.safetensors"))} if name == "xvector" else {}
            job = ExtractJob(
                feature=name,
                extractor=entry.extractor,
                options=entry.options | own,
                audio=self.audio,
                out=folder / "0.parquet",
                device="cpu",
            )
            extract(job)
        return folder

    def transcript(self, name: str) -> Path:
        folder = layout.transcripts(CORPUS, name)
        if not folder.is_dir():
            job = TranscribeJob(
                shard=0,
                recogniser=TRANSCRIPTS[name],
                manifest=layout.manifest(CORPUS),
                audio=self.audio,
                out=folder / "0.parquet",
                device="cpu",
            )
            transcribe(job)
        return folder

    def split(self, name: str, rule: Protocol, folds: int) -> None:
        """Write the folds that a rule of the package makes."""
        files = {"manifest": layout.manifest(CORPUS), "out": layout.folds(CORPUS, name)}
        split(SplitJob(corpus=CORPUS, name=name, protocol=rule, folds=folds, **files))

    def train(self, system: str, rule: Protocol | None = None, name: str = "held-out", fold: int = 0) -> Path:
        """Train a system for one step, on all speakers but those of dev if so is the fold; return its run's folder."""
        rule = rule or protocol()
        shipped = with_options(SYSTEMS[system], system)
        recipe: Recipe = shipped.model_copy(
            update={"training": shipped.training.model_copy(update=TINY), "inputs": shortened(shipped.inputs)}
        )
        return self.train_recipe(system, recipe, rule, name, fold)

    def train_recipe(self, system: str, recipe: Recipe, rule: Protocol, name: str = "held-out", fold: int = 0) -> Path:
        """Train a recipe as it is; return the folder of its run."""
        folds = layout.folds(CORPUS, name)
        if not folds.is_file():
            write_folds(folds, rule)
        run = Run(CORPUS, name, system, 0, fold)
        inputs, for_use = recipe.inputs, fold == layout.FOR_USE
        job = (TrainForUseJob if for_use else TrainJob)(
            **run._asdict(),
            recipe=recipe,
            features={view.feature: self.feature(view.feature) for view in inputs.views().values()},
            transcripts=self.transcript(inputs.words.transcript) if inputs.words else None,
            folds=folds,
            threads=1,
            device="cpu",
            code="" if for_use else "code",
            out=run.folder,
        )
        (train_for_use if for_use else train_fold)(job)
        return run.folder


def shortened(inputs: Inputs) -> Inputs:
    """Return ``inputs`` with a fixed length and segments of ``SHORT`` frames, three segments in a long utterance."""
    frames = inputs.frames
    if frames is None:
        return inputs
    size = {"frames": SHORT, "train_hop": SHORT, "test_hop": SHORT // 2}
    segments = None if frames.segments is None else frames.segments.model_copy(update=size)
    length = None if frames.length is None else SHORT
    return inputs.model_copy(update={"frames": frames.model_copy(update={"length": length, "segments": segments})})


def sound(seed: int) -> np.ndarray:
    """Return 0.5 to 1.1 s of a voice between 0.3 s of near silence, (samples, 2): the second channel is noise."""
    generator = np.random.default_rng(seed)
    time = np.arange(int(RATE * (0.5 + 0.04 * seed))) / RATE
    tone = np.sin(2 * np.pi * (110 + 20 * (seed % 4)) * time + 2 * np.sin(2 * np.pi * 3 * time))
    voice = np.pad(0.2 * tone * (0.3 + np.abs(np.sin(9 * time))), int(0.3 * RATE))
    noise = generator.normal(size=(len(voice), 2)) * (1e-4, 0.1)
    return noise + np.stack([voice, np.zeros_like(voice)], axis=1)


def write_folds(path: Path, rule: Protocol) -> None:
    rows = [
        {"utterance": name, "fold": 0, "part": part, "label": label, "speaker": f"{part}{k % 2}"}
        for k, (name, part, label) in enumerate(UTTERANCES)
    ]
    contracts.write(contracts.FOLDS, rows, path, {"protocol": rule.model_dump_json(), "warning": ""})


def names_of_test() -> Iterable[str]:
    return (name for name, part, _ in UTTERANCES if part == "test")
