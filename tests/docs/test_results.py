"""``ser results`` prints a table per corpus and protocol, best system first, systems that lack folds last."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from typer.testing import CliRunner

from ser.cli import app
from ser.config.plan import Plan
from ser.config.recipe import Inputs, Recipe
from ser.config.schema import Block, Experiment, Protocol
from ser.layout import Run
from ser.stages.plan import PlanJob
from ser.stages.plan import plan as write_plan
from ser.tables import contracts


def write(folder: Path) -> None:
    """Write the scores of three systems, the best of them on one fold of two and without an interval."""
    folder.mkdir(parents=True)
    scores: list[dict[str, Any]] = []
    intervals: list[dict[str, Any]] = []
    for system, ua, folds in (("partial", 0.9, (0,)), ("worse", 0.4, (0, 1)), ("better", 0.75, (0, 1))):
        run = {"corpus": "c", "protocol": "p", "system": system}
        for metric, value in (("WA", 0.5), ("UA", ua)):
            cell = {**run, "metric": metric, "value": value}
            scores += [
                {**cell, "seed": 0, "fold": fold, "fold_name": "", "label": "", "utterances": 9}
                for fold in (-1, *folds)
            ]
            ends = {"low": value - 0.1, "high": value + 0.1} if len(folds) == 2 else {"low": None, "high": None}
            known = {"clusters": 2, "cluster_kind": "speaker", "method": "jackknife", "seeds": 1}
            intervals.append({**cell, **ends, **known, "seed_sd": None, "fold_sd": None})
    for contract, rows in ((contracts.SCORES, scores), (contracts.INTERVALS, intervals)):
        table = pa.Table.from_pylist(rows, contract.schema)
        contracts.write(contract, table, folder / f"{contract.name}.parquet")
    names = ("partial", "worse", "better")
    plan = Plan(
        experiment=Experiment(name="mine", runs=(Block(corpora=("c",), protocols=("p",), systems=names),)),
        protocols={"p": Protocol(rule="any", labels="all")},
        systems={name: Recipe(model="m", inputs=Inputs()) for name in names},
        folds={"c": {"p": 2}},
    )
    write_plan(PlanJob(plan=plan, out=folder / "plan.json"))


def test_the_table_is_sorted_by_ua_and_ranks_no_system_that_lacks_folds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "results/mine")
    done = CliRunner().invoke(app, ["results", "mine"])
    assert done.exit_code == 0, done.output
    lines = [line.split() for line in done.output.splitlines() if line]
    assert lines[0][:2] == ["c,", "p"]
    assert lines[1] == ["system", "WA", "UA", "folds"]
    assert lines[2] == ["better", "50.0", "[40.0,", "60.0]", "75.0", "[65.0,", "85.0]", "2", "of", "2"]
    assert lines[3] == ["worse", "50.0", "[40.0,", "60.0]", "40.0", "[30.0,", "50.0]", "2", "of", "2"]
    assert lines[4] == ["partial", "50.0", "90.0", "1", "of", "2"]
    assert lines[5] == ["Report:", "results/mine/index.html"]


def test_a_system_that_learned_nothing_is_marked_and_not_ranked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "results/mine")
    for system, fold, loss in (("better", 0, 1.3), ("better", 1, 0.4), ("worse", 0, 1.2), ("worse", 1, 1.2)):
        run = Run("c", "p", system, 0, fold)
        run.folder.mkdir(parents=True)
        (run.folder / "run.json").write_text(json.dumps({"classes": list("abcd"), "train": {"loss": loss}}))
    lines = [line for line in CliRunner().invoke(app, ["results", "mine"]).output.splitlines() if line]
    assert [line.split()[0] for line in lines[2:5]] == ["worse", "partial", "better"]
    assert lines[4].endswith("2 of 2, 1 not trained")


def test_contrasts_follow_with_difference_interval_and_verdict(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "results/mine"
    write(folder)
    contrast: dict[str, Any] = {"corpus": "c", "protocol": "p", "better": "better", "than": "worse", "metric": "UA"}
    contrast |= {"better_value": 0.75, "than_value": 0.4, "folds": [0, 1], "clusters": 2, "method": "jackknife"}
    contrast |= {"low": -1.0, "high": 9.0, "detectable": 6.25, "p": 0.5}
    rows = [
        contrast | {"contrast": "open", "difference": 4.0, "p_holm": 0.5},
        contrast | {"contrast": "clear", "difference": 35.0, "p_holm": 0.001},
        contrast | {"contrast": "in WA", "difference": 35.0, "p_holm": 0.001, "metric": "WA"},
    ]
    table = pa.Table.from_pylist(rows, contracts.CONTRASTS.schema)
    contracts.write(contracts.CONTRASTS, table, folder / "contrasts.parquet")
    lines = [line for line in CliRunner().invoke(app, ["results", "mine"]).output.splitlines() if line]
    assert lines[5] == "c, p: contrasts in UA (points, 95 % interval)"
    assert lines[7].split("  ")[0] == "open"
    assert lines[7].endswith("75.0   40.0   +4.0 [-1.0, +9.0]   0.500   undecided, 6.2 could have been seen")
    assert lines[8].endswith("+35.0 [-1.0, +9.0]  0.001   upheld")
    assert lines[9].startswith("Report:")


def test_an_unknown_experiment_is_an_error_that_lists_those_with_results(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "results/mine")
    done = CliRunner().invoke(app, ["results", "yours"])
    assert done.exit_code == 2
    assert "results/yours has no results. Experiments with results in this folder: mine." in done.output
