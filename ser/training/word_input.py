"""The transcripts of a fold's utterances on the device, as rows of a table of word vectors."""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ser.config.recipe import Words
from ser.errors import SerError, offenders
from ser.layers.interface import PADDING, UNKNOWN
from ser.tables import contracts
from ser.text import transcripts
from ser.training.device import move
from ser.training.fold import Fold

BOUND = 0.25  # words without a vector: uniform in ±0.25 (Yoon et al. 2018, the authors' code)


@dataclass(frozen=True)
class WordInput:
    """words: (utterances, most words) int64 on the device, rows of ``table``, 0 on padding.

    counts: (utterances,) int64 on the host, words of each transcript, at least 1; table: (entries, dims) float32 on the
    host, initial vectors; length: words of every transcript where the recipe fixes it; vocabulary: the words of rows 2
    and after, first those of train; notes: remarks for the record of the run.
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

    The words of train are known, and with ``words.vocabulary`` "all" every other that the file ``embedding`` has. The
    vector of a word that train lacks is never looked up in training and stays as it was. All other words are unknown. A
    transcript without a word is legal: it is one unknown word. SerError where the train part has no word, or the file's
    vectors do not fit the recipe.
    """
    most = min((count for count in (words.limit, words.length) if count is not None), default=None)
    kept = [list(sentence[:most]) for sentence in sentences]
    learned = _learned([kept[row] for row in fold.rows("train").tolist()], words)
    vectors, origin = _pretrained(words, embedding)
    spoken = {word for sentence in kept for word in sentence if words.vocabulary == "all"}
    others = sorted((spoken & vectors.keys()) - set(learned))
    row_of = {word: row for row, word in enumerate((*learned, *others), start=UNKNOWN + 1)}
    table = _initial(words.dims, len(learned), row_of, vectors, seed)
    rows = [[row_of.get(word, UNKNOWN) for word in sentence] or [UNKNOWN] for sentence in kept]
    counts = np.array([len(row) for row in rows], dtype=np.int64)
    padded = np.full((len(rows), words.length or int(counts.max())), PADDING, dtype=np.int64)
    for row, sentence in zip(padded, rows, strict=True):
        row[: len(sentence)] = sentence
    if embedding is not None:
        found = sum(word in vectors for word in learned)
        origin = f"{origin} for {found} of {len(learned)} words of train; others known: {len(others)}"
    notes = [origin]
    empty = sum(not sentence for sentence in kept)
    if empty:
        notes.append(f"{empty} of {len(kept)} transcripts are empty and read as one unknown word")
    if len(learned) == 1:
        notes.append("the vocabulary is a single word: the transcripts hardly distinguish utterances")
    return WordInput(move(padded, device), counts, torch.from_numpy(table), words.length, tuple(row_of), tuple(notes))


def known(
    words: Words, sentences: Sequence[Sequence[str]], vocabulary: Sequence[str], device: torch.device
) -> WordInput:
    """Return ``sentences`` as a trained model reads them, whose ``vocabulary`` is that of its ``WordInput``.

    Rows, limits and padding are those of ``make``. The table is zero: the model's own vectors take its position.
    """
    most = min((count for count in (words.limit, words.length) if count is not None), default=None)
    row_of = {word: row for row, word in enumerate(vocabulary, start=UNKNOWN + 1)}
    rows = [[row_of.get(word, UNKNOWN) for word in sentence[:most]] or [UNKNOWN] for sentence in sentences]
    counts = np.array([len(row) for row in rows], dtype=np.int64)
    padded = np.full((len(rows), words.length or int(counts.max())), PADDING, dtype=np.int64)
    for row, sentence in zip(padded, rows, strict=True):
        row[: len(sentence)] = sentence
    table = torch.zeros(len(vocabulary) + UNKNOWN + 1, words.dims)
    return WordInput(move(padded, device), counts, table, words.length, tuple(vocabulary), ())


def _learned(sentences: Sequence[Sequence[str]], words: Words) -> tuple[str, ...]:
    """Return the words of the train part's ``sentences``, most frequent first, equal counts by the alphabet.

    Words that occur less often than ``words.minimum`` are left out.
    """
    counts = Counter(word for sentence in sentences for word in sentence)
    ordered = sorted(counts.items(), key=lambda it: (-it[1], it[0]))
    found = tuple(word for word, count in ordered if count >= words.minimum)
    if not found:
        raise SerError(
            f"inputs.words: no transcript '{words.transcript}' of the train part has a word"
            f"{f' that occurs {words.minimum} times' if words.minimum > 1 else ''}; a system with words cannot learn."
        )
    return found


def _pretrained(words: Words, embedding: Path | None) -> tuple[dict[str, list[float]], str]:
    """Return the vectors of the file ``embedding`` by word, and a remark on where vectors come from.

    SerError where they do not have ``words.dims`` values, or a file is given to a recipe that names none.
    """
    if embedding is None:
        named = "" if words.embedding is None else f" ({words.embedding} is not configured)"
        return {}, f"{contracts.FROM_SCRATCH}{named}"
    if words.embedding is None:
        raise SerError(f"{embedding} was given to start from, but the recipe names no inputs.words.embedding.")
    found = contracts.read(contracts.EMBEDDING, embedding)
    vectors = dict(zip(found["word"].to_pylist(), found["vector"].to_pylist(), strict=True))
    widths = sorted({len(vector) for vector in vectors.values()})
    if widths not in ([], [words.dims]):
        raise SerError(
            f"{embedding}: its vectors have {', '.join(map(str, widths))} values, inputs.words.dims is {words.dims}."
        )
    return vectors, f"word vectors from {contracts.metadata(found).get('provenance', words.embedding)}"


def _initial(
    dims: int, learned: int, row_of: Mapping[str, int], vectors: Mapping[str, list[float]], seed: int
) -> NDArray[np.float32]:
    """Return the table (words + 2, dims) of the words in ``row_of``, of which the first ``learned`` are train's.

    Row 0, padding, is zero. A word in ``vectors`` starts there, any other, and row 1 for unknown words, uniform in
    ±0.25 from ``seed``, whatever the other parts say.
    """
    table = np.zeros((len(row_of) + 2, dims), np.float32)
    table[: learned + 2] = np.random.default_rng([seed, learned]).uniform(-BOUND, BOUND, (learned + 2, dims))
    table[PADDING] = 0
    for word, row in row_of.items():
        if word in vectors:
            table[row] = vectors[word]
    return table
