"""The train batches of an epoch with the changes that a recipe names: masks over frames, mixed examples."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ser.choices import Choices
from ser.config.recipe import Training
from ser.layers.interface import Batch
from ser.training import mixup, spec_augment
from ser.training.fold_data import Examples, FoldData

STREAM = 2  # of random numbers; 0 and 1 draw the batches and the examples of an epoch

# By key of ``training``, in the order in which they are applied: from the key's value and a generator of random
# numbers, the change of a batch and its targets, given the real frames of each example, (batch,) int64.
CHANGES: Choices[Callable[[Any, np.random.Generator], Callable[..., tuple[Batch, Any]]]] = Choices(
    {"spec_augment": spec_augment.changing, "mixup": mixup.changing}
)


def batches(
    data: FoldData, examples: Examples, order: Sequence[NDArray[np.int64]], training: Training, seed: int, epoch: int
) -> Iterator[tuple[Batch, Any]]:
    """Yield the batches of ``data.batches`` and their targets, changed as ``training`` says.

    Seed and epoch decide what is drawn, and nothing is left over for the next epoch: a resumed training goes on
    with the same numbers.
    """
    draw = np.random.default_rng([seed, epoch, STREAM])
    named = ((getattr(training, key), make) for key, make in CHANGES.items())
    changes = [make(value, draw) for value, make in named if value is not None]
    for indices, (batch, targets) in zip(order, data.batches(examples, order), strict=True):
        for change in changes:
            batch, targets = change(batch, targets, examples.frames[indices])
        yield batch, targets
