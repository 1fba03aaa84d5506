"""Runs for use are in a section of their own, with the estimate of their system, and in no other table."""

import json
import shutil
from collections.abc import Callable
from contextlib import chdir
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from ser import cli
from ser.config.plan import Plan
from ser.config.schema import Block, Use
from ser.tables import contracts

OUT = Path("results/trial")
BLOCK = Block(corpora=("other",), protocols=("session-out",), systems=("Audio-CNN", "SVM_50%"))
USE = Use(corpus="other", protocol="session-out", systems=("Audio-CNN",), seeds=(3,))


@pytest.mark.usefixtures("undrawn")
def test_a_run_for_use_is_listed_with_its_estimate_and_scored_nowhere(
    tmp_path: Path,
    plan_of: Callable[..., Plan],
    trained: Callable[..., None],
    judge: Callable[..., None],
    render: Callable[..., None],
) -> None:
    plan = plan_of(BLOCK, use=(USE,))
    with chdir(tmp_path):
        trained(plan)
        judge(plan_of(BLOCK), OUT)
        without = contracts.read(contracts.SCORES, OUT / "scores.parquet")
        (run,) = plan.runs_for_use()
        shutil.copytree(plan.runs()[0].folder, run.folder)
        (run.folder / "predictions.parquet").unlink()
        path = run.folder / "run.json"
        card = json.loads(path.read_text())
        card["counts"]["test"] = dict.fromkeys(card["classes"], 0)
        path.write_text(json.dumps(card | {"fold": -1, "seed": 3}))
        judge(plan, OUT)
        assert contracts.read(contracts.SCORES, OUT / "scores.parquet") == without
        render(plan, OUT)
        tables = {path.stem: pd.read_csv(path) for path in (OUT / "tables").glob("*.csv")}
        row = tables["for_use"].iloc[0]
        spans = contracts.read(contracts.INTERVALS, OUT / "intervals.parquet").to_pandas()
        estimate = spans[(spans["system"] == "Audio-CNN") & (spans["metric"] == "UA")].iloc[0]
        assert (row["protocol"], row["system"], row["seed"]) == ("session-out", "Audio-CNN", 3)
        for name, column in (("estimate", "value"), ("estimate_low", "low"), ("estimate_high", "high")):
            assert row[name] == pytest.approx(100 * estimate[column], abs=1e-3)
        assert row["dev_utterances"] == 32
        assert 3 not in set(tables["runs"]["seed"])
        assert "Trained for use" in (OUT / "index.html").read_text()
        shutil.copy("plan.json", OUT / "plan.json")
        printed = CliRunner().invoke(cli.app, ["results", "trial"]).stdout
    assert f"no test part; ser bundle {run.folder} OUT" in printed
    assert "3 of 3" in printed
