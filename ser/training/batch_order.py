"""The order of batches, which the seed decides. Where lengths vary, similar ones share a batch: little is padded."""

import math

import numpy as np
from numpy.typing import NDArray

SHARE = 8  # of an epoch's batches, one in so many are sorted by length at a time


def shuffled(frames: NDArray[np.int64], size: int, seed: int, epoch: int) -> list[NDArray[np.int64]]:
    """Return an epoch's batches of indices into ``frames`` (examples,): every example in exactly one batch.

    ``frames``: what each example is padded from; equal ones, as of a view of fixed length, are not sorted, so that the
    batches are random. Examples are shuffled, sorted by length within chunks of an eighth of the epoch, cut into batches
    of ``size``, and the batches are shuffled. A chunk is no larger because length goes with class and speaker: sorted
    batches are no random samples. A single left-over example joins the batch before it: batch normalisation needs two.
    """
    draw = np.random.default_rng([seed, epoch])
    drawn = draw.permutation(len(frames)).astype(np.int64)
    batches: list[NDArray[np.int64]] = []
    many = size * math.ceil(len(drawn) / (size * SHARE))
    for first in range(0, len(drawn), many):
        chunk = drawn[first : first + many]
        batches += _cut(chunk[np.argsort(frames[chunk], kind="stable")], size)
    if len(batches) > 1 and len(batches[-1]) == 1:
        batches[-2:] = [np.concatenate(batches[-2:])]
    return [batches[k] for k in draw.permutation(len(batches))]


def longest_first(frames: NDArray[np.int64], size: int) -> list[NDArray[np.int64]]:
    """Return batches of indices, longest first: the first batch needs the most memory."""
    return _cut(np.argsort(-frames, kind="stable").astype(np.int64), size)


def _cut(indices: NDArray[np.int64], size: int) -> list[NDArray[np.int64]]:
    return [indices[first : first + size] for first in range(0, len(indices), size)]
