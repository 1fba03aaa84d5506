"""The contract of a feature of transcripts: a vector of the declared width and type from every text."""

import numpy as np
from numpy.typing import NDArray

from ser.config import extractors
from ser.config.schema import Feature
from ser.errors import require

TEXTS = ("no", "", "I never did that, and you know it!", "\u00e7a va? \u4f60\u597d [LAUGHTER]", "so " * 2000)


def _extract(entry: Feature, text: str) -> NDArray[np.generic]:
    matrix: NDArray[np.generic] = entry.load().extract(text, **entry.options)
    return matrix


def vector_is_as_declared(entry: Feature) -> None:
    """extract() returns a finite matrix (1, dims()) of type DTYPE, of an empty and of a long text too."""
    for text in TEXTS:
        matrix = _extract(entry, text)
        extractors.check_matrix(entry.load(), entry.load().dims(**entry.options), matrix)
        require(np.isfinite(matrix).all(), f"some values of '{text[:40]}' are not finite")


def texts_differ(entry: Feature) -> None:
    """Two texts give two vectors."""
    require(not np.array_equal(_extract(entry, TEXTS[0]), _extract(entry, TEXTS[2])), "they are equal")


def repeats(entry: Feature) -> None:
    """The same text gives the same vector."""
    require(np.array_equal(_extract(entry, TEXTS[2]), _extract(entry, TEXTS[2])), "a second call gives other values")


CHECKS = (vector_is_as_declared, texts_differ, repeats)
