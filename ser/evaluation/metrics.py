"""WA, UA, class recalls and confusions of one test part, and their summary over folds and seeds.

WA (weighted accuracy) is the share of utterances that are right. UA (unweighted accuracy, UAR) is the mean of the class
recalls, over the classes that occur in the truth: a class without a test utterance has no recall and is left out of
the mean. All values are in 0…1.
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.metrics import accuracy_score, confusion_matrix, recall_score

POOLED = -1  # the fold number that stands for all folds of a seed together


def wa(labels: Sequence[str], predicted: Sequence[str]) -> float:
    """Return the share of utterances whose ``predicted`` class is the true one."""
    _check(labels, predicted)
    return float(accuracy_score(labels, predicted))


def ua(labels: Sequence[str], predicted: Sequence[str], classes: Sequence[str]) -> float:
    """Return the mean of the recalls of those ``classes`` that occur in ``labels``."""
    return float(np.nanmean(list(recalls(labels, predicted, classes).values())))


def recalls(labels: Sequence[str], predicted: Sequence[str], classes: Sequence[str]) -> dict[str, float]:
    """Return class -> share of its utterances that are right, in the order of ``classes``; NaN where there are none."""
    _check(labels, predicted, classes)
    values = recall_score(labels, predicted, labels=list(classes), average=None, zero_division=0.0)
    there = set(labels)
    return {name: float(value) if name in there else math.nan for name, value in zip(classes, values, strict=True)}


def confusion(labels: Sequence[str], predicted: Sequence[str], classes: Sequence[str]) -> NDArray[np.int64]:
    """Return counts, (true class, predicted class), both in the order of ``classes``."""
    _check(labels, predicted, classes)
    counts: NDArray[np.int64] = confusion_matrix(labels, predicted, labels=list(classes)).astype(np.int64)
    return counts


def summary(scores: pd.DataFrame) -> pd.DataFrame:
    """Return one row per corpus, protocol, system, metric and label of a scores table (contract SCORES).

    pooled: the value on all folds of a seed together, mean over seeds, with pooled_sd between seeds; fold_mean and
    fold_sd: mean and sd between folds of the values averaged over seeds (sd with n - 1; NaN for a single one). folds,
    seeds: how many there are; runs: how many of their combinations are present. utterances: of one seed's pooled value.
    """
    rows = [
        dict(zip(KEY, key, strict=True)) | _summary_of(group)
        for key, group in scores.groupby(list(KEY), sort=False, dropna=False)
    ]
    return pd.DataFrame(rows, columns=[*KEY, *SUMMARY])


KEY = ("corpus", "protocol", "system", "metric", "label")
SUMMARY = ("pooled", "pooled_sd", "fold_mean", "fold_sd", "folds", "seeds", "runs", "utterances")


def _summary_of(group: pd.DataFrame) -> dict[str, Any]:
    pooled = group.loc[group["fold"] == POOLED]
    single = group.loc[group["fold"] != POOLED]
    by_fold = single.groupby("fold")["value"].mean()
    values: Sequence[Any] = (
        pooled["value"].mean(),
        pooled["value"].std(ddof=1),
        by_fold.mean(),
        by_fold.std(ddof=1),
        len(by_fold),
        pooled["seed"].nunique(),
        len(single),
        int(pooled["utterances"].max()),
    )
    return dict(zip(SUMMARY, values, strict=True))


def _check(labels: Sequence[str], predicted: Sequence[str], classes: Sequence[str] | None = None) -> None:
    """Raise ValueError where a metric is not defined: nothing to score, or a label outside ``classes``."""
    if len(labels) == 0 or len(labels) != len(predicted):
        raise ValueError(f"{len(labels)} labels and {len(predicted)} predictions cannot be scored")
    if classes is not None and (strange := ({*labels} | {*predicted}) - {*classes}):
        raise ValueError(f"{sorted(strange)} are not among the classes {list(classes)}")
