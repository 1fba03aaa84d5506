"""Linear support vector machine on a vector per utterance, the usual baseline of the paralinguistics challenges.

Pairs of classes are separated one against one (libsvm). The prediction is the largest of the one-against-rest values
that ``scores`` returns, which also decide ties between votes.
"""

from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from ser.errors import SerError

Positive = Annotated[float, Field(gt=0)]
KIND = "estimator"
CACHE = 1000  # MB for kernel rows


def build(classes: int, *, c: Positive = 0.1, class_weight: Literal["balanced"] | None = "balanced") -> Pipeline:
    """Return an unfitted scaler (mean 0, sd 1 on what it is fitted on) and machine for (utterances, dims).

    ``c``: cost of an error against the width of the margin, above 0; ``class_weight`` "balanced" multiplies it by
    utterances / (classes · utterances of the class). SerError for fewer than two classes or another value of either.
    """
    if classes < 2:
        raise SerError(f"it needs at least two classes, the protocol gives {classes}.")
    machine = SVC(kernel="linear", C=c, class_weight=class_weight, break_ties=classes > 2, cache_size=CACHE)
    return make_pipeline(StandardScaler(), machine)


def scores(estimator: Pipeline, vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return (utterances, classes): votes of the pairs plus a bounded share of their margins, one-against-rest.

    The largest is the prediction. They are not probabilities: their softmax keeps the order and is not calibrated.
    """
    values: NDArray[np.float64] = estimator.decision_function(vectors)
    return np.stack([-values, values], axis=1) if values.ndim == 1 else values


def weights(estimator: Pipeline) -> dict[str, NDArray[Any]]:
    """Return the fitted numbers: mean and scale (dims); coef (pairs, dims) and intercept (pairs) on scaled vectors.

    Pairs are in the order (0, 1), (0, 2) … (1, 2) …; a positive value favours the first class of the pair, and
    with two classes the second.
    """
    scaler, machine = estimator[0], estimator[-1]
    return {
        "mean": scaler.mean_,
        "scale": scaler.scale_,
        "coef": np.ascontiguousarray(machine.coef_),
        "intercept": np.ascontiguousarray(machine.intercept_),
    }
