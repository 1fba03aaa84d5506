"""The examples of an epoch: each once, or those of every class equally often."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from ser.choices import Choices
from ser.config.recipe import Training
from ser.training import batch_order
from ser.training.fold_data import Examples

Rows = NDArray[np.int64]


def _balanced(labels: Rows, seed: int, epoch: int) -> Rows:
    """Return n / C examples of each of the C classes that occur in ``labels`` (n,), rounded up: so long is an epoch.

    Each example of a class occurs equally often, up to one time that is drawn anew in every epoch: of a rare class all
    are repeated, of a frequent one some are left out.
    """
    draw = np.random.default_rng([seed, epoch, 1])  # another stream than that of the batches
    classes = np.unique(labels)
    wanted = -(-len(labels) // len(classes))
    drawn: list[Rows] = []
    for label in classes:
        own = np.flatnonzero(labels == label).astype(np.int64)
        drawn += [np.tile(own, wanted // len(own)), draw.choice(own, wanted % len(own), replace=False)]
    return np.concatenate(drawn)


SAMPLINGS: Choices[Callable[[Rows, int, int], Rows]] = Choices({"balanced": _balanced})


def batches(examples: Examples, training: Training, seed: int, epoch: int, kind: str) -> list[Rows]:
    """Return an epoch's batches of indices into ``examples``, in the order that ``batch_order.shuffled`` gives."""
    if training.sampling is None:
        return batch_order.shuffled(examples.frames, training.batch, seed, epoch, kind)
    drawn = SAMPLINGS[training.sampling](examples.label, seed, epoch)
    order = batch_order.shuffled(examples.frames[drawn], training.batch, seed, epoch, kind)
    return [drawn[batch] for batch in order]
