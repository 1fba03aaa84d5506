"""The initial word vectors of a fold: from a file where it has the word, drawn from the seed otherwise."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ser.config.schema import Words
from ser.errors import SerError
from ser.tables import contracts
from ser.training.vocabulary import PADDING, UNKNOWN

BOUND = 0.25  # words without a vector: uniform in ±0.25 (Yoon et al. 2018, the authors' code)


def initial(
    words: Words, vocabulary: tuple[str, ...], seed: int, embedding: Path | None
) -> tuple[NDArray[np.float32], str]:
    """Return the table (words + 2, dims) and a remark on where its vectors come from.

    Row 0, padding, is zero. A word that the file ``embedding`` has starts there, any other, and row 1 for unknown
    words, uniform in ±0.25 from ``seed``. SerError where the file's vectors do not have ``words.dims`` values, or a
    file is given to a recipe that names none.
    """
    draw = np.random.default_rng([seed, len(vocabulary)])
    table = draw.uniform(-BOUND, BOUND, (len(vocabulary) + 2, words.dims)).astype(np.float32)
    table[PADDING] = 0
    if embedding is None:
        named = "" if words.embedding is None else f" ({words.embedding} is not configured)"
        return table, f"{contracts.FROM_SCRATCH}{named}"
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
    name = contracts.metadata(found).get("provenance", words.embedding)
    return table, f"word vectors from {name} for {len(known)} of {len(vocabulary)} words"
