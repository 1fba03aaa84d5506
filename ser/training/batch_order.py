"""The order of batches, which the seed decides. Where lengths vary, similar ones share a batch: little is padded."""

import math

import numpy as np
from numpy.typing import NDArray

from ser.choices import Choices

# Of an epoch, how much is sorted by length at a time.
SHARES: Choices[float] = Choices({"random": 0.0, "similar": 1 / 8, "sorted": 1.0})


def kind_of(batches: str | None, length: int | None) -> str:
    """Return the key of ``SHARES`` of a recipe's ``batches``: by default, examples of one ``length`` are not sorted."""
    return batches or ("similar" if length is None else "random")


def shuffled(frames: NDArray[np.int64], size: int, seed: int, epoch: int, kind: str) -> list[NDArray[np.int64]]:
    """Return an epoch's batches of indices into ``frames`` (examples,): every example in exactly one batch.

    Examples are shuffled, sorted by length within chunks of a share of the epoch that ``kind``, a key of ``SHARES``,
    decides, cut into batches of ``size``, and the batches are shuffled. Length goes with class and speaker: the larger
    the chunks, the less are batches random samples. A single left-over example joins the batch before it: batch
    normalisation needs two.
    """
    draw = np.random.default_rng([seed, epoch])
    drawn = draw.permutation(len(frames)).astype(np.int64)
    batches: list[NDArray[np.int64]] = []
    chunk = size * max(1, math.ceil(SHARES[kind] * len(drawn) / size))
    for first in range(0, len(drawn), chunk):
        part = drawn[first : first + chunk]
        batches += _cut(part[np.argsort(frames[part], kind="stable")] if SHARES[kind] else part, size)
    if len(batches) > 1 and len(batches[-1]) == 1:
        batches[-2:] = [np.concatenate(batches[-2:])]
    return [batches[k] for k in draw.permutation(len(batches))]


def longest_first(frames: NDArray[np.int64], size: int) -> list[NDArray[np.int64]]:
    """Return batches of indices, longest first: the first batch needs the most memory."""
    return _cut(np.argsort(-frames, kind="stable").astype(np.int64), size)


def _cut(indices: NDArray[np.int64], size: int) -> list[NDArray[np.int64]]:
    return [indices[first : first + size] for first in range(0, len(indices), size)]
