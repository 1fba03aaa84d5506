"""The summary of a scores table over folds and seeds."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

POOLED = -1  # the fold number of a row over all folds of a seed together
KEY = ("corpus", "protocol", "system", "metric", "label")
SUMMARY = ("pooled", "pooled_sd", "fold_mean", "fold_sd", "folds", "seeds", "runs", "utterances")


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
