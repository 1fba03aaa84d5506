"""The scores of a result: means and deviations over seeds and folds."""

import math

import numpy as np
import pandas as pd
import pytest

from ser.report.data.scores import of_table


def rows(values: dict[tuple[int, int], float], metric: str = "WA") -> pd.DataFrame:
    """Return a scores table from (seed, fold) -> value."""
    return pd.DataFrame(
        [{"seed": seed, "fold": fold, "metric": metric, "value": value} for (seed, fold), value in values.items()]
    )


def test_scores_pool_per_seed_and_spread_over_folds() -> None:
    values = {(0, 0): 0.2, (0, 1): 0.6, (0, -1): 0.5, (1, 0): 0.4, (1, 1): 0.8, (1, -1): 0.7}
    found = of_table(rows(values), pd.DataFrame([[3, 1], [0, 4]]))["WA"]
    assert found.value == pytest.approx(0.6)
    assert found.sd == pytest.approx(np.std([0.5, 0.7], ddof=1))
    assert found.fold_mean == pytest.approx(np.mean([0.3, 0.7]))
    assert found.fold_sd == pytest.approx(np.std([0.3, 0.7], ddof=1))
    assert found.by_seed == {0: 0.5, 1: 0.7}


def test_metrics_are_kept_apart_and_one_value_has_no_spread() -> None:
    one = {(0, 0): 0.5, (0, -1): 0.5}
    found = of_table(pd.concat([rows(one), rows(dict.fromkeys(one, 0.25), "UA")]), pd.DataFrame([[1]]))
    assert {metric: score.value for metric, score in found.items()} == {"WA": 0.5, "UA": 0.25}
    assert all(math.isnan(score.sd) and math.isnan(score.fold_sd) for score in found.values())
