"""Linear support vector machine on a vector per utterance, the usual baseline of the paralinguistics challenges.

Pairs of classes are separated one against one (libsvm). The prediction is the largest of the one-against-rest values
that ``scores`` returns, which also decide ties between votes. libsvm is given the inner products of the vectors: one
matrix product serves every C, where libsvm's own linear kernel computes each product anew, one by one.
"""

from collections.abc import Mapping
from itertools import combinations
from types import SimpleNamespace
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from ser.models import _cost
from ser.models._cost import NOT_CHOSEN

Positive = Annotated[float, Field(gt=0)]
Array = NDArray[np.float64]
Labels = NDArray[np.int64]
KIND = "estimator"
CACHE = 1000  # MB for kernel rows


def build(
    classes: int,
    *,
    c: Positive | tuple[Positive, ...] = NOT_CHOSEN,
    class_weight: Literal["balanced"] | None = "balanced",
    refit: Literal["train", "train+dev"] = "train",
) -> "LinearMachine":
    """Return an unfitted scaler (mean 0, sd 1 on what it is fitted on) and machine for (utterances, dims).

    ``c``: cost of an error against the width of the margin, above 0; of several, ``fit`` chooses one on dev.
    ``class_weight`` "balanced" multiplies it by utterances / (classes · utterances of the class). ``refit``: the parts
    on which the machine with the chosen C is fitted. SerError for fewer than two classes or an empty list.
    """
    return LinearMachine(_cost.ascending(c, classes), class_weight, refit)


class LinearMachine:
    """A scaler and a support vector machine, with the options of ``build``; ``costs``: the values of C, ascending."""

    def __init__(self, costs: tuple[float, ...], class_weight: Literal["balanced"] | None, refit: str):
        self.costs, self.class_weight, self.refit = costs, class_weight, refit

    def fit(self, x: Array, labels: Labels, cost: float | None = None) -> "LinearMachine":
        """Fit on vectors (utterances, dims) with C = ``cost``; None: the only value of C, or ``NOT_CHOSEN``."""
        only = self.costs[0] if len(self.costs) == 1 else NOT_CHOSEN
        self.machine = self.solved(self.products(x), labels, only if cost is None else cost)
        return self

    def products(self, x: Array) -> Array:
        """Fit the scaler on ``x`` and return the inner products of the scaled vectors, (utterances, utterances)."""
        self.scaler = StandardScaler().fit(x)
        self.scaled = np.asarray(self.scaler.transform(x))
        return self.scaled @ self.scaled.T

    def solved(self, products: Array, labels: Labels, cost: float) -> SVC:
        """Return a machine that is fitted on inner products."""
        ties = len(np.unique(labels)) > 2
        machine = SVC(kernel="precomputed", C=cost, class_weight=self.class_weight, break_ties=ties, cache_size=CACHE)
        return machine.fit(products, labels)

    def decision_function(self, x: Array, machine: SVC | None = None) -> Array:
        """Return the values of ``machine``, by default the fitted one: (utterances, classes), (utterances,) for two."""
        products = self.scaler.transform(x) @ self.scaled.T  # (utterances, fitted)
        return np.asarray((machine or self.machine).decision_function(products))


def fit(
    estimator: LinearMachine, vectors: Mapping[str, Array], labels: Mapping[str, Labels], selection: str
) -> tuple[dict[str, Any], list[str]]:
    """Fit on train, of several C with the one that is best on dev, and return what was tried and notes on it.

    vectors, labels: by part, train and dev; selection: of the protocol, see ``_cost.best``. ``last`` selects nothing on
    dev: C is ``NOT_CHOSEN``. The machine is then that of the train part, or fitted on train and dev.
    """
    if len(estimator.costs) == 1:
        estimator.fit(vectors["train"], labels["train"])
        return {}, []
    if selection == "last":
        estimator.fit(vectors["train"], labels["train"])
        return {}, [f"C = {NOT_CHOSEN:g}, not chosen: the protocol selects nothing on dev"]
    products = estimator.products(vectors["train"])
    machines = {cost: estimator.solved(products, labels["train"], cost) for cost in estimator.costs}

    def on_dev(cost: float) -> Array:
        return _by_class(estimator.decision_function(vectors["dev"], machines[cost]))

    chosen = _cost.best(estimator.costs, on_dev, labels["dev"], selection)
    estimator.machine = machines[chosen["c"]]
    if estimator.refit == "train+dev":
        x, truth = (np.concatenate([one["train"], one["dev"]]) for one in (vectors, labels))
        estimator.fit(x, truth, chosen["c"])
    return {**chosen, "refit": estimator.refit}, [_cost.note(estimator.costs, chosen["by"], estimator.refit)]


def scores(estimator: LinearMachine, vectors: Array) -> Array:
    """Return (utterances, classes): votes of the pairs plus a bounded share of their margins, one-against-rest.

    The largest is the prediction. They are not probabilities: their softmax keeps the order and is not calibrated.
    """
    return _by_class(estimator.decision_function(vectors))


def weights(estimator: LinearMachine) -> dict[str, NDArray[Any]]:
    """Return the fitted numbers: mean and scale (dims); coef (pairs, dims) and intercept (pairs) on scaled vectors.

    Pairs are in the order (0, 1), (0, 2) … (1, 2) …; a positive value favours the first class of the pair, and
    with two classes the second.
    """
    scaler, machine = estimator.scaler, estimator.machine
    return {
        "mean": scaler.mean_,
        "scale": scaler.scale_,
        "coef": _coefficients(machine, estimator.scaled[machine.support_]),
        "intercept": np.ascontiguousarray(machine.intercept_),
    }


def restored(weights: Mapping[str, NDArray[Any]]) -> SimpleNamespace:
    """Return a machine with the fitted numbers that ``weights`` returned, for ``scores`` and nothing else.

    The values of the pairs are those of libsvm up to rounding; their sum by class is scikit-learn's: the votes, and a
    third at most of a vote for the margins.
    """
    pairs = len(weights["coef"])
    classes = 2 if pairs == 1 else round((1 + np.sqrt(1 + 8 * pairs)) / 2)
    sides = np.zeros((pairs, classes))
    for row, (first, second) in enumerate(combinations(range(classes), 2)):
        sides[row, first], sides[row, second] = 1, -1

    def decision_function(vectors: Array) -> Array:
        scaled = (vectors - weights["mean"]) / weights["scale"]
        values = np.asarray(scaled @ weights["coef"].T + weights["intercept"])
        if classes == 2:
            return values[:, 0]
        margins = values @ sides
        votes = np.where(values >= 0, 1.0, 0.0) @ (sides > 0) + np.where(values < 0, 1.0, 0.0) @ (sides < 0)
        return np.asarray(votes + margins / (3 * (np.abs(margins) + 1)))

    return SimpleNamespace(decision_function=decision_function)


def _by_class(values: Array) -> Array:
    return np.stack([-values, values], axis=1) if values.ndim == 1 else values


def _coefficients(machine: SVC, vectors: Array) -> Array:
    """Return (pairs, dims) from the support vectors (vectors, dims), which are sorted by class.

    libsvm holds the factors of a class's vectors against each other class, in (classes - 1, vectors).
    """
    factors, ends = machine.dual_coef_, np.cumsum(machine.n_support_)
    if len(ends) == 2:
        return np.asarray(factors @ vectors)
    of = [slice(end - size, end) for end, size in zip(ends, machine.n_support_, strict=True)]
    pairs = combinations(range(len(of)), 2)
    rows = [factors[j - 1, of[i]] @ vectors[of[i]] + factors[i, of[j]] @ vectors[of[j]] for i, j in pairs]
    return np.stack(rows)
