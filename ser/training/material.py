"""What a run learns from and is tested on: every modality once on the device, and the examples cut from it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ser.config.schema import Protocol, View
from ser.layers.batch import Batch, Shape
from ser.training import views
from ser.training.data import Matrices
from ser.training.fold import Fold


@dataclass(frozen=True)
class Modality:
    """A feature on the device with the view of it.

    values: (rows, dims) in the stored type; mean, sd: (groups, dims or 1) float32 or None; group: (utterances,) int64.
    """

    view: View
    values: Tensor
    mean: Tensor | None
    sd: Tensor | None
    group: Tensor

    def statistics(self, utterance: Tensor) -> tuple[Tensor | None, Tensor | None]:
        """Return mean and sd for each of ``utterance`` (batch,)."""
        if self.mean is None or self.sd is None:
            return None, None
        group = self.group[utterance]
        return self.mean[group], self.sd[group]


@dataclass(frozen=True)
class Sentences:
    """The transcripts on the device, as rows of a table of word vectors.

    words: (utterances, most words) int64, 0 on padding; counts: (utterances,) int64 on the host, at least 1 each;
    table: (entries, dims) float32, initial vectors; length: words of every transcript where the recipe fixes it.
    """

    words: Tensor
    counts: NDArray[np.int64]
    table: Tensor
    length: int | None

    def batch(self, utterance: Tensor, rows: NDArray[np.int64]) -> tuple[Tensor, Tensor]:
        """Return words and which are real, both (batch, words), of ``utterance`` (``rows`` on the host)."""
        counts = self.counts[rows]
        words = self.words[utterance, : self.length or int(counts.max())]
        if self.length:
            return words, torch.ones_like(words, dtype=torch.bool)
        return words, torch.arange(words.shape[1], device=words.device) < to_device(counts, words.device).unsqueeze(1)


@dataclass(frozen=True)
class Examples:
    """Utterances, or the segments of them, of one part; all (examples,) int64 on the host.

    utterance: row of the fold; start: first row of ``frames.values``; frames: real frames; label: class.
    """

    utterance: NDArray[np.int64]
    start: NDArray[np.int64]
    frames: NDArray[np.int64]
    label: NDArray[np.int64]


@dataclass(frozen=True)
class Material:
    """A fold's data on a device. ``length``: frames of every example where the view fixes it."""

    fold: Fold
    device: torch.device
    frames: Modality | None
    vector: Modality | None
    offsets: NDArray[np.int64]
    length: int | None
    words: Sentences | None = None

    @property
    def shape(self) -> Shape:
        """Return what the model is built for."""
        return Shape(
            None if self.frames is None else int(self.frames.values.shape[1]),
            self.length,
            None if self.vector is None else int(self.vector.values.shape[1]),
            None if self.words is None else self.words.table,
            None if self.words is None else self.words.length,
            self.fold.classes,
        )

    def examples(self, part: str) -> Examples:
        """Return the examples of a part: whole utterances, or segments at the view's train or test hop."""
        rows = self.fold.rows(part)
        if self.frames is None:
            return Examples(rows, rows, np.ones_like(rows), self.fold.labels[rows])
        view = self.frames.view
        counts = np.diff(self.offsets)[rows]
        for most in (view.limit, view.length):
            counts = np.minimum(counts, most) if most else counts
        first = self.offsets[rows]
        if view.segments is None:
            return Examples(rows, first, counts, self.fold.labels[rows])
        size, hop = view.segments.frames, view.segments.train_hop if part == "train" else view.segments.test_hop
        cuts = [views.starts(int(count), size, hop) for count in counts]
        pieces = np.array([len(cut) for cut in cuts], dtype=np.int64)
        utterance = np.repeat(rows, pieces)
        start = np.repeat(first, pieces) + np.concatenate([np.zeros(0, np.int64), *cuts])
        return Examples(utterance, start, np.repeat(np.minimum(counts, size), pieces), self.fold.labels[utterance])

    def batches(self, examples: Examples, order: Sequence[NDArray[np.int64]]) -> Iterator[tuple[Batch, Tensor]]:
        """Yield each batch of ``order`` (indices into ``examples``) with its labels (batch,) int64, on the device.

        The tables of a whole epoch cross to the device in one transfer, so that no batch waits for the host.
        """
        flat = np.concatenate([np.zeros(0, np.int64), *order])
        table = np.stack([part[flat] for part in (examples.utterance, examples.start, examples.frames, examples.label)])
        sizes = [len(indices) for indices in order]
        for indices, (utterance, start, frames, label) in zip(
            order, torch.split(to_device(table, self.device), sizes, dim=1), strict=True
        ):
            longest = self.length or int(examples.frames[indices].max())
            yield self._batch(examples.utterance[indices], utterance, start, frames, longest), label

    def _batch(self, rows: NDArray[np.int64], utterance: Tensor, start: Tensor, frames: Tensor, longest: int) -> Batch:
        sequence, mask, vector, words, said = None, None, None, None, None
        if self.frames is not None:
            sequence, mask = self._sequence(self.frames, utterance, start, frames, longest)
        if self.vector is not None:
            values = self.vector.values.index_select(0, utterance)
            vector = views.transform(values, self.vector.view, *self.vector.statistics(utterance))
            if self.vector.view.compand != "none":
                whole = torch.ones(len(vector), 1, dtype=torch.bool, device=self.device)
                vector = views.compand(vector.unsqueeze(1), whole, self.vector.view.compand).squeeze(1)
        if self.words is not None:
            words, said = self.words.batch(utterance, rows)
        return Batch(sequence, mask, vector, words, said)

    def _sequence(
        self, modality: Modality, utterance: Tensor, start: Tensor, frames: Tensor, longest: int
    ) -> tuple[Tensor, Tensor]:
        time = torch.arange(longest, device=self.device)
        real = time < frames.unsqueeze(1)  # (batch, time)
        rows = start.unsqueeze(1) + time * real  # padding reads the example's first frame and is then cleared
        values = modality.values.index_select(0, rows.flatten()).view(*rows.shape, -1)
        x = views.transform(values, modality.view, *modality.statistics(utterance))
        x = views.compand(x, real, modality.view.compand)
        x = x.masked_fill_(~real.unsqueeze(-1), views.silence(modality.view.compand))
        return x, torch.ones_like(real) if self.length else real


def to_device(values: NDArray[np.generic], device: torch.device) -> Tensor:
    """Return ``values`` on ``device``, through pinned memory where that is CUDA."""
    tensor = torch.from_numpy(np.ascontiguousarray(values))
    return tensor.pin_memory().to(device, non_blocking=True) if device.type == "cuda" else tensor


def place(
    fold: Fold,
    matrices: Mapping[str, Matrices],
    seen: Mapping[str, View],
    protocol: Protocol,
    device: torch.device,
    words: Sentences | None = None,
) -> Material:
    """Return the material of a fold from ``matrices`` and the views ``seen``, both by modality, and its ``words``."""
    modalities: dict[str, Modality] = {}
    for name, view in seen.items():
        views.check(view, name, matrices[name])
        fitted = views.fit(view, matrices[name], fold, protocol.normalisation)
        group = np.zeros(len(fold.utterances), np.int64) if fitted is None else fitted.group
        modalities[name] = Modality(
            view,
            to_device(matrices[name].values, device),
            None if fitted is None else to_device(fitted.mean, device),
            None if fitted is None else to_device(fitted.sd, device),
            to_device(group, device),
        )
    offsets = matrices["frames"].offsets if "frames" in seen else np.arange(len(fold.utterances) + 1, dtype=np.int64)
    length = fixed_length(seen.get("frames"))
    return Material(fold, device, modalities.get("frames"), modalities.get("vector"), offsets, length, words)


def fixed_length(view: View | None) -> int | None:
    """Return the frames of every example where the view fixes it, or None."""
    if view is None:
        return None
    return view.segments.frames if view.segments else view.length
