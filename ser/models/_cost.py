"""The choice of C, the cost of an error, on the dev part: shared by the linear estimators."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ser import metrics
from ser.errors import SerError

NOT_CHOSEN = 0.1  # C where several are given and the protocol selects nothing on dev


def ascending(c: float | Sequence[float], classes: int) -> tuple[float, ...]:
    """Return the values of C; SerError for none, or for fewer than two classes."""
    if classes < 2:
        raise SerError(f"it needs at least two classes, the protocol gives {classes}.")
    costs = sorted(c) if isinstance(c, Sequence) else [c]
    if not costs:
        raise SerError("the option c is an empty list; give at least one value.")
    return tuple(costs)


def best(
    costs: Sequence[float], scores: Callable[[float], NDArray[np.float64]], labels: NDArray[np.int64], selection: str
) -> dict[str, Any]:
    """Return the best C with its rates, what they were compared by, and the rates of all that were tried.

    scores: of the dev part, (utterances, classes), by C; labels: of the dev part; selection: of the protocol. The best
    has the highest WA for ``dev_wa`` and otherwise the highest UA, since a loss needs calibrated probabilities; of
    equals it is the smaller C.
    """
    by = "WA" if selection == "dev_wa" else "UA"
    tried: list[dict[str, float]] = []
    for cost in costs:
        values = scores(cost)
        counts = metrics.confusion(labels, values.argmax(1), values.shape[1])
        tried.append({"c": cost, "WA": float(metrics.wa(counts)), "UA": float(metrics.ua(counts))})
    return {**max(tried, key=lambda one: one[by]), "by": by, "tried": tried}  # the first of equals


def note(costs: Sequence[float], by: str, refit: str) -> str:
    """Return the remark on a choice for the record of the run."""
    grid = ", ".join(f"{cost:g}" for cost in costs)
    return f"C was chosen by {by} on dev from {grid}; the machine is fitted on {refit.replace('+', ' and ')}"
