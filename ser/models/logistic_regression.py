"""Multinomial logistic regression on a vector per utterance: with a linear machine, the usual probe of an encoder.

The weights have an L2 penalty, as in scikit-learn, whose solver (L-BFGS) is used. The softmax of the scores is the
model's probability. Of raters' votes, each class that a rater chose is an example that weighs as much as its votes;
where an utterance has several labels, each class has a regression against the others, whose sigmoid is its probability.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from scipy.special import log_softmax
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from ser.models import _cost
from ser.models._cost import NOT_CHOSEN

Positive = Annotated[float, Field(gt=0)]
Array = NDArray[np.float64]
Labels = NDArray[np.int64]
KIND = "estimator"
LEARNS = ("majority", "distribution", "several")
STEPS = 2000  # of the solver, at most


def build(
    classes: int,
    *,
    c: Positive | tuple[Positive, ...] = NOT_CHOSEN,
    class_weight: Literal["balanced"] | None = "balanced",
    refit: Literal["train", "train+dev"] = "train",
) -> "Probe":
    """Return an unfitted scaler (mean 0, sd 1 on what it is fitted on) and regression for (utterances, dims).

    The options are those of ``linear_svm``; c: cost of an error against the penalty. SerError for fewer than two
    classes or an empty list.
    """
    return Probe(_cost.ascending(c, classes), class_weight, refit)


class Probe:
    """A scaler and a regression, with the options of ``build``; ``costs``: the values of C, ascending.

    several: whether what it is fitted on are several labels of an utterance, 0 or 1 by class.
    """

    several = False

    def __init__(self, costs: tuple[float, ...], class_weight: Literal["balanced"] | None, refit: str):
        self.costs, self.class_weight, self.refit = costs, class_weight, refit

    def fit(self, x: Array, truth: Labels | Array, cost: float | None = None) -> "Probe":
        """Fit on vectors (utterances, dims) with C = ``cost``; None: the only value of C, or ``NOT_CHOSEN``.

        truth: labels (utterances,), votes or several labels (utterances, classes).
        """
        only = self.costs[0] if len(self.costs) == 1 else NOT_CHOSEN
        self.scaler = StandardScaler().fit(x)
        self.regression = self.solved(np.asarray(self.scaler.transform(x)), truth, only if cost is None else cost)
        return self

    def solved(self, scaled: Array, truth: Labels | Array, cost: float) -> "LogisticRegression | EachClass":
        """Return a regression that is fitted on scaled vectors."""
        if truth.ndim == 1:
            return LogisticRegression(C=cost, class_weight=self.class_weight, max_iter=STEPS).fit(scaled, truth)
        if self.several:
            return EachClass.of([self._of_class(scaled, given, cost) for given in truth.T > 0])
        row, label = np.nonzero(truth)
        weight = truth[row, label].astype(np.float64)
        if self.class_weight == "balanced":
            of_class = truth.sum(0, dtype=np.float64)
            weight *= (of_class.mean() / of_class)[label]
        return LogisticRegression(C=cost, max_iter=STEPS).fit(scaled[row], label, sample_weight=weight)

    def _of_class(self, scaled: Array, given: NDArray[np.bool_], cost: float) -> tuple[Array, float]:
        """Return the weights (dims,) and the intercept for one class; of one that all or none have, the log odds."""
        if given.all() or not given.any():
            return np.zeros(scaled.shape[1]), float(np.log((given.sum() + 0.5) / ((~given).sum() + 0.5)))
        of = LogisticRegression(C=cost, class_weight=self.class_weight, max_iter=STEPS).fit(scaled, given)
        return of.coef_[0], float(of.intercept_[0])

    def logits(self, x: Array, regression: "LogisticRegression | EachClass | None" = None) -> Array:
        """Return (utterances, classes), whose softmax is the probability; of two classes the first has 0.

        Of several labels their sigmoid is the probability.
        """
        return _by_class(np.asarray((regression or self.regression).decision_function(self.scaler.transform(x))))


@dataclass(frozen=True)
class EachClass:
    """A regression of each class against the others: coef_ (classes, dims), intercept_ (classes,)."""

    coef_: Array
    intercept_: Array

    @classmethod
    def of(cls, fitted: Sequence[tuple[Array, float]]) -> "EachClass":
        """Return the regressions with these weights and intercepts, by class."""
        return cls(np.stack([weights for weights, _ in fitted]), np.array([intercept for _, intercept in fitted]))

    def decision_function(self, scaled: Array) -> Array:
        """Return the log odds, (utterances, classes)."""
        return np.asarray(scaled @ self.coef_.T + self.intercept_)


def fit(
    estimator: Probe,
    vectors: Mapping[str, Array],
    labels: Mapping[str, Labels],
    selection: str,
    *,
    votes: Mapping[str, Array] | None = None,
    several: bool = False,
) -> tuple[dict[str, Any], list[str]]:
    """Fit on train, of several C with the one that is best on dev, and return what was tried and notes on it.

    See ``linear_svm.fit``, which chooses in the same way. votes: by part (utterances, classes), on which it is fitted
    in place of the labels. C is chosen by the labels of dev all the same, but for ``dev_loss``: by the cross-entropy
    with the votes of dev. several: whether the votes are several labels of an utterance, 0 or 1, in place of a
    distribution.
    """
    estimator.several = several
    truth: Mapping[str, Labels | Array] = labels if votes is None else votes
    if len(estimator.costs) == 1 or selection == "last":
        estimator.fit(vectors["train"], truth["train"])
        open_choice = f"C = {NOT_CHOSEN:g}, not chosen: the protocol selects nothing on dev"
        return {}, [open_choice] if len(estimator.costs) > 1 else []
    estimator.scaler = StandardScaler().fit(vectors["train"])
    scaled = np.asarray(estimator.scaler.transform(vectors["train"]))
    fitted = {cost: estimator.solved(scaled, truth["train"], cost) for cost in estimator.costs}
    scores = {cost: estimator.logits(vectors["dev"], fitted[cost]) for cost in estimator.costs}
    chosen = _cost.best(estimator.costs, scores.__getitem__, labels["dev"], selection)
    if votes is not None and selection == "dev_loss":
        for one in chosen["tried"]:
            one["loss"] = _loss(scores[one["c"]], votes["dev"], several)
        best = min(chosen["tried"], key=lambda one: float(one["loss"]))  # the first of equals
        chosen = {**best, "by": "loss", "tried": chosen["tried"]}
    estimator.regression = fitted[chosen["c"]]
    if estimator.refit == "train+dev":
        x, y = (np.concatenate([one["train"], one["dev"]]) for one in (vectors, truth))
        estimator.fit(x, y, chosen["c"])
    return {**chosen, "refit": estimator.refit}, [_cost.note(estimator.costs, chosen["by"], estimator.refit)]


def _loss(logits: Array, votes: Array, several: bool) -> float:
    """Return the mean cross-entropy of each vote, or of each class where there are several labels, nats."""
    if several:
        return float((np.logaddexp(0, logits) - votes * logits).mean())
    return float(-(votes * log_softmax(logits, axis=1)).sum() / votes.sum())


def scores(estimator: Probe, vectors: Array) -> Array:
    """Return the logits, (utterances, classes); the largest is the prediction."""
    return estimator.logits(vectors)


def weights(estimator: Probe) -> dict[str, NDArray[Any]]:
    """Return the fitted numbers: mean and scale (dims); coef (classes, dims), intercept (classes); one row for two."""
    scaler, regression = estimator.scaler, estimator.regression
    return {
        "mean": scaler.mean_,
        "scale": scaler.scale_,
        "coef": np.ascontiguousarray(regression.coef_),  # L-BFGS leaves a transposed view
        "intercept": np.ascontiguousarray(regression.intercept_),
    }


def restored(weights: Mapping[str, NDArray[Any]]) -> SimpleNamespace:
    """Return a regression with the fitted numbers that ``weights`` returned, for ``scores`` and nothing else."""

    def logits(x: Array) -> Array:
        scaled = (x - weights["mean"]) / weights["scale"]
        values = np.asarray(scaled @ weights["coef"].T + weights["intercept"])
        return _by_class(values[:, 0] if values.shape[1] == 1 else values)

    return SimpleNamespace(logits=logits)


def _by_class(values: Array) -> Array:
    """Return (utterances, classes); values: the same, or (utterances,) of the second of two classes."""
    return np.stack([np.zeros_like(values), values], axis=1) if values.ndim == 1 else values
