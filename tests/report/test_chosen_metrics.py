"""The metrics of an experiment reach scores, intervals, comparisons, tables and page."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from sklearn.metrics import f1_score

from ser.config.plan import Plan
from ser.config.schema import Block
from ser.tables import contracts

CHOSEN = ("macro F1", "WA")


def test_a_chosen_metric_is_everywhere(reported: Callable[..., Path], plan_of: Callable[..., Plan]) -> None:
    block = Block(corpora=("demo",), protocols=("session-out",), systems=("Audio-CNN", "SVM_50%"))
    plan = plan_of(block, metrics=CHOSEN)
    out = reported(plan)
    for contract, name in ((contracts.INTERVALS, "intervals"), (contracts.COMPARISONS, "comparisons")):
        assert set(contracts.read(contract, out / f"{name}.parquet")["metric"].to_pylist()) == set(CHOSEN)
    scores = contracts.read(contracts.SCORES, out / "scores.parquet").to_pandas()
    assert set(scores["metric"]) == {*CHOSEN, "recall"}
    results = pd.read_csv(out / "tables/results.csv").set_index("system")
    for system in block.systems:
        files = sorted(
            (out.parents[1] / "results/runs/demo/session-out" / system).glob("seed0/fold*/predictions.parquet")
        )
        rows = pd.concat(contracts.read(contracts.PREDICTIONS, path).to_pandas() for path in files)
        expected = 100 * f1_score(rows["label"], rows["predicted"], average="macro")
        assert results.loc[system, "macro F1"] == pytest.approx(expected, abs=1e-3)
    assert {"UA", "UA_sd", "fold_UA"}.isdisjoint(results.columns)
    page = (out / "index.html").read_text(encoding="utf-8")
    assert "macro F1" in page[page.index('id="results"') :]
