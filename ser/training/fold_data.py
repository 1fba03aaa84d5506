"""The data of a fold on the device, its examples (whole utterances or segments), and the batches that a model reads."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ser.config.recipe import Inputs, View
from ser.errors import SerError, unknown
from ser.layers.interface import Batch, Shape
from ser.training import feature_input, word_input
from ser.training.device import move
from ser.training.dimensions import Scale
from ser.training.feature_input import FeatureInput
from ser.training.fold import Fold
from ser.training.word_input import WordInput

Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Examples:
    """Utterances, or segments of them, of one part, sorted by utterance; all (examples,) int64 on the host.

    utterance: row of the fold; start: first row of the frames' values; frames: real frames; label: class, -1: none.
    """

    utterance: Rows
    start: Rows
    frames: Rows
    label: Rows


@dataclass(frozen=True)
class FoldData:
    """A fold and what a model reads of it. features: of the modalities frames and vector; words: None if not read."""

    fold: Fold
    device: torch.device
    features: Mapping[str, FeatureInput]
    words: WordInput | None = None

    @property
    def length(self) -> int | None:
        """Return the frames of every example where the view fixes it, or None."""
        return fixed_length(self.features["frames"].view) if "frames" in self.features else None

    @property
    def average(self) -> str:
        """Return what is averaged over the segments of an utterance: softmax or logits."""
        segments = self.features["frames"].view.segments if "frames" in self.features else None
        return segments.average if segments else "softmax"

    @property
    def shape(self) -> Shape:
        """Return the sizes that the model is built for."""
        dims = {modality: one.dims for modality, one in self.features.items()}
        table, sentence = (None, None) if self.words is None else (self.words.table, self.words.length)
        return Shape(dims.get("frames"), self.length, dims.get("vector"), table, sentence, self.fold.outputs)

    @cached_property
    def scale(self) -> Scale | None:
        """Return what the dimensions are scaled by, None for classes."""
        targets = self.fold.targets
        if targets is None or self.fold.classes:
            return None
        return Scale.fitted(targets[self.fold.rows("train")])

    @cached_property
    def targets(self) -> Tensor | None:
        """Return the targets of all utterances on the device, None where the label is the target."""
        values = self.fold.targets
        if values is None:
            return None
        return move(values if self.scale is None else self.scale.scaled(values), self.device)

    def digests(self) -> dict[str, str]:
        """Return a digest of the fold, of each feature by its name, and of the words."""
        found = {"folds": self.fold.digest()}
        found |= {one.view.feature: one.digest for one in self.features.values()}
        return found if self.words is None else found | {"words": self.words.digest()}

    def examples(self, part: str) -> Examples:
        """Return the examples of a part: whole utterances, or the segments that the view of the frames cuts.

        Segments begin at the view's train hop in the train part and at its test hop elsewhere. Without frames each
        utterance counts as one frame.
        """
        rows = self.fold.rows(part)
        labels = self.fold.labels[rows]
        if "frames" not in self.features:
            return Examples(rows, rows, np.ones_like(rows), labels)
        view, offsets = self.features["frames"].view, self.features["frames"].offsets
        first, counts = offsets[rows], np.diff(offsets)[rows]
        for most in (view.limit, view.length):
            counts = np.minimum(counts, most) if most else counts
        if view.segments is None:
            return Examples(rows, first, counts, labels)
        size, hop = view.segments.frames, view.segments.train_hop if part == "train" else view.segments.test_hop
        cuts = [segment_starts(int(count), size, hop, view.segments.tail) for count in counts]
        pieces = np.array([len(cut) for cut in cuts], dtype=np.int64)
        utterance = np.repeat(rows, pieces)
        start = np.repeat(first, pieces) + np.concatenate([np.zeros(0, np.int64), *cuts])
        frames = np.repeat(np.minimum(counts, size), pieces)
        return Examples(utterance, start, frames, self.fold.labels[utterance])

    def batches(self, examples: Examples, order: Sequence[Rows]) -> Iterator[tuple[Batch, Tensor]]:
        """Yield each batch of ``order`` (indices into ``examples``) with its labels (batch,) int64, on the device.

        Where the fold has targets, these are yielded instead: (batch, outputs) float32, those of dimensions scaled.
        The tables of a whole epoch cross to the device in one transfer, so that no batch waits for the host.
        """
        flat = np.concatenate([np.zeros(0, np.int64), *order])
        table = np.stack([part[flat] for part in (examples.utterance, examples.start, examples.frames, examples.label)])
        sizes = [len(indices) for indices in order]
        devices = {self.device.type: self.device}  # and the host, for a feature that is there
        devices |= {one.values.device.type: one.values.device for one in self.features.values()}
        tables = {kind: torch.split(move(table, device), sizes, dim=1) for kind, device in devices.items()}
        for number, indices in enumerate(order):
            here = {kind: batches[number] for kind, batches in tables.items()}
            found: dict[str, Tensor] = {}
            if "frames" in self.features:
                feature, longest = self.features["frames"], self.length or int(examples.frames[indices].max())
                utterance, start, frames, _ = here[feature.values.device.type]
                found["frames"], real = feature.frames(utterance, start, frames, longest)
                found["mask"] = torch.ones_like(real) if self.length else real
            if "vector" in self.features:
                feature = self.features["vector"]
                found["vector"] = feature.vectors(here[feature.values.device.type][0])
            utterance, _, _, label = here[self.device.type]
            if self.words is not None:
                found["words"], found["word_mask"] = self.words.batch(utterance, examples.utterance[indices])
            yield Batch(**found), label if self.targets is None else self.targets[utterance]


def load(
    fold: Fold,
    inputs: Inputs,
    features: Mapping[str, Path],
    transcripts: Path | None = None,
    embedding: Path | None = None,
    *,
    shards: int | None = None,
    device: torch.device,
    seed: int,
    largest: float = math.inf,
) -> FoldData:
    """Return the data of ``fold`` for ``inputs``, those that the model reads.

    features: folder of shards by feature; transcripts: folder of shards; shards: how many each folder has, all that are
    there where it is None; embedding: word vectors to start from; seed: of the other word vectors; largest: bytes of a
    feature that are held in memory, a larger one is read from a mapped file. SerError where a file is missing or does
    not fit.
    """
    found: dict[str, FeatureInput] = {}
    for modality, view in inputs.views().items():
        if view.feature not in features:
            raise unknown("feature", view.feature, features)
        found[modality] = feature_input.load(
            view, modality, features[view.feature], fold, device, shards, largest=largest
        )
    words = None
    if inputs.words is not None:
        if transcripts is None:
            raise SerError("the recipe reads inputs.words, but no folder of transcripts was given.")
        sentences = word_input.sentences(transcripts, fold.recordings, shards)
        words = word_input.make(inputs.words, sentences, fold.recorded, device, seed=seed, embedding=embedding)
    return FoldData(fold, device, found, words)


def segment_starts(frames: int, length: int, hop: int, tail: int) -> Rows:
    """Return the first frames of the segments of an utterance of ``frames``: every ``hop``, while a whole one fits.

    A last segment, aligned to the utterance's end, is added where at least ``tail`` frames are left over, 1 or more. A
    shorter utterance has one.
    """
    regular = np.arange(0, max(frames - length, 0) + 1, hop, dtype=np.int64)
    last = frames - length
    return np.append(regular, last) if last - regular[-1] >= tail else regular


def fixed_length(view: View) -> int | None:
    """Return the frames of every example where the view fixes it, or None."""
    return view.segments.frames if view.segments else view.length
