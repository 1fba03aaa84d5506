"""Transcripts as a network reads them: a vocabulary from the train part only, and the first vectors of its words."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from ser.config.schema import Words
from ser.errors import SerError, offenders
from ser.tables import contracts
from ser.text import transcripts
from ser.training.fold import Fold
from ser.training.material import Sentences, to_device

PADDING, UNKNOWN = 0, 1  # rows of the table; words follow
BOUND = 0.25  # words without a given vector: uniform in ±0.25 (Yoon et al. 2018, the authors' code)


@dataclass(frozen=True)
class Text:
    """What a fold's network reads. vocabulary: word of each row from 2 on; notes: remarks for the record of the run."""

    sentences: Sentences
    vocabulary: tuple[str, ...]
    notes: tuple[str, ...]

    def digest(self) -> str:
        """Return 32 hexadecimal digits over words, lengths and initial vectors."""
        digest = hashlib.blake2b(self.sentences.words.cpu().numpy().tobytes(), digest_size=16)
        digest.update(self.sentences.counts.tobytes())
        digest.update(self.sentences.table.numpy().tobytes())
        return digest.hexdigest()


def load(folder: Path, utterances: Sequence[str], shards: int | None = None) -> list[list[str]]:
    """Return the words of ``utterances`` from the (first) ``shards`` in ``folder``; SerError names those missing."""
    table = transcripts.read(folder, shards)
    found = dict(zip(table["utterance"].to_pylist(), table["words"].to_pylist(), strict=True))
    missing = [name for name in utterances if name not in found]
    if missing:
        raise SerError(f"{folder} has no transcript of {len(missing)} utterances: {offenders(missing)}.")
    return [found[name] for name in utterances]


def read(
    words: Words,
    sentences: Sequence[Sequence[str]],
    fold: Fold,
    device: torch.device,
    *,
    seed: int,
    embedding: Path | None = None,
) -> Text:
    """Return the sentences of a fold as rows of a table of word vectors.

    Row 0 is padding (zeros), row 1 any word that the train part lacks, then the train part's words, most frequent
    first. A transcript without a word is legal: it is one unknown word. A word that ``embedding`` holds starts there,
    any other uniform in ±0.25 from ``seed``. SerError where no train transcript has a word, where the vectors of the
    embedding are not as wide as ``words.dims``, and where an embedding is given to a recipe that names none.
    """
    most = min((count for count in (words.limit, words.length) if count is not None), default=None)
    kept = [list(sentence[:most]) for sentence in sentences]
    train = fold.rows("train").tolist()
    counts = Counter(word for row in train for word in kept[row])
    vocabulary = tuple(
        word for word, count in sorted(counts.items(), key=lambda it: (-it[1], it[0])) if count >= words.minimum
    )
    if not vocabulary:
        raise SerError(
            f"inputs.words: no transcript '{words.transcript}' of the train part has a word"
            f"{f' that occurs {words.minimum} times' if words.minimum > 1 else ''}; a system with words cannot learn."
        )
    table, notes = _table(words, vocabulary, seed, embedding)
    row_of = {word: row for row, word in enumerate(vocabulary, start=UNKNOWN + 1)}
    rows = [[row_of.get(word, UNKNOWN) for word in sentence] or [UNKNOWN] for sentence in kept]
    lengths = np.array([len(row) for row in rows], dtype=np.int64)
    padded = np.full((len(rows), words.length or int(lengths.max())), PADDING, dtype=np.int64)
    for row, sentence in zip(padded, rows, strict=True):
        row[: len(sentence)] = sentence
    empty = sum(not sentence for sentence in kept)
    if empty:
        notes.append(f"{empty} of {len(kept)} transcripts are empty and read as one unknown word")
    if len(vocabulary) == 1:
        notes.append("the vocabulary is a single word: the transcripts tell next to nothing apart")
    held = Sentences(to_device(padded, device), lengths, torch.from_numpy(table), words.length)
    return Text(held, vocabulary, tuple(notes))


def _table(
    words: Words, vocabulary: tuple[str, ...], seed: int, embedding: Path | None
) -> tuple[NDArray[np.float32], list[str]]:
    draw = np.random.default_rng([seed, len(vocabulary)])
    table = draw.uniform(-BOUND, BOUND, (len(vocabulary) + 2, words.dims)).astype(np.float32)
    table[PADDING] = 0
    if embedding is None:
        asked = "" if words.embedding is None else f" ({words.embedding} is not configured)"
        return table, [f"word vectors learned from scratch{asked}"]
    if words.embedding is None:
        raise SerError(f"{embedding} was given to start from, but the recipe names no inputs.words.embedding.")
    found = contracts.read(contracts.EMBEDDING, embedding)
    vectors = dict(zip(found["word"].to_pylist(), found["vector"].to_pylist(), strict=True))
    widths = sorted({len(vector) for vector in vectors.values()})
    if widths not in ([], [words.dims]):
        raise SerError(
            f"{embedding}: its vectors have {', '.join(map(str, widths))} values, inputs.words.dims is {words.dims}."
        )
    known = [row for row, word in enumerate(vocabulary, start=UNKNOWN + 1) if word in vectors]
    for row in known:
        table[row] = vectors[vocabulary[row - UNKNOWN - 1]]
    name = contracts.metadata(embedding).get("provenance", words.embedding)
    return table, [f"word vectors from {name} for {len(known)} of {len(vocabulary)} words"]
