"""Rules that revise neutral predictions: our readings of the two-step predictor of Satt et al. 2017, and a control.

The two steps of the paper were not known to us. All rules take the posteriors of a first network, (utterances,
classes). The cascades also take those of a second step, (utterances, classes), with ``NONE`` in the column of neutral.
"""

from collections.abc import Callable
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ser import metrics
from ser.layers.back_end_classifier import Labels, Vectors

Rule = Literal["cascade_a", "cascade_b", "prior"]
NONE = -1.0  # no posterior; a mean over segments leaves it as it is
MARGIN = 1e-6  # by which the prediction leads, in nats: enough to survive a softmax in float32
SMALLEST = 1e-30  # lower bound of a posterior in a logarithm
STRENGTHS = np.linspace(0.0, 2.0, 41)
Array = NDArray[np.float64]
Predictions = NDArray[np.int64]


def challenged(posteriors: Array, challenges: Array, tau: float) -> Predictions:
    """Rule "cascade_a": where the first network predicts neutral, another class may replace it.

    posteriors: (utterances, classes); challenges: (utterances, classes), of each class against neutral. The class with
    the largest challenge is predicted if that is above ``tau``. Other predictions do not change.
    """
    first, best = posteriors.argmax(1), challenges.argmax(1)
    neutral = first == challenges.argmin(1)
    return np.where(neutral & (challenges.max(1) > tau), best, first)


def gated(posteriors: Array, others: Array, tau: float) -> Predictions:
    """Rule "cascade_b": neutral if its posterior is above ``tau``, else the best of the ``others``.

    posteriors, others: (utterances, classes), the second among the classes that are not neutral.
    """
    neutral = others.argmin(1)
    is_neutral = posteriors[np.arange(len(posteriors)), neutral] > tau
    return np.where(is_neutral, neutral, others.argmax(1))


DECISIONS = {"cascade_a": challenged, "cascade_b": gated}


def unweighted(predicted: Predictions, truth: Predictions, classes: int) -> float:
    """Return the unweighted average recall, 0…1."""
    return float(metrics.ua(metrics.confusion(truth, predicted, classes)))


def best_threshold(values: Array, score: Callable[[float], float]) -> tuple[float, float]:
    """Return the threshold in 0…1 with the best ``score``, and that score.

    ``score`` must depend only on which of ``values`` (0…1) are above the threshold, so that it is constant between two
    of them. The threshold is the middle of the widest best interval; ties go to the highest.
    """
    edges = np.unique(np.concatenate([[0.0, 1.0], values]))
    scores = np.array([score(edge) for edge in edges])
    top = float(scores.max())
    best = np.concatenate([[False], scores == top, [False]])
    first, after = np.flatnonzero(best[1:] & ~best[:-1]), np.flatnonzero(best[:-1] & ~best[1:])
    low, high = edges[first], np.append(edges, edges[-1])[after]
    widest = len(low) - 1 - int(np.argmax((high - low)[::-1]))
    middle = (low[widest] + high[widest]) / 2
    return float(low[widest] if middle >= high[widest] else middle), top


def led_by(posteriors: Array, predictions: Predictions) -> Array:
    """Return ln posteriors (utterances, classes) in which the class of ``predictions`` is the largest.

    Where another class has the largest posterior, the two are exchanged; the lead is at least ``MARGIN``.
    """
    scores, row = np.log(np.maximum(posteriors, SMALLEST)), np.arange(len(posteriors))
    top = scores.argmax(1)
    scores[row, top], scores[row, predictions] = scores[row, predictions], scores[row, top]
    lead = scores[row, predictions].copy()
    scores[row, predictions] = -np.inf
    scores[row, predictions] = np.maximum(lead, scores.max(1) + MARGIN)
    return scores


class Cascade:
    """A rule with one threshold, selected by UA on the dev part, or on train where there is none."""

    def __init__(self, rule: Literal["cascade_a", "cascade_b"], classes: int):
        self.rule, self.classes, self.tau = rule, classes, 0.5

    def fit(self, vectors: Vectors, labels: Labels) -> list[str]:
        """Select the threshold on (utterances, 2 · classes); return it as a remark."""
        part = "dev" if "dev" in vectors else "train"
        first, second = self._halves(vectors[part])
        truth, decide = labels[part], DECISIONS[self.rule]
        if self.rule == "cascade_a":
            values = second[first.argmax(1) == second.argmin(1)].max(1, initial=0.0)
        else:
            values = first[np.arange(len(first)), second.argmin(1)]
        self.tau, best = best_threshold(values, lambda tau: unweighted(decide(first, second, tau), truth, self.classes))
        alone = unweighted(first.argmax(1), truth, self.classes)
        gain = f"{100 * best:.1f} %, {100 * alone:.1f} % without the rule"
        remark = f"{self.rule}: tau = {self.tau:.4g}, chosen by UA on {part} ({gain})"
        return [remark if part == "dev" else f"{remark}: no dev part, and posteriors on train are too confident"]

    def scores(self, vectors: Array) -> Array:
        """Return ln posteriors (utterances, classes), exchanged where the rule changes the prediction."""
        first, second = self._halves(vectors)
        return led_by(first, DECISIONS[self.rule](first, second, self.tau))

    def weights(self) -> dict[str, NDArray[Any]]:
        """Return the threshold."""
        return {"tau": np.array([self.tau])}

    def _halves(self, vectors: Array) -> tuple[Array, Array]:
        return vectors[:, : self.classes], vectors[:, self.classes :]


class PriorControl:
    """ln posterior − alpha · ln share of the class in train: one number and no second step (Menon et al. 2021).

    alpha is selected by UA on the dev part, ties going to the smallest; without a dev part it is 1. A class that train
    lacks counts once.
    """

    def __init__(self, classes: int):
        self.alpha, self.prior = 1.0, np.full(classes, 1 / classes)

    def fit(self, vectors: Vectors, labels: Labels) -> list[str]:
        """Fit on (utterances, classes); return the selection as a remark."""
        counts = np.bincount(labels["train"], minlength=len(self.prior))
        self.prior = np.maximum(counts, 1) / len(labels["train"])
        if "dev" not in vectors:
            return ["prior: no dev part, so alpha = 1, not tuned"]
        truth = labels["dev"]
        classes = len(self.prior)
        found = [unweighted(self._adjusted(vectors["dev"], alpha).argmax(1), truth, classes) for alpha in STRENGTHS]
        self.alpha = float(STRENGTHS[int(np.argmax(found))])
        gain = f"{100 * max(found):.1f} %, {100 * found[0]:.1f} % without the rule"
        return [f"prior: alpha = {self.alpha:g}, chosen by UA on dev ({gain})"]

    def scores(self, vectors: Array) -> Array:
        """Return the adjusted ln posteriors (utterances, classes)."""
        return self._adjusted(vectors, self.alpha)

    def weights(self) -> dict[str, NDArray[Any]]:
        """Return alpha and the shares of the classes."""
        return {"alpha": np.array([self.alpha]), "prior": self.prior}

    def _adjusted(self, posteriors: Array, alpha: float) -> Array:
        return np.log(np.maximum(posteriors, SMALLEST)) - alpha * np.log(self.prior)
