"""Class weights make rare classes count as much as frequent ones."""

import numpy as np
import pytest

from ser.training import loop


def test_balanced_weights_give_every_class_the_same_total() -> None:
    labels = np.array([0, 0, 0, 1, 2, 2], dtype=np.int64)
    weights = loop.balanced_weights(labels, 3)
    assert np.allclose(np.bincount(labels) * weights, 2.0)
    assert weights[labels].mean() == pytest.approx(1.0)
