"""An experiment whose target is dimensions: from its estimates to scores, intervals, contrasts, tables and page."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import estimated
import numpy as np
import pandas as pd
import pytest
from estimated import DIMENSIONS, METRICS
from typer.testing import CliRunner

import ser
from ser.cli import app
from ser.config.plan import Plan, read_plan
from ser.config.schema import Block
from ser.experiment_archive import recomputing
from ser.layout import Run
from ser.report import page, registry
from ser.report.data.experiment import TABLES, read
from ser.tables import contracts
from ser.tables.estimates import ESTIMATES

RESULT = ("session-out", "Audio-CNN")


def values(home: Path, seed: int, protocol: str, system: str) -> dict[str, dict[str, float]]:
    """Return each metric of every dimension of a seed, all folds together, as numpy computes it of the files."""
    folder = home / Run("demo", protocol, system, seed, 0).folder.parent
    files = sorted(folder.glob("fold*/predictions.parquet"))
    rows = [row for path in files for row in contracts.read(ESTIMATES, path).to_pylist()]
    return {name: dict(zip(DIMENSIONS, of, strict=True)) for name, of in estimated.computed(rows).items()}


def test_scores_are_those_of_the_estimates(dimensional: Path) -> None:
    scores = contracts.read(contracts.SCORES, dimensional / "scores.parquet").to_pandas()
    assert set(scores["metric"]) == {*METRICS, *(f"{name} {of}" for name in METRICS for of in DIMENSIONS)}
    pooled = scores[scores["fold"] == contracts.ALL_FOLDS].set_index(["protocol", "system", "seed", "metric"])["value"]
    for protocol, seed in (("session-out", 0), ("random", 1)):
        for system in ("Audio-CNN", "SVM_50%"):
            found = values(dimensional.parents[1], seed, protocol, system)
            for name in METRICS:
                assert pooled[protocol, system, seed, name] == pytest.approx(sum(found[name].values()) / 3, abs=1e-6)
                for of, value in found[name].items():
                    assert pooled[protocol, system, seed, f"{name} {of}"] == pytest.approx(value, abs=1e-6)
    assert contracts.read(contracts.CONFUSIONS, dimensional / "confusions.parquet").num_rows == 0


def test_intervals_hold_the_planted_order(dimensional: Path) -> None:
    table = pd.read_csv(dimensional / "tables/intervals.csv").set_index(["protocol", "system", "metric"])
    better, worse = table.loc["session-out", "Audio-CNN"], table.loc["session-out", "SVM_50%"]
    assert better.loc["CCC", "low"] > worse.loc["CCC", "high"]
    assert better.loc["MAE valence", "high"] < worse.loc["MAE valence", "low"]
    assert ((table["low"] < table["value"]) & (table["value"] < table["high"])).all()
    assert set(table["clusters"]) == {6}


def test_a_contrast_is_upheld_by_a_higher_ccc_and_a_lower_error(dimensional: Path) -> None:
    table = pd.read_csv(dimensional / "tables/contrasts.csv").set_index(["protocol", "metric"])
    for metric, sign in (("CCC", 1), ("MAE", -1), ("MAE dominance", -1)):
        row = table.loc["session-out", metric]
        assert sign * row["difference"] > 0
        assert row["difference"] == pytest.approx(row["better_value"] - row["than_value"], abs=1e-5)
        assert row["verdict"] == "upheld"


def test_comparisons_of_single_dimensions_are_a_family_of_their_own(dimensional: Path) -> None:
    table = contracts.read(contracts.COMPARISONS, dimensional / "comparisons.parquet").to_pandas()
    mine = table[table["protocol"] == "session-out"].set_index("metric")
    assert len(mine) == 12
    assert mine.loc["CCC", "p"] == pytest.approx(2 / 2**6)  # the least that swaps of 6 speakers give
    assert mine.loc["CCC", "p_holm"] == pytest.approx(3 * 2 / 2**6)
    assert mine.loc["CCC valence", "p_holm"] == pytest.approx(9 * 2 / 2**6)


def test_tables_show_values_that_are_no_percent(dimensional: Path) -> None:
    results = pd.read_csv(dimensional / "tables/results.csv").set_index(["protocol", "system"])
    found = [values(dimensional.parents[1], seed, *RESULT)["CCC"] for seed in (0, 1)]
    mean = sum(sum(one.values()) for one in found) / 6
    assert results.loc[RESULT, "CCC"] == pytest.approx(mean, abs=1e-5)
    assert results.loc[RESULT, "utterances"] == 120
    assert results.loc[RESULT, "classes"] == "dimensions: valence, activation, dominance"
    each = pd.read_csv(dimensional / "tables/dimensions.csv").set_index(["protocol", "system", "dimension"])
    assert each.loc[(*RESULT, "valence"), "CCC"] == pytest.approx(
        (found[0]["valence"] + found[1]["valence"]) / 2, abs=1e-5
    )
    gap = pd.read_csv(dimensional / "tables/gap.csv").set_index("system")
    for system in ("Audio-CNN", "SVM_50%"):
        difference = results.loc[("random", system), "CCC"] - results.loc[("session-out", system), "CCC"]
        assert gap.loc[system, "CCC_difference"] == pytest.approx(difference, abs=1e-5)
        assert gap.loc[system, "CCC_low"] < difference < gap.loc[system, "CCC_high"]
    means = (dimensional / "tables/gap.md").read_text(encoding="utf-8")
    assert "| 2 |" in means
    ranking = pd.read_csv(dimensional / "tables/ranking.csv")
    assert ranking["tau"].tolist() == [1.0]


def test_the_page_has_the_sections_of_dimensions_alone(dimensional: Path) -> None:
    text = (dimensional / "index.html").read_text(encoding="utf-8")
    for name in registry.names():
        target = getattr(registry.load(name), "TARGET", "dimensions")
        if target == "classes":
            assert f'<section id="{name}">' not in text
    for name in ("results", "dimensions", "comparisons", "contrasts", "gap", "protocols", "audit", "curves"):
        assert f'<section id="{name}">' in text
    assert "best dev CCC, mean over the dimensions" in text
    assert "UA" not in text[text.index('<section id="results">') : text.index('<section id="curves">')]
    assert "valence, Audio-CNN" in text


def test_sections_of_classes_have_files_that_say_nothing(dimensional: Path) -> None:
    for name in registry.names("tables"):
        for kind in ("csv", "md", "tex"):
            assert (dimensional / f"tables/{name}.{kind}").is_file()
    assert (dimensional / "tables/recalls.csv").read_text(encoding="utf-8") == "note\n"
    assert "The target is dimensions." in (dimensional / "figures/confusions.svg").read_text(encoding="utf-8")


def test_the_lines_of_the_page_recompute_the_ccc(dimensional: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(dimensional.parents[1])
    data = read(read_plan(dimensional / "plan.json"), {name: dimensional / f"{name}.parquet" for name in TABLES})
    code = page.snippet(data.results[0])
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    expected = data.results[0].scores["CCC"].by_seed[0]
    assert done.stdout.startswith(f"CCC {expected:.3f} ["), done.stderr


def test_a_table_of_all_estimates_for_notebooks(dimensional: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(dimensional.parents[1])
    rows = ser.read_runs("trial")
    sides = [f"{side}_{name}" for side in ("target", "predicted") for name in DIMENSIONS]
    assert list(rows.columns[-6:]) == sides
    assert len(rows) == 2 * 2 * 2 * 120  # protocols, systems, seeds
    assert rows[sides[:3]].min().min() >= 1
    assert "label" not in rows


def test_the_command_prints_them(dimensional: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(dimensional.parents[1])
    printed = CliRunner().invoke(app, ["results", "trial"], catch_exceptions=False).output
    lines = printed.splitlines()
    head = next(line for line in lines if line.startswith("system"))
    assert head.split()[1:7] == ["CCC", "Pearson", "MAE", "CCC", "valence", "CCC"]
    of_first = next(line for line in lines if line.startswith("Audio-CNN"))
    assert "0.9" in of_first
    assert lines.index(of_first) < lines.index(next(line for line in lines if line.startswith("SVM_50%")))
    assert "contrasts in CCC (95 % interval)" in printed
    assert "upheld" in printed


def test_the_tables_follow_from_the_estimates(dimensional: Path) -> None:
    home = dimensional.parents[1]
    assert recomputing.compare(home, Path("results/trial/plan.json"), "here") > 100


def test_a_constant_system_is_reported_without_correlation_and_as_not_trained(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    plan_of: Callable[..., Plan],
    trained: Callable[..., None],
    judge: Callable[..., None],
    render: Callable[..., None],
) -> None:
    monkeypatch.chdir(tmp_path)
    block = Block(corpora=("demo",), protocols=("session-out",), systems=("Audio-CNN", "SVM_50%"))
    plan, out = plan_of(block, protocols=estimated.PROTOCOLS, metrics=METRICS), Path("results/trial")
    trained(plan, classes=[], counts={"train": {"": 60}, "test": {"": 40}}, train={"loss": 1.0, "CCC": 0.0})
    for run in plan.runs():
        numbers = np.arange(40) + 40 * run.fold
        estimated.write(run, plan, numbers, 40, constant=3.0 if run.system == "SVM_50%" else None)
    judge(plan, out)
    render(plan, out)
    results = pd.read_csv(out / "tables/results.csv").set_index("system").loc["SVM_50%"]
    assert results["CCC"] == 0
    assert np.isnan(results["Pearson"])
    assert results["untrained"] == "not trained: 3 of 3 runs"
    compared = pd.read_csv(out / "tables/comparisons.csv").set_index("metric")
    assert np.isnan(compared.loc["Pearson valence", "p_holm"])
    assert compared.loc["CCC", "p_holm"] <= 1
    shutil.copy("plan.json", out / "plan.json")
    printed = CliRunner().invoke(app, ["results", "trial"], catch_exceptions=False).output
    assert "undefined" in next(line for line in printed.splitlines() if line.startswith("SVM_50%"))
