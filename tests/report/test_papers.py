"""The papers' tables next to ours: every printed number once, with ours where there is one and the difference."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from ser.config.plan import Plan
from ser.config.recipe import Recipe
from ser.config.schema import Block, Experiment, Protocol, Sweep
from ser.papers import published
from ser.report.sections.papers import NOT_RUN, Cell

LABELS = {"angry": ["angry"], "happy": ["happy", "excited"], "neutral": ["neutral"], "sad": ["sad"]}
FRAMES = {"frames": {"feature": "mfcc"}}
WORDS = {"words": {"transcript": "recognised"}}


def plan_of(systems: dict[str, Recipe], corpus: str = "demo", paper: str = "cao2019", **more: object) -> Plan:
    protocols = {"paper": Protocol(title="As printed", paper=paper, rule="random_counts", labels=LABELS)}
    block = Block(corpora=(corpus,), protocols=("paper",), systems=tuple(systems))
    return Plan(
        experiment=Experiment(name="trial", runs=(block,), **more),
        protocols=protocols,
        systems=systems,
        folds={corpus: {"paper": 1}},
    )


def system(paper: str, *names: str, inputs: dict[str, object] = FRAMES) -> Recipe:
    return Recipe(title=names[0], paper=paper, published={paper: names}, model="any", inputs=inputs)


def systems(paper: str) -> list[str]:
    return list(dict.fromkeys(number.system for number in published.printed(paper)))


def frame(folder: Path) -> pd.DataFrame:
    return pd.read_csv(folder / "tables" / "papers.csv")


@pytest.mark.usefixtures("undrawn")
def test_ours_the_printed_number_and_the_difference_are_in_one_row(reported: Callable[..., Path]) -> None:
    folder = reported(plan_of({"mine": system("cao2019", "C-pFSMN-A")}))
    table = frame(folder)
    row = table[(table["system"] == "mine") & (table["column"] == "UA") & (table["table"] == "Table2")].iloc[0]
    ours = pd.read_csv(folder / "tables" / "results.csv").iloc[0]["UA"]
    assert row["printed"] == 64.51
    assert row["ours"] == pytest.approx(ours, abs=1e-4)
    assert row["difference"] == pytest.approx(ours - 64.51, abs=1e-3)
    assert "other corpus" in row["remark"]


@pytest.mark.usefixtures("undrawn")
def test_every_printed_system_has_its_row_whether_it_ran_or_not(reported: Callable[..., Path]) -> None:
    table = frame(reported(plan_of({"mine": system("cao2019", "C-pFSMN-A")}, corpus="iemocap")))
    second = table[table["table"] == "Table2"]
    assert list(dict.fromkeys(second["paper_system"])) == systems("cao2019")
    absent = second[second["paper_system"] == "pFSMN"]
    assert absent["ours"].isna().all()
    assert set(absent["remark"]) == {NOT_RUN}
    assert absent[absent["column"] == "WA"]["printed"].item() == 55.85


@pytest.mark.usefixtures("undrawn")
def test_sizes_and_times_are_listed_with_the_printed_ones_with_their_ratio(reported: Callable[..., Path]) -> None:
    systems = {"slow": system("cao2019", "C-biLSTM"), "quick": system("cao2019", "C-pFSMN-A")}
    folder = reported(plan_of(systems))
    table = frame(folder)
    size = table[(table["table"] == "Table3") & (table["system"] == "quick")].set_index("column")
    assert size.loc["parameters, M", "ours"] == pytest.approx(1.2346, abs=1e-4)
    assert size.loc["training, min", "ours"] == pytest.approx(12.5 / 60, abs=1e-3)
    text = (folder / "tables" / "papers.md").read_text(encoding="utf-8")
    assert "minutes, slow : quick = 1.00, printed 1.77" in text


@pytest.mark.usefixtures("undrawn")
def test_recognised_and_given_text_are_different_rows(
    reported: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ser.report.data.experiment._transcript_errors", lambda *_: {})
    systems = {
        "true": system("peng2021", "Text-CNN", inputs={"words": {}}),
        "noisy": system("peng2021", "Text-CNN", inputs=WORDS),
    }
    table = frame(reported(plan_of(systems, paper="peng2021")))
    accuracy = table[(table["column"] == "WA") & table["system"].isin(systems)].set_index("system")
    assert accuracy["printed"].to_dict() == {"true": 67.8, "noisy": 62.4}


@pytest.mark.usefixtures("undrawn")
def test_numbers_of_another_corpus_are_not_compared_with_ours(reported: Callable[..., Path]) -> None:
    table = frame(reported(plan_of({"x": system("xie2019", "Feature")}, corpus="iemocap", paper="xie2019")))
    assert set(table[table["system"] == "x"]["table"]) == {"Table3"}
    remark = table[table["system"] == "x"]["remark"].iloc[0]
    assert "other corpus" not in remark
    assert "best point of the test curve" in remark


@pytest.mark.parametrize(
    ("ours", "printed", "text"),
    [(57.4, 64.34, "57.40 (64.34, −6.94)"), (None, 1.0, "– (1.00)"), (2.5, None, "2.50"), (None, None, "–")],
)
def test_a_cell_has_the_known_numbers(ours: float | None, printed: float | None, text: str) -> None:
    assert Cell(ours, printed).text == text


def test_a_remark_belongs_to_a_printed_system() -> None:
    for paper in published.papers():
        assert [name for name in systems(paper) if published.known_remark(paper, name)]
    remarks = {(row["paper"], row["system"]) for row in published.rows() if row["remark"]}
    assert all(system in systems(paper) for paper, system in remarks)


def test_a_sweep_is_drawn_over_its_setting(reported: Callable[..., Path]) -> None:
    systems = {f"h{height}": system("cao2019", "C-pFSMN-A") for height in (2, 10)}
    sweep = Sweep(title="Heights", axis="filter height (bins)", systems={2: "h2", 10: "h10"})
    drawn = (reported(plan_of(systems, sweeps={"height": sweep})) / "figures" / "sweeps.svg").read_text()
    assert "filter height (bins)" in drawn
    assert "Heights" in drawn
