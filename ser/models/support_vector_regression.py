"""Linear support vector regression of dimensions on a vector per utterance: the usual baseline of the AVEC challenges.

One machine per dimension, all with the same C. libsvm is given the inner products of the vectors, as in ``linear_svm``.
A value beyond all targets of its dimension that the machine was fitted on is set to the nearest of them: one functional
that hardly varies in train can be thousands of standard deviations away in a new recording.
"""

from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVR

from ser.dimension_metrics import mean_ccc
from ser.errors import SerError
from ser.models._cost import NOT_CHOSEN

Positive = Annotated[float, Field(gt=0)]
Array = NDArray[np.float64]
KIND = "estimator"
LEARNS = ("dimensions",)
CACHE = 1000  # MB for kernel rows


def build(
    dimensions: int,
    *,
    c: Positive | tuple[Positive, ...] = NOT_CHOSEN,
    epsilon: Annotated[float, Field(ge=0)] = 0.1,
    refit: Literal["train", "train+dev"] = "train",
) -> "RegressionMachines":
    """Return an unfitted scaler (mean 0, sd 1 on what it is fitted on) and a machine per dimension.

    ``c``: cost of an error beyond ``epsilon``, both for targets of sd 1; of several, ``fit`` chooses one on dev.
    ``refit``: the parts on which the machines with the chosen C are fitted. SerError for an empty list.
    """
    costs = sorted(c) if isinstance(c, Sequence) else [c]
    if not costs or dimensions < 1:
        raise SerError("it needs one value of the option c, and one dimension, at least.")
    return RegressionMachines(tuple(costs), epsilon, refit)


class RegressionMachines:
    """A scaler and a machine per dimension, with the options of ``build``; ``costs``: the values of C, ascending."""

    def __init__(self, costs: tuple[float, ...], epsilon: float, refit: str):
        self.costs, self.epsilon, self.refit = costs, epsilon, refit

    def fit(self, x: Array, targets: Array, cost: float | None = None) -> "RegressionMachines":
        """Fit on vectors (utterances, dims) and targets (utterances, dimensions) with C = ``cost``.

        None: the only value of C, or ``NOT_CHOSEN``.
        """
        only = self.costs[0] if len(self.costs) == 1 else NOT_CHOSEN
        self.machines = self.solved(self.products(x), targets, only if cost is None else cost)
        self.limits = np.min(targets, axis=0), np.max(targets, axis=0)
        return self

    def products(self, x: Array) -> Array:
        """Fit the scaler on ``x`` and return the inner products of the scaled vectors, (utterances, utterances)."""
        self.scaler = StandardScaler().fit(x)
        self.scaled = np.asarray(self.scaler.transform(x))
        return self.scaled @ self.scaled.T

    def solved(self, products: Array, targets: Array, cost: float) -> list[SVR]:
        """Return a machine per dimension, fitted on inner products."""
        machine = {"kernel": "precomputed", "C": cost, "epsilon": self.epsilon, "cache_size": CACHE}
        return [SVR(**machine).fit(products, values) for values in np.asarray(targets, dtype=np.float64).T]

    def values(self, x: Array, machines: list[SVR] | None = None) -> Array:
        """Return (utterances, dimensions) of ``machines``, by default the fitted ones."""
        products = self.scaler.transform(x) @ self.scaled.T
        values = np.stack([machine.predict(products) for machine in machines or self.machines], axis=1)
        return np.clip(values, *self.limits)


def fit(
    estimator: RegressionMachines, vectors: Mapping[str, Array], targets: Mapping[str, Array], selection: str
) -> tuple[dict[str, Any], list[str]]:
    """Fit on train, of several C with the one that is best on dev, and return what was tried and notes on it.

    vectors, targets: by part, train and dev; selection: of the protocol. The best C has the highest mean CCC, or for
    ``dev_loss`` the smallest mean square; of equals it is the smaller. ``last`` selects nothing: C is ``NOT_CHOSEN``.
    """
    if len(estimator.costs) == 1 or selection == "last":
        estimator.fit(vectors["train"], targets["train"])
        open_choice = f"C = {NOT_CHOSEN:g}, not chosen: the protocol selects nothing on dev"
        return {}, [open_choice] if len(estimator.costs) > 1 else []
    products = estimator.products(vectors["train"])
    estimator.limits = np.min(targets["train"], axis=0), np.max(targets["train"], axis=0)
    machines = {cost: estimator.solved(products, targets["train"], cost) for cost in estimator.costs}
    tried = []
    for cost, of_cost in machines.items():
        found = estimator.values(vectors["dev"], of_cost)
        wanted = np.asarray(targets["dev"], dtype=np.float64)
        mean_square = float(np.square(found - wanted).mean())
        tried.append({"c": cost, "CCC": mean_ccc(wanted, found), "mean square": mean_square})
    by = "mean square" if selection == "dev_loss" else "CCC"
    best = min(tried, key=lambda one: one[by] if by == "mean square" else -one[by])  # the first of equals
    estimator.machines = machines[best["c"]]
    if estimator.refit == "train+dev":
        x, truth = (np.concatenate([one["train"], one["dev"]]) for one in (vectors, targets))
        estimator.fit(x, truth, best["c"])
    grid = ", ".join(f"{cost:g}" for cost in estimator.costs)
    note = (
        f"C was chosen by {by} on dev from {grid}; the machines are fitted on {estimator.refit.replace('+', ' and ')}"
    )
    return {**best, "by": by, "tried": tried, "refit": estimator.refit}, [note]


def scores(estimator: RegressionMachines, vectors: Array) -> Array:
    """Return (utterances, dimensions), on the scale of the targets that it was fitted on."""
    return np.asarray(estimator.values(vectors))


def weights(estimator: RegressionMachines) -> dict[str, NDArray[Any]]:
    """Return mean and scale (dims), coef (dimensions, dims) on scaled vectors, and of dimensions the others."""
    machines = estimator.machines
    return {
        "mean": estimator.scaler.mean_,
        "scale": estimator.scaler.scale_,
        "coef": np.concatenate([one.dual_coef_ @ estimator.scaled[one.support_] for one in machines]),
        "intercept": np.concatenate([one.intercept_ for one in machines]),
        "lowest": np.asarray(estimator.limits[0]),
        "highest": np.asarray(estimator.limits[1]),
    }


def restored(weights: Mapping[str, NDArray[Any]]) -> SimpleNamespace:
    """Return machines with the fitted numbers that ``weights`` returned, for ``scores`` and nothing else."""

    def values(vectors: Array) -> Array:
        scaled = (vectors - weights["mean"]) / weights["scale"]
        return np.clip(scaled @ weights["coef"].T + weights["intercept"], weights["lowest"], weights["highest"])

    return SimpleNamespace(values=values)
