"""Batches cover every example once, whatever the sizes, and depend on seed and epoch only."""

import numpy as np
import pytest

from ser.training import batch_order


@pytest.mark.parametrize(("examples", "size"), [(1, 4), (3, 4), (9, 4), (100, 7), (129, 4), (1000, 32)])
def test_every_example_exactly_once(examples: int, size: int) -> None:
    frames = np.random.default_rng(1).integers(1, 500, examples)
    for kind in batch_order.SHARES:
        batches = batch_order.shuffled(frames, size, 0, 1, kind)
        assert sorted(np.concatenate(batches).tolist()) == list(range(examples))
        assert max(map(len, batches)) <= size + 1
        assert examples == 1 or min(map(len, batches)) > 1
    for batches in (batch_order.longest_first(frames, size),):
        assert sorted(np.concatenate(batches).tolist()) == list(range(examples))
        assert max(len(batch) for batch in batches) <= size + 1


def test_seed_and_epoch_decide_the_order() -> None:
    frames = np.random.default_rng(1).integers(1, 500, 200)

    def order(seed: int, epoch: int) -> list[list[int]]:
        return [batch.tolist() for batch in batch_order.shuffled(frames, 8, seed, epoch, "similar")]

    assert order(3, 2) == order(3, 2)
    assert order(3, 2) != order(3, 3)
    assert order(3, 2) != order(4, 2)


@pytest.mark.parametrize(
    ("kind", "share", "again"), [("random", 0.42, 0.08), ("similar", 0.67, 0.15), ("sorted", 1, 1)]
)
def test_batches_are_as_random_as_they_are_said_to_be(kind: str, share: float, again: float) -> None:
    """Classes in order of length: sorted batches have one class, random ones a third of each.

    share: of the largest class in a batch; again: of pairs in a batch that share one in the next epoch too.
    """
    classes = np.repeat([0, 1, 2], 128)
    shares, pairs = [], []
    for epoch in range(1, 6):
        batches = batch_order.shuffled(100 + np.arange(384), 32, 0, epoch, kind)
        shares += [np.bincount(classes[batch]).max() / len(batch) for batch in batches]
        number = np.empty(384, int)
        for k, batch in enumerate(batches):
            number[batch] = k
        pairs.append(number)
    assert np.mean(shares) == pytest.approx(share, abs=0.06)
    together = (pairs[0][:, None] == pairs[0]) & ~np.eye(384, dtype=bool)
    assert (pairs[1][:, None] == pairs[1])[together].mean() == pytest.approx(again, abs=0.06)


def test_sorting_saves_padding() -> None:
    frames = np.random.default_rng(1).integers(50, 1000, 1024)

    def padded(batches: list[np.ndarray]) -> int:
        return sum(len(batch) * int(frames[batch].max()) for batch in batches)

    loose = [np.arange(first, first + 32) for first in range(0, 1024, 32)]
    more = [padded(batch_order.shuffled(frames, 32, 0, 1, kind)) / frames.sum() for kind in ("sorted", "similar")]
    assert 1 < more[0] < 1.1 < more[1] < 1.35 < 1.5 < padded(loose) / frames.sum()
