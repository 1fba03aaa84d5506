"""The summary of a scores table over folds and seeds."""

import numpy as np
import pandas as pd
import pytest

from ser.evaluation.summary import summary


def rows(values: dict[tuple[int, int], float], sizes: dict[int, int]) -> pd.DataFrame:
    """Return a scores table of WA from (seed, fold) -> value and fold -> utterances."""
    fixed = {"corpus": "c", "protocol": "p", "system": "s", "metric": "WA", "label": ""}
    return pd.DataFrame(
        [
            {**fixed, "seed": seed, "fold": fold, "value": value, "utterances": sizes[fold]}
            for (seed, fold), value in values.items()
        ]
    )


def test_summary_pools_per_seed_and_spreads_over_folds() -> None:
    sizes = {0: 10, 1: 30, -1: 40}
    values = {(0, 0): 0.2, (0, 1): 0.6, (0, -1): 0.5, (1, 0): 0.4, (1, 1): 0.8, (1, -1): 0.7}
    found = summary(rows(values, sizes))
    assert len(found) == 1
    row = found.iloc[0]
    assert row["pooled"] == pytest.approx(0.6)
    assert row["pooled_sd"] == pytest.approx(np.std([0.5, 0.7], ddof=1))
    assert row["fold_mean"] == pytest.approx(np.mean([0.3, 0.7]))
    assert row["fold_sd"] == pytest.approx(np.std([0.3, 0.7], ddof=1))
    assert (row["folds"], row["seeds"], row["runs"], row["utterances"]) == (2, 2, 4, 40)


def test_summary_keeps_systems_apart_and_has_no_spread_of_one() -> None:
    one = rows({(0, 0): 0.5, (0, -1): 0.5}, {0: 8, -1: 8})
    found = summary(pd.concat([one, one.assign(system="t", value=0.25)])).set_index("system")
    assert found["pooled"].to_dict() == {"s": 0.5, "t": 0.25}
    assert found[["pooled_sd", "fold_sd"]].isna().all(axis=None)
