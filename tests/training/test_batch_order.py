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


def test_equal_lengths_are_not_sorted() -> None:
    """Classes in order of length: in sorted batches they would be alone, in random ones a third of each."""
    classes = np.repeat([0, 1, 2], 128)
    shares, pairs = [], []
    for epoch in range(1, 6):
        batches = batch_order.shuffled(np.full(384, 750), 32, 0, epoch)
        shares += [np.bincount(classes[batch]).max() / len(batch) for batch in batches]
        number = np.empty(384, int)
        for k, batch in enumerate(batches):
            number[batch] = k
        pairs.append(number)
    assert np.mean(shares) < 0.5
    together = pairs[0][:, None] == pairs[0]
    again = (pairs[1][:, None] == pairs[1])[together & ~np.eye(384, dtype=bool)].mean()
    assert abs(again - 1 / 12) < 0.03, "two that share a batch share the next one by chance alone"


def test_sorting_saves_padding() -> None:
    frames = np.random.default_rng(1).integers(50, 1000, 1024)

    def padded(batches: list[np.ndarray]) -> int:
        return sum(len(batch) * int(frames[batch].max()) for batch in batches)

    loose = [np.arange(first, first + 32) for first in range(0, 1024, 32)]
    assert padded(batch_order.shuffled(frames, 32, 0, 1)) < 1.35 * frames.sum() < 1.5 * frames.sum() < padded(loose)
