"""The transcripts of a fold's utterances on the device, as rows of a table of word vectors."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ser.config.schema import Words
from ser.errors import SerError, offenders
from ser.text import transcripts
from ser.training import vocabulary, word_vectors
from ser.training.device import move
from ser.training.fold import Fold


@dataclass(frozen=True)
class WordInput:
    """words: (utterances, most words) int64 on the device, rows of ``table``, 0 on padding.

    counts: (utterances,) int64 on the host, words of each transcript, at least 1; table: (entries, dims) float32 on the
    host, initial vectors; length: words of every transcript where the recipe fixes it; vocabulary: the words of rows 2
    and after; notes: remarks for the record of the run.
    """

    words: Tensor
    counts: NDArray[np.int64]
    table: Tensor
    length: int | None
    vocabulary: tuple[str, ...]
    notes: tuple[str, ...]

    def batch(self, utterance: Tensor, rows: NDArray[np.int64]) -> tuple[Tensor, Tensor]:
        """Return words and which are real, both (batch, words), of ``utterance`` (``rows`` on the host)."""
        counts = self.counts[rows]
        words = self.words[utterance, : self.length or int(counts.max())]
        if self.length:
            return words, torch.ones_like(words, dtype=torch.bool)
        return words, torch.arange(words.shape[1], device=words.device) < move(counts, words.device).unsqueeze(1)

    def digest(self) -> str:
        """Return 32 hexadecimal digits over words, counts and initial vectors."""
        digest = hashlib.blake2b(self.words.cpu().numpy().tobytes(), digest_size=16)
        digest.update(self.counts.tobytes())
        digest.update(self.table.numpy().tobytes())
        return digest.hexdigest()


def sentences(folder: Path, utterances: Sequence[str], shards: int | None = None) -> list[list[str]]:
    """Return the words of ``utterances`` from the first ``shards`` in ``folder``; SerError names those missing."""
    table = transcripts.read(folder, shards)
    found = dict(zip(table["utterance"].to_pylist(), table["words"].to_pylist(), strict=True))
    missing = [name for name in utterances if name not in found]
    if missing:
        raise SerError(f"{folder} has no transcript of {len(missing)} utterances: {offenders(missing)}.")
    return [found[name] for name in utterances]


def make(
    words: Words,
    sentences: Sequence[Sequence[str]],
    fold: Fold,
    device: torch.device,
    *,
    seed: int,
    embedding: Path | None = None,
) -> WordInput:
    """Return the ``sentences`` of a fold's utterances as a model reads them.

    The vocabulary is that of the train part. A transcript without a word is legal: it is one unknown word. SerError as
    in ``vocabulary.learned`` and ``word_vectors.initial``.
    """
    most = min((count for count in (words.limit, words.length) if count is not None), default=None)
    kept = [list(sentence[:most]) for sentence in sentences]
    known = vocabulary.learned([kept[row] for row in fold.rows("train").tolist()], words)
    table, origin = word_vectors.initial(words, known, seed, embedding)
    row_of = {word: row for row, word in enumerate(known, start=vocabulary.UNKNOWN + 1)}
    rows = [vocabulary.rows(sentence, row_of) for sentence in kept]
    counts = np.array([len(row) for row in rows], dtype=np.int64)
    padded = np.full((len(rows), words.length or int(counts.max())), vocabulary.PADDING, dtype=np.int64)
    for row, sentence in zip(padded, rows, strict=True):
        row[: len(sentence)] = sentence
    notes = [origin]
    empty = sum(not sentence for sentence in kept)
    if empty:
        notes.append(f"{empty} of {len(kept)} transcripts are empty and read as one unknown word")
    if len(known) == 1:
        notes.append("the vocabulary is a single word: the transcripts hardly distinguish utterances")
    return WordInput(move(padded, device), counts, torch.from_numpy(table), words.length, known, tuple(notes))
