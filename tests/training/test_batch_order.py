"""Batches cover every example once, whatever the sizes, and depend on seed and epoch only."""

import numpy as np
import pytest

from ser.training import batch_order


@pytest.mark.parametrize(("examples", "size"), [(1, 4), (3, 4), (9, 4), (100, 7), (129, 4), (1000, 32)])
def test_every_example_exactly_once(examples: int, size: int) -> None:
    frames = np.random.default_rng(1).integers(1, 500, examples)
    for batches in (batch_order.shuffled(frames, size, 0, 1), batch_order.longest_first(frames, size)):
        assert sorted(np.concatenate(batches).tolist()) == list(range(examples))
        assert max(len(batch) for batch in batches) <= size + 1
    if examples > 1:
        assert min(len(batch) for batch in batch_order.shuffled(frames, size, 0, 1)) > 1


def test_seed_and_epoch_decide_the_order() -> None:
    frames = np.random.default_rng(1).integers(1, 500, 200)

    def order(seed: int, epoch: int) -> list[list[int]]:
        return [batch.tolist() for batch in batch_order.shuffled(frames, 8, seed, epoch)]

    assert order(3, 2) == order(3, 2)
    assert order(3, 2) != order(3, 3)
    assert order(3, 2) != order(4, 2)


def test_sorting_saves_padding() -> None:
    frames = np.random.default_rng(1).integers(50, 1000, 1024)

    def padded(batches: list[np.ndarray]) -> int:
        return sum(len(batch) * int(frames[batch].max()) for batch in batches)

    loose = [np.arange(first, first + 32) for first in range(0, 1024, 32)]
    assert padded(batch_order.shuffled(frames, 32, 0, 1)) < 1.1 * frames.sum() < 1.5 * frames.sum() < padded(loose)
