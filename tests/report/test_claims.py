"""The tables of claims, papers and arithmetic checks of whole reports."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from ser.config.plan import Plan
from ser.config.recipe import Recipe
from ser.config.schema import Block, Experiment, Protocol
from ser.papers.claims import claims

pytestmark = pytest.mark.usefixtures("undrawn")
LABELS = {"angry": ("angry",), "happy": ("happy", "excited"), "neutral": ("neutral",), "sad": ("sad",)}
FEATURES = {"mfcc": {"provenance": ""}}


def plan_of(corpus: str, seeds: tuple[int, ...] = (0, 1, 2), **changes: dict[str, str]) -> Plan:
    systems = {
        name: Recipe(paper="cao2019", published={"cao2019": paper}, model="any", inputs={"frames": {"feature": "mfcc"}})
        for name, paper in (("a", "C-pFSMN-A"), ("b", "C-biLSTM"))
    }
    block = Block(corpora=(corpus,), protocols=("p",), systems=tuple(systems), seeds=seeds)
    return Plan(
        experiment=Experiment(name="trial", runs=(block,)),
        protocols={"p": Protocol(paper="cao2019", rule="random_counts", labels=LABELS)},
        systems=systems,
        folds={corpus: {"p": 1}},
        changes={f"systems.{name}": changed for name, changed in changes.items()},
    )


def table(folder: Path, name: str) -> pd.DataFrame:
    return pd.read_csv(folder / "tables" / f"{name}.csv", keep_default_na=False)


def row(frame: pd.DataFrame, measure: str, systems: str) -> pd.Series:
    [found] = frame[(frame["measure"] == measure) & (frame["paper_systems"] == systems)].to_dict("records")
    return pd.Series(found)


def test_claims_on_the_papers_corpus_are_judged_by_the_runs(reported: Callable[..., Path]) -> None:
    folder = reported(plan_of("iemocap"), features=FEATURES)
    found = table(folder, "claims")
    assert len(found) == len([claim for claim in claims() if claim.paper == "cao2019"])
    gain = row(found, "UA", "C-pFSMN-A; C-biLSTM")
    assert (float(gain["printed"]), gain["unit"], gain["systems"]) == (2.67, "points", "a; b")
    assert gain["verdict"] in ("reproduced", "not reproduced", "within noise")
    assert float(gain["ours_low"]) < float(gain["ours"]) < float(gain["ours_high"])
    text = (folder / "tables" / "claims.md").read_text(encoding="utf-8")
    assert text.count(f"| {gain['verdict']} |") == (found["verdict"] == gain["verdict"]).sum()
    assert (folder / "tables" / "claims.tex").read_text(encoding="utf-8").count(r"\\") >= len(found)
    assert 'id="claims"' in (folder / "index.html").read_text(encoding="utf-8")


def test_the_checks_of_the_papers_that_were_run_are_a_table(reported: Callable[..., Path]) -> None:
    found = table(reported(plan_of("iemocap")), "arithmetic")
    assert set(found["paper"]) == {"cao2019"}
    assert set(found["holds"]) == {True, False}


@pytest.mark.parametrize(
    ("plan", "reason"),
    [
        (plan_of("iemocap", a={"training.epochs": "100 → 4"}), "not as shipped: training.epochs 100 → 4"),
        (plan_of("iemocap", seeds=(0,)), "not as shipped: seeds 3 → 1"),
    ],
)
def test_a_changed_recipe_lists_its_changes_instead_of_a_verdict(
    plan: Plan, reason: str, reported: Callable[..., Path]
) -> None:
    folder = reported(plan, features=FEATURES)
    value = row(table(folder, "claims"), "UA", "C-pFSMN-A")
    assert (value["verdict"], value["reason"]) == ("not comparable", reason)
    remarks = table(folder, "results").set_index("system")["published_remark"]
    assert remarks["a"] == f"not comparable: {reason}"
    printed = table(folder, "papers")
    assert set(printed[printed["system"] == "a"]["remark"]) == {remarks["a"]}


def test_a_report_on_a_corpus_of_ones_own_has_no_claims(reported: Callable[..., Path]) -> None:
    folder = reported(plan_of("mine"))
    for name in ("claims", "papers", "arithmetic"):
        assert len(table(folder, name)) == 0, name
        assert f'id="{name}"' not in (folder / "index.html").read_text(encoding="utf-8")
    assert (table(folder, "results")["published_WA"] != "").all()


def test_the_demo_lists_what_was_run_alone(reported: Callable[..., Path]) -> None:
    folder = reported(plan_of("demo"))
    found = table(folder, "claims")
    assert set(found["verdict"]) == {"not comparable"}
    assert len(found) < 30
    assert set(table(folder, "papers")["paper_system"]) == {"C-pFSMN-A", "C-biLSTM"}
    assert len(table(folder, "arithmetic")) == 0
