"""The tables of claims, of arithmetic checks, and the verdicts of a whole report."""

from collections.abc import Callable
from pathlib import Path

import pytest
from own_results import cao, gain, recipe

from ser.config.plan import Plan
from ser.config.schema import Block, Experiment, Protocol
from ser.papers import verdicts as judged
from ser.papers.arithmetic import checks
from ser.papers.verdicts import verdicts
from ser.report.data.results import Result
from ser.report.table import frame, latex
from ser.report.tables.arithmetic import check_tables
from ser.report.tables.claims import claim_tables


def test_text_and_csv_have_the_same_verdicts() -> None:
    found = verdicts([cao("a", "C-pFSMN-A", 0.66), cao("b", "C-biLSTM", 0.63)])
    shown = judged.shown(found)
    assert list(shown) == ["cao2019"]
    tested, rest = claim_tables(shown, "Beware.")
    assert tested.warning == "Beware."
    table = frame([tested, rest])
    mine = [one for one in found if one.claim.paper == "cao2019"]
    assert len(table) == len(tested.rows) + len(rest.rows) == len(mine)
    assert {one.verdict for one in rest.rows} == {"not run"}
    [column] = [column for column in tested.columns if column.title == "Verdict"]
    assert [column.cell(row) for row in (*tested.rows, *rest.rows)] == table["verdict"].tolist()
    row = table[(table["measure"] == "UA") & (table["paper_systems"] == "C-pFSMN-A; C-biLSTM")].iloc[0]
    assert (row["printed"], row["unit"], row["systems"]) == (2.67, "points", "a; b")
    assert row["ours_low"] < row["ours"] < row["ours_high"]
    counted = judged.tally(found)
    assert sum(counted["cao2019"].values()) == len(mine)
    assert set(counted["li2018"]) == {"reproduced", "not reproduced", "within noise", "not comparable", "not run"}
    assert latex([tested, rest]).count(r"\\") >= len(mine)


def test_the_checks_are_a_table() -> None:
    failing, holding = check_tables([check for check in checks() if check.paper == "li2018"])
    assert {check.holds for check in failing.rows} == {False}
    assert {check.holds for check in holding.rows} == {True}
    assert not any(table.rows for table in check_tables([]))


def test_verdicts_fill_themselves_from_a_report(monkeypatch: pytest.MonkeyPatch, reported: Callable[..., Path]) -> None:
    seen: list[Result] = []
    monkeypatch.setattr("ser.report.tables.papers.paper_tables", lambda results: seen.extend(results) or [])
    labels = {"angry": ("angry",), "happy": ("happy", "excited"), "neutral": ("neutral",), "sad": ("sad",)}
    protocol = Protocol(paper="cao2019", rule="random_counts", labels=labels)
    systems = {"a": recipe("cao2019", "C-pFSMN-A"), "b": recipe("cao2019", "C-biLSTM")}
    plan = Plan(
        experiment=Experiment(name="trial", runs=(Block(corpora=("iemocap",), protocols=("p",), systems=("a", "b")),)),
        protocols={"p": protocol},
        systems=systems,
        folds={"iemocap": {"p": 1}},
    )
    reported(plan)
    found = verdicts(seen)
    assert gain(found).verdict != "not run"
    assert gain(found).where == ("iemocap", "p")
    assert {one.verdict for one in found if one.claim.paper == "li2018"} == {"not run"}
