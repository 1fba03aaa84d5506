"""Class weights: the factor of an example's loss by its class, from the train part alone."""

import numpy as np
from numpy.typing import NDArray


def balanced(labels: NDArray[np.int64], classes: int) -> NDArray[np.float32]:
    """Return n / (classes · n_c) per class over the training examples ``labels``: the mean weight of an example is 1.

    King and Zeng (2001), "Logistic regression in rare events data". Every class must occur.
    """
    counts = np.bincount(labels, minlength=classes)
    return (labels.size / (classes * counts)).astype(np.float32)
