"""The section of contrasts: the table's numbers, a verdict for each, and what could have been seen or was not run."""

import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from ser.config.plan import Plan
from ser.config.schema import Block, Contrast
from ser.errors import SerError
from ser.evaluation.comparison import verdict
from ser.report.sections import contrasts
from ser.report.sections.contrasts import ContrastFamily
from ser.tables import contracts

SYSTEMS = ("Audio-CNN", "SVM_50%")
CLAIM = Contrast(better="Audio-CNN", than="SVM_50%", claim="Peng 2021, table 1")
TURNED = Contrast(better="SVM_50%", than="Audio-CNN")


def declared(plan_of: Callable[..., Plan], *blocks: Block, **keys: Any) -> Plan:
    blocks = blocks or (Block(corpora=("demo",), protocols=("session-out",), systems=SYSTEMS),)
    return plan_of(*blocks, contrasts={"Network over SVM & <floor>": CLAIM, "SVM over network": TURNED}, **keys)


@pytest.mark.parametrize(
    ("difference", "p", "expected"),
    [
        (3.0, 0.05, "upheld"),
        (-3.0, 0.05, "refuted"),
        (3.0, 0.0501, "undecided"),
        (-3.0, 1.0, "undecided"),
        (0.0, 1.0, "undecided"),
    ],
)
def test_the_verdict_needs_the_corrected_p_and_the_sign(difference: float, p: float, expected: str) -> None:
    assert verdict(difference, p) == expected


def test_the_files_and_the_page_have_the_numbers_of_the_table(
    reported: Callable[..., Path], plan_of: Callable[..., Plan]
) -> None:
    folder = reported(declared(plan_of))
    table = contracts.read(contracts.CONTRASTS, folder / "contrasts.parquet").to_pandas()
    assert len(table) == 4
    written = pd.read_csv(folder / "tables/contrasts.csv")
    for name in ("difference", "low", "high", "p", "p_holm", "detectable"):
        assert written[name].tolist() == pytest.approx(table[name].tolist())
    assert written["better_value"].tolist() == pytest.approx((100 * table["better_value"]).tolist(), abs=1e-3)
    assert written["verdict"].tolist() == [verdict(row.difference, row.p_holm) for row in table.itertuples()]
    assert written["claim"].dropna().unique().tolist() == ["Peng 2021, table 1"]
    results = pd.read_csv(folder / "tables/results.csv").set_index("system")["UA"]
    first = written.query("metric == 'UA'").iloc[0]
    assert (first["better_value"], first["than_value"]) == pytest.approx(tuple(results[list(SYSTEMS)]), abs=1e-3)
    page = (folder / "index.html").read_text(encoding="utf-8")
    section = page[page.index('<section id="contrasts"') : page.index('<section id="comparisons"')]
    assert "Network over SVM &amp; &lt;floor&gt;" in section
    assert "Peng 2021, table 1" in section
    assert "Holm&#39;s correction in UA is over these 2, declared beforehand" in section
    assert "session-out on demo" in section
    assert "6 clusters" in section
    assert f">{first['difference']:+.2f}<small".replace("-", "−") in section
    assert f"[{first['low']:.1f}, {first['high']:.1f}]".replace("-", "−") in section
    assert "<svg" in section
    assert re.search(r"\d undecided of 2 contrasts: session-out on demo", page[: page.index('<section id="results')])


def test_a_contrast_without_common_folds_is_listed_as_not_run(
    reported: Callable[..., Path], plan_of: Callable[..., Plan]
) -> None:
    runs = {"corpora": ("demo",), "protocols": ("session-out",)}
    blocks = (Block(**runs, systems=SYSTEMS[:1], folds=(0, 1)), Block(**runs, systems=SYSTEMS[1:], folds=(2,)))
    folder = reported(declared(plan_of, *blocks))
    written = pd.read_csv(folder / "tables/contrasts.csv")
    assert written["contrast"].tolist() == ["Network over SVM & <floor>", "SVM over network"]
    assert written["verdict"].tolist() == ["not run", "not run"]
    assert written["difference"].isna().all()
    text = (folder / "tables/contrasts.md").read_text(encoding="utf-8")
    assert "2 not run of 2 contrasts" in text
    assert "declares no contrasts" in (folder / "figures/contrasts.svg").read_text(encoding="utf-8")


@pytest.mark.usefixtures("undrawn")
def test_folds_are_named_where_they_are_a_part(reported: Callable[..., Path], plan_of: Callable[..., Plan]) -> None:
    runs = {"corpora": ("demo",), "protocols": ("session-out",)}
    blocks = (Block(**runs, systems=SYSTEMS[:1]), Block(**runs, systems=SYSTEMS[1:], folds=(0, 2)))
    assert "| 0, 2 of 3 |" in (reported(declared(plan_of, *blocks)) / "tables/contrasts.md").read_text(encoding="utf-8")


@pytest.mark.usefixtures("undrawn")
def test_a_system_that_is_not_trained_is_marked_in_its_row(
    reported: Callable[..., Path], plan_of: Callable[..., Plan]
) -> None:
    folder = reported(declared(plan_of), train={"loss": math.log(4)})
    text = "Audio-CNN not trained: 3 of 3 runs; SVM_50% not trained: 3 of 3 runs"
    assert pd.read_csv(folder / "tables/contrasts.csv")["untrained"].iloc[0] == text
    page = (folder / "index.html").read_text(encoding="utf-8")
    assert f">{text}</small>" in page[page.index('<section id="contrasts"') : page.index('<section id="comparisons"')]


def test_only_an_undecided_contrast_says_what_could_have_been_seen() -> None:
    row = {"low": 1.0, "high": 5.0, "difference": 3.0, "detectable": 3.4, "folds": [0, 1], "method": "m"}
    rows = [
        {"title": name, "claim": "", "better": "a", "than": "b", "than_corpus": None, "than_protocol": None}
        | {"better_value": 0.5, "than_value": 0.47}
        | contrasts._numbers({**row, **change}, 2)
        | {"untrained": ""}
        for name, change in (
            ("one", {"p_holm": 0.01}),
            ("two", {"p_holm": 0.01, "difference": -3.0}),
            ("three", {"p_holm": 0.4}),
            ("four", {"p_holm": 0.4, "detectable": math.nan}),
        )
    ]
    assert [row["verdict"] for row in rows] == ["upheld", "refuted", "undecided", "undecided"]
    assert ContrastFamily("c", "p", "", False, rows).tally == "1 upheld, 1 refuted, 2 undecided of 4 contrasts"
    columns = {column.title: column for column in contrasts._columns("UA", rows)}
    assert "Claim" not in columns
    assert "Folds" not in columns
    assert [columns["Could have been seen"].cell(row) for row in rows] == ["–", "–", "3.4", "–"]
    assert [columns["Δ UA"].cell(row) for row in rows] == ["+3.00", "−3.00", "+3.00", "+3.00"]
    assert columns["Δ UA 95 %"].cell(rows[0]) == "[1.0, 5.0]"


@pytest.mark.usefixtures("undrawn")
def test_a_table_of_other_contrasts_is_refused(
    reported: Callable[..., Path], plan_of: Callable[..., Plan], render: Callable[..., None], monkeypatch: Any
) -> None:
    plan = declared(plan_of)
    folder = reported(plan)
    monkeypatch.chdir(folder.parents[1])
    turned = {"Network over SVM & <floor>": TURNED, "SVM over network": TURNED}
    changed = plan.model_copy(update={"experiment": plan.experiment.model_copy(update={"contrasts": turned})})
    with pytest.raises(SerError, match=r"contrasts table .*: Network over SVM & <floor> \(demo/session-out\); compare"):
        render(changed, folder, folder.parent / "other")


def test_an_experiment_without_contrasts_says_so(both: Path) -> None:
    assert len(pd.read_csv(both / "tables/contrasts.csv")) == 0
    assert "The experiment declares no contrasts." in (both / "index.html").read_text(encoding="utf-8")
