"""Calibration by one temperature: softmax of log-probabilities over T (Guo et al. 2017, On calibration of modern neural
networks). T above 0 keeps the order of the classes, and so every predicted label.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ser.errors import SerError

RANGE = 0.05, 20.0  # of T; dev parts are small, and beyond it nothing is measured
LEAST = float(np.finfo(np.float32).tiny)  # a float32 probability of 0 may be any smaller number


def scaled(probabilities: ArrayLike, temperature: float) -> NDArray[np.float64]:
    """Return probabilities, (utterances, classes), proportional to p^(1/T); 1 leaves them as they are."""
    given = np.asarray(probabilities, dtype=np.float64)
    if temperature == 1:
        return given
    scores = np.log(np.maximum(given, LEAST)) / temperature
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    found: NDArray[np.float64] = powers / powers.sum(axis=1, keepdims=True)
    return found


def fit(probabilities: ArrayLike, truth: ArrayLike) -> float:
    """Return the T in ``RANGE`` with the least sum of −ln probability of the true class.

    probabilities: (utterances, classes), each row summing to 1; truth: index of the true class, (utterances,). The sum
    has one utterance more, the mean of all, whose class is not known: each is as likely. So a small part without a
    wrong answer does not make every answer sure (Platt 1999, Probabilistic outputs for support vector machines, counts
    one more of each class). The sum is convex in 1/T, so that there is one minimum. SerError without an utterance.
    """
    from scipy.optimize import minimize_scalar
    from scipy.special import logsumexp

    given, true = np.asarray(probabilities, dtype=np.float64), np.asarray(truth, dtype=np.int64)
    if not given.size or given.shape[:1] != true.shape:
        raise SerError(f"a temperature needs utterances; probabilities {given.shape}, true classes {true.shape}.")
    scores = np.log(np.maximum(given, LEAST))
    right = scores[np.arange(len(true)), true].sum() + scores.mean()
    weight = 1 + 1 / len(true)  # of the normalisation of every utterance: its own and its share of the unknown one

    def loss(log: float) -> float:
        return float(weight * logsumexp(scores / np.exp(log), axis=1).sum() - right / np.exp(log))

    found = minimize_scalar(loss, bounds=np.log(RANGE), method="bounded", options={"xatol": 1e-6})
    return float(np.exp(found.x))
