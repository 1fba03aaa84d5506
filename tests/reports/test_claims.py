"""The tables of claims, of arithmetic checks, and the verdicts of a whole report."""

from collections.abc import Callable
from pathlib import Path

import pytest
from own_results import cao, gain, recipe

from ser.config.plan import Plan
from ser.config.schema import Block, Experiment, Protocol
from ser.papers import verdicts as judged
from ser.papers.arithmetic import checks
from ser.papers.claims import claims
from ser.papers.verdicts import verdicts
from ser.reports.gathered import tables
from ser.reports.gathered.results import Result
from ser.reports.sections import claims as section


def test_tables_and_frame_say_the_same() -> None:
    found = verdicts([cao("a", "C-pFSMN-A", 0.66), cao("b", "C-biLSTM", 0.63)])
    [table] = section.tables(found, "Beware.")
    assert table.warning == "Beware."
    frame = section.frame(found)
    mine = frame[frame["paper"] == "cao2019"]
    assert len(frame) == len(claims())
    assert [row[table.columns.index("Verdict")] for row in table.rows] == mine["verdict"].tolist()
    row = frame[(frame["measure"] == "UA") & (frame["paper_systems"] == "C-pFSMN-A; C-biLSTM")].iloc[0]
    assert (row["printed"], row["unit"], row["systems"]) == (2.67, "points", "a; b")
    assert row["ours_low"] < row["ours"] < row["ours_high"]
    counted = judged.tally(found)
    assert sum(counted["cao2019"].values()) == len(mine)
    assert set(counted["li2018"]) == {"reproduced", "not reproduced", "within noise", "not comparable", "not run"}
    assert tables.latex([table]).count(r"\\") >= len(mine)


def test_the_checks_of_the_chosen_papers_are_a_table() -> None:
    [table] = section.arithmetic(checks(), ["li2018"])
    assert {row[0] for row in table.rows} == {"li2018"}
    assert {row[3] for row in table.rows} == {"yes", "no"}
    assert section.arithmetic(checks(), []) == []


def test_verdicts_fill_themselves_from_a_report(monkeypatch: pytest.MonkeyPatch, reported: Callable[..., Path]) -> None:
    seen: list[Result] = []
    monkeypatch.setattr("ser.papers.paper_tables.paper_tables", lambda results: seen.extend(results) or [])
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
