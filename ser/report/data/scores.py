"""The metrics of one result, from its rows of the SCORES table."""

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from ser.tables.contracts import ALL_FOLDS


@dataclass(frozen=True)
class Score:
    """One metric of a result: means with sample standard deviations (n − 1), NaN for a single value.

    value, sd: of the pooled values, which ``by_seed`` holds; fold_mean, fold_sd: over folds; chance: None if unknown.
    """

    value: float
    sd: float
    fold_mean: float
    fold_sd: float
    by_seed: Mapping[int, float]
    chance: float | None


def of_table(scores: pd.DataFrame, confusion: pd.DataFrame | None) -> dict[str, Score]:
    """Return every metric of one system; the recalls of the classes are no metric of their own here."""
    chance = {"CCC": 0.0} if confusion is None else _chance(confusion.sum(axis=1))
    found = {}
    for metric, rows in scores[scores["metric"] != "recall"].groupby("metric", sort=False):
        pooled = rows[rows["fold"] == ALL_FOLDS]
        by_fold = rows[rows["fold"] != ALL_FOLDS].groupby("fold")["value"].mean()
        found[str(metric)] = Score(
            value=pooled["value"].mean(skipna=False),
            sd=pooled["value"].std(skipna=False),
            fold_mean=by_fold.mean(skipna=False),
            fold_sd=by_fold.std(skipna=False),
            by_seed=dict(zip(pooled["seed"].tolist(), pooled["value"].tolist(), strict=True)),
            chance=chance.get(str(metric)),
        )
    return found


def _chance(tested: "pd.Series[int]") -> dict[str, float]:
    """Return WA of always predicting the most frequent class, and UA of any blind prediction."""
    return {"WA": float(tested.max() / tested.sum()), "UA": 1.0 / len(tested)}
