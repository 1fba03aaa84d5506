"""Metrics of systems that give an utterance several labels: each class is a label from a probability of one half on.

All are computed from counts that can be added over utterances, so that they have intervals by speaker as those of one
label do. Letters: S any leading axes, C classes. Counts are (S, C, 5), in the order of ``COUNTS``; the last two are of
the utterance, and the same for each class.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from ser.choices import Choices
from ser.errors import SerError
from ser.evaluation.intervals import Tally
from ser.metrics import Floats, Metric, mean

COUNTS = ("right", "true", "predicted", "exact", "utterances")
FROM = 0.5  # probability from which on a class is a label


def counts(truth: ArrayLike, probabilities: ArrayLike) -> Floats:
    """Return the counts of single utterances, (utterances, C, 5).

    truth: (utterances, C), whether a class is a label; probabilities: the same shape, independent of each other.
    ValueError where the shapes differ.
    """
    true, predicted = np.asarray(truth, dtype=bool), np.asarray(probabilities, dtype=np.float64) >= FROM
    if true.shape != predicted.shape or true.ndim != 2:
        raise ValueError(f"labels {true.shape} and probabilities {predicted.shape} are not of the same classes")
    exact = np.broadcast_to((true == predicted).all(1, keepdims=True), true.shape)
    return np.stack([true & predicted, true, predicted, exact, np.ones_like(true)], axis=-1).astype(float)


def micro_f1(counts: Floats, total: Floats | None = None) -> Floats:
    """Return F1 over all labels of all classes together, (S,): 2 · right / (true + predicted); NaN without any."""
    del total
    right, true, predicted = (counts[..., k].sum(-1) for k in range(3))
    return _ratio(2 * right, true + predicted)


def macro_f1(counts: Floats, total: Floats | None = None) -> Floats:
    """Return the mean F1 of the classes that are a label of some utterance, (S,)."""
    del total
    right, true, predicted = (counts[..., k] for k in range(3))
    return mean(np.where(true > 0, _ratio(2 * right, true + predicted), np.nan))


def subset_accuracy(counts: Floats, total: Floats | None = None) -> Floats:
    """Return the share of utterances all of whose labels are right, and no other given, (S,)."""
    del total
    return _ratio(counts[..., 0, 3], counts[..., 0, 4])


def hamming_loss(counts: Floats, total: Floats | None = None) -> Floats:
    """Return the share of pairs of utterance and class that are answered wrongly, (S,)."""
    del total
    right, true, predicted, _, utterances = (counts[..., k].sum(-1) for k in range(5))
    return _ratio(true + predicted - 2 * right, utterances)


def _ratio(part: Floats, whole: Floats) -> Floats:
    return np.asarray(np.divide(part, whole, out=np.full(np.shape(part), np.nan), where=whole > 0))


MEASURES = Choices(
    {
        "macro F1": Metric("mean F1 of the classes", macro_f1, linear=False),
        "micro F1": Metric("F1 of all labels together", micro_f1, linear=False),
        "subset accuracy": Metric("utterances with exactly the right labels", subset_accuracy, linear=False),
        "Hamming loss": Metric("wrong answers per utterance and class", hamming_loss, linear=False),
    }
)


@dataclass(frozen=True, eq=False)
class LabelTally(Tally):
    """The counts by cluster, (clusters, seeds, C, 5); metrics are those of ``MEASURES``."""

    def metric(self, name: str) -> Metric:
        """Return the metric of a name, a function of these counts."""
        return MEASURES[name]


def tally(rows: pd.DataFrame, truth: ArrayLike, probabilities: ArrayLike) -> LabelTally:
    """Return the counts of one system's predictions by speaker, or by utterance as ``intervals.tally`` does.

    rows: seed, utterance, speaker; truth, probabilities: (rows, C).
    """
    if rows.empty:
        raise SerError("there are no predictions to score.")
    known = rows["speaker"].notna().all() and rows["speaker"].nunique() > 1
    kind = "speaker" if known else "utterance"
    cluster, clusters = pd.factorize(rows[kind], sort=True)
    seed, seeds = pd.factorize(rows["seed"], sort=True)
    each = counts(truth, probabilities)
    added = np.zeros((len(clusters), len(seeds), *each.shape[1:]))
    np.add.at(added, (cluster, seed), each)
    return LabelTally("", added, kind, tuple(map(str, clusters)), None)
