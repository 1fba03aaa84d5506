"""Intervals, comparisons, leaks and rankings of the report: the tables agree with plain loops."""

import math
import re
from collections.abc import Callable, Sequence
from itertools import combinations, permutations
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from ser.config.plan import Plan
from ser.config.schema import Block, Protocol
from ser.errors import SerError
from ser.report.data.results import Score
from ser.report.leak_gaps import by_protocols
from ser.report.sections import comparisons, ranking
from ser.report.sections.comparisons import PairTable
from ser.report.table import markdown
from ser.tables import contracts

LABELS = {"angry": ["angry"], "happy": ["happy", "excited"], "neutral": ["neutral"], "sad": ["sad"]}
LEAKS = {
    "text-out": ("session",),
    "session-out": ("session", "text"),
    "speaker-norm": ("session", "text", "normalisation"),
    "random": ("speaker", "session", "text", "dev speaker"),
    "other-leak": ("test selection",),
}


def protocol(leaks: Sequence[str]) -> Protocol:
    return Protocol(
        rule="random_folds",
        labels=LABELS,
        leaks=tuple(leaks),
        normalisation="speaker" if "normalisation" in leaks else "train",
    )


@pytest.fixture
def leaky(reported: Callable[..., Path], plan_of: Callable[..., Plan]) -> Callable[..., Path]:
    """Return a function from names of protocols to the report of two systems under them."""

    def made(*names: str, **changes: object) -> Path:
        block = Block(corpora=("demo",), protocols=names, systems=("Audio-CNN", "SVM_50%"))
        return reported(plan_of(block, protocols={name: protocol(LEAKS[name]) for name in names}), **changes)

    return made


def predictions(folder: Path, protocol: str, system: str) -> pd.DataFrame:
    runs = folder.parents[1] / f"results/runs/demo/{protocol}/{system}"
    return pd.concat([pd.read_parquet(path) for path in sorted(runs.glob("seed*/fold*/predictions.parquet"))])


def ua(rows: pd.DataFrame) -> float:
    return float(np.mean([(group["label"] == group["predicted"]).mean() for _, group in rows.groupby("label")]))


def test_intervals_are_those_of_the_compare_stage_on_page_and_in_every_table(both: Path) -> None:
    table = contracts.read(contracts.INTERVALS, both / "intervals.parquet").to_pandas()
    page, latex = ((both / name).read_text(encoding="utf-8") for name in ("index.html", "tables/results.tex"))
    results = pd.read_csv(both / "tables/results.csv").set_index(["protocol", "system"])
    assert len(table) == 8
    for row in table.itertuples():
        text = f"[{100 * row.low:.1f}, {100 * row.high:.1f}]"
        assert text in page
        assert "{[}" + text[1:] in latex
        assert results.loc[(row.protocol, row.system), f"{row.metric}_low"] == pytest.approx(100 * row.low, abs=1e-3)
        assert results.loc[(row.protocol, row.system), f"{row.metric}_high"] == pytest.approx(100 * row.high, abs=1e-3)


def test_seeds_spread_is_separate_from_folds(both: Path) -> None:
    table = contracts.read(contracts.INTERVALS, both / "intervals.parquet").to_pandas()
    page = (both / "index.html").read_text(encoding="utf-8")
    for _, group in table.groupby(["protocol", "system"]):
        wa, ua = (group[group["metric"] == metric].iloc[0] for metric in ("WA", "UA"))
        for row in (wa, ua):
            assert f"SD seeds {100 * row.seed_sd:.2f}, folds {100 * row.fold_sd:.2f}" in page


@pytest.mark.parametrize("change", ["value", "fewer", "more"])
def test_intervals_of_other_runs_are_refused(
    both: Path, plan_of: Callable[..., Plan], render: Callable[..., None], tmp_path: Path, change: str, monkeypatch
) -> None:
    monkeypatch.chdir(both.parents[1])
    for name in ("scores", "confusions", "comparisons", "contrasts"):
        (tmp_path / f"{name}.parquet").write_bytes((both / f"{name}.parquet").read_bytes())
    table = contracts.read(contracts.INTERVALS, both / "intervals.parquet")
    rows = table.to_pylist()
    if change == "value":
        rows[0]["value"] += 0.01
    rows = rows[1:] if change == "fewer" else [*rows, {**rows[0], "system": "new"}] if change == "more" else rows
    changed = type(table).from_pylist(rows, schema=contracts.INTERVALS.schema)
    contracts.write(contracts.INTERVALS, changed, tmp_path / "intervals.parquet")
    block = Block(
        corpora=("demo",), protocols=("session-out", "random"), systems=("Audio-CNN", "SVM_50%"), seeds=(0, 1)
    )
    with pytest.raises(SerError, match="compare again"):
        render(plan_of(block), tmp_path, tmp_path / "out")


def test_comparisons_of_other_runs_are_refused(
    both: Path, plan_of: Callable[..., Plan], render: Callable[..., None], tmp_path: Path, monkeypatch
) -> None:
    monkeypatch.chdir(both.parents[1])
    block = Block(corpora=("demo",), protocols=("session-out",), systems=("Audio-CNN", "SVM_50%"), seeds=(0, 1))
    for name in ("scores", "confusions", "intervals"):
        table = getattr(contracts, name.upper())
        rows = [
            row for row in contracts.read(table, both / f"{name}.parquet").to_pylist() if row["protocol"] != "random"
        ]
        contracts.write(table, rows, tmp_path / f"{name}.parquet")
    for name in ("comparisons", "contrasts"):
        (tmp_path / f"{name}.parquet").write_bytes((both / f"{name}.parquet").read_bytes())
    with pytest.raises(SerError, match=r"comparisons table holds more.*demo/random; compare again"):
        render(plan_of(block), tmp_path, tmp_path / "out")


def test_comparisons_are_on_the_page_by_name(both: Path) -> None:
    table = contracts.read(contracts.COMPARISONS, both / "comparisons.parquet").to_pandas()
    page = (both / "index.html").read_text(encoding="utf-8")
    section = page[page.index('id="comparisons"') : page.index('id="gap"')]
    for row in table.itertuples():
        assert (row.system, row.other) == ("Audio-CNN", "SVM_50%")
        assert f">{row.difference:+.2f}<small".replace("-", "−") in section
        assert f"[{row.low:.1f}, {row.high:.1f}]".replace("-", "−") in section
        assert f">{row.p:.3f}<" in section
    written = pd.read_csv(both / "tables/comparisons.csv")
    assert written["p_holm"].tolist() == pytest.approx(table["p_holm"].tolist())


def pair(system: str, other: str, difference: float, holm: float) -> dict[str, object]:
    values = {"difference": difference, "low": math.nan, "high": math.nan, "p": holm / 2, "p_holm": holm}
    both = {"UA": {**values, "detectable": 0.05}, "WA": {**values, "detectable": math.nan}}
    return {"system": system, "other": other, "clusters": 24, "method": "", "folds": "", "untrained": "", **both}


def test_the_matrix_is_the_pairs_read_both_ways() -> None:
    found = [pair("a", "B", 0.1, 0.01), pair("a", "c", -0.2, 0.5), pair("B", "c", 0.3, 0.04)]
    pairs = PairTable("demo", "p", tuple(found), "UA")
    assert pairs.systems == ["a", "B", "c"]
    cells = pairs.matrix
    assert ("a", "a") not in cells
    for one, other in permutations(pairs.systems, 2):
        assert cells[one, other][0] == -cells[other, one][0]
        assert cells[one, other][1] == cells[other, one][1]
    assert cells["c", "a"] == (0.2, False)
    assert pairs.differing == 2
    found[0]["untrained"] = "B not trained: 1 of 3 runs"
    assert pairs.matrix["a", "B"] == (0.1, False)
    assert pairs.differing == 1


def test_so_few_speakers_cannot_show_a_difference() -> None:
    systems = "abcdefg"
    every = tuple(pair(*names, 0.5, 1.0) for names in combinations(systems, 2))
    few = tuple({**one, "clusters": 10} for one in every)
    assert PairTable("demo", "p", few, "UA").least == pytest.approx(2 / 2**10 * 42)
    assert PairTable("demo", "p", every, "UA").least < 0.05


def test_points_become_fractions_and_unknown_numbers_dashes() -> None:
    row = {
        "corpus": "demo",
        "protocol": "p",
        "system": "a",
        "other": "b",
        "difference": 12.0,
        "low": None,
        "high": None,
    }
    row |= {"p": 0.0001, "p_holm": 0.0002, "clusters": 5, "detectable": None, "method": "m", "folds": [0]}
    frame = pd.DataFrame([{**row, "metric": metric} for metric in ("WA", "UA")])
    [found] = comparisons.pair_tables(frame, "UA", {("demo", "p"): 1})
    assert found.pairs[0]["UA"]["difference"] == pytest.approx(0.12)
    table = comparisons._pairs(found, ("UA", "WA"), "")
    cells = [column.cell(found.pairs[0]) for column in table.text_columns]
    assert cells == ["a", "b", *2 * ("+12.00", "–", "< 0.001", "< 0.001", "–"), "", "5", "m"]


def test_pairs_name_their_own_clusters_method_and_missing_folds() -> None:
    """A caption names the range, each row its own number: systems without all folds have fewer speakers in common."""
    rows = [
        {
            "corpus": "demo",
            "protocol": "p",
            "system": "a",
            "other": other,
            "metric": "UA",
            "difference": 1.0,
            "low": 0.0,
        }
        | {"high": 2.0, "p": 0.5, "p_holm": 0.5, "detectable": 3.0, "clusters": size, "method": method, "folds": folds}
        for other, size, method, folds in (("b", 9, "all 2^9 swaps", [0]), ("c", 29, "random swaps", [0, 1, 2]))
    ]
    [found] = comparisons.pair_tables(pd.DataFrame(rows), "UA", {("demo", "p"): 3})
    text = markdown([comparisons._pairs(found, ("UA",), "")], "x")
    assert "on 9 to 29 clusters" in text
    lines = [line for line in text.splitlines() if line.startswith("| a |")]
    assert [line.split("|")[-4:-1] for line in lines] == [
        [" 0 of 3 ", " 9 ", " all 2^9 swaps "],
        ["  ", " 29 ", " random swaps "],
    ]


def test_a_leak_adds_the_difference_with_an_interval_that_plain_loops_find(both: Path) -> None:
    table = pd.read_csv(both / "tables/gap.csv").set_index("system")
    for system in ("Audio-CNN", "SVM_50%"):
        less, more = (predictions(both, protocol, system) for protocol in ("session-out", "random"))

        def change(left_out: str, less: pd.DataFrame = less, more: pd.DataFrame = more) -> float:
            values = []
            for rows in (more, less):
                kept = rows[rows["speaker"] != left_out]
                values.append(np.mean([ua(group) for _, group in kept.groupby("seed")]))
            return values[0] - values[1]

        left = np.array([change(name) for name in sorted(set(less["speaker"]))])
        error = np.sqrt((len(left) - 1) / len(left) * ((left - left.mean()) ** 2).sum())
        middle, reach = change("none"), 2.570582 * error  # t(5), 97.5 %
        row = table.loc[system]
        found = [row["UA_low"], row["UA_difference"], row["UA_high"]]
        assert found == pytest.approx([100 * (middle - reach), 100 * middle, 100 * (middle + reach)], abs=1e-3)
        assert row["utterances"] == 120


def test_the_mean_over_systems_is_the_one_on_the_page(both: Path) -> None:
    table = pd.read_csv(both / "tables/gap.csv")
    page = re.sub(r"<[^>]+>|\s+", " ", (both / "index.html").read_text(encoding="utf-8"))
    mean = f"{table['UA_difference'].mean():+.1f}"
    printed = re.search(r"random +adds +(\S+) +\[([\d.]+), ([\d.]+)\] points of UA to +session-out", page)
    assert printed.group(1) == mean
    assert float(printed.group(2)) < float(mean) < float(printed.group(3))


@pytest.mark.usefixtures("undrawn")
def test_protocols_are_held_against_their_neighbours_in_leaks(leaky: Callable[..., Path]) -> None:
    table = pd.read_csv(leaky("text-out", "session-out", "speaker-norm", "random") / "tables/gap.csv")
    found = {(row.without, row._3): row.leaks for row in table.itertuples(index=False)}
    assert found == {
        ("text-out", "session-out"): "text",
        ("session-out", "speaker-norm"): "normalisation",
        ("session-out", "random"): "speaker; dev speaker",
    }
    assert table["remark"].isna().all(), "the normalisation is the leak and no further difference"


@pytest.mark.usefixtures("undrawn")
def test_a_leak_of_another_kind_is_held_against_what_keeps_speakers_apart(leaky: Callable[..., Path]) -> None:
    table = pd.read_csv(leaky("session-out", "text-out", "other-leak") / "tables/gap.csv")
    pairs = set(zip(table["without"], table["with"], strict=True))
    assert pairs == {("text-out", "session-out"), ("text-out", "other-leak"), ("session-out", "other-leak")}


def test_missing_folds_leave_the_utterances_that_both_tested(
    reported: Callable[..., Path], plan_of: Callable[..., Plan]
) -> None:
    systems = ("SVM_50%",)
    plan = plan_of(
        Block(corpora=("demo",), protocols=("session-out",), systems=systems),
        Block(corpora=("demo",), protocols=("random",), systems=systems, folds=(1,)),
    )
    folder = reported(plan)
    row = pd.read_csv(folder / "tables/gap.csv").iloc[0]
    less, more = (predictions(folder, name, "SVM_50%") for name in ("session-out", "random"))
    common = less[less["utterance"].isin(more["utterance"])]
    assert row["utterances"] == len(common) == 40
    assert row["UA_difference"] == pytest.approx(100 * (ua(more) - ua(common)), abs=1e-3)
    assert "on the 40 utterances that both tested" in row["remark"]
    assert "No system" not in (folder / "figures/gap.svg").read_text(encoding="utf-8")
    assert "mean over systems" not in (folder / "tables/gap.md").read_text(encoding="utf-8")


@pytest.mark.usefixtures("undrawn")
def test_the_ranking_is_compared_pair_by_pair(leaky: Callable[..., Path]) -> None:
    folder = leaky("text-out", "session-out", "random")
    values = pd.read_csv(folder / "tables/results.csv").set_index(["protocol", "system"])["UA"]
    table = pd.read_csv(folder / "tables/ranking.csv")
    assert len(table) == 3
    for row in table.itertuples():
        leads = [values[name, "Audio-CNN"] - values[name, "SVM_50%"] for name in (row.protocol, row.other)]
        assert row.tau == (1 if leads[0] * leads[1] > 0 else -1)
        assert row.swaps == (leads[0] * leads[1] < 0)
        if row.swaps:
            assert f"{max(leads, key=abs):+.2f}".strip("+-") in row.swapped


def test_kendalls_tau_counts_the_pairs_in_order() -> None:
    class Row:
        def __init__(self, protocol: str, system: str, value: float) -> None:
            self.protocol, self.system, self.unranked = protocol, system, ""
            score = Score(value, math.nan, value, math.nan, {}, None)
            self.scores = {"UA": score}

    before, after = {"a": 0.9, "b": 0.8, "c": 0.7, "d": 0.6}, {"a": 0.5, "b": 0.7, "c": 0.6, "d": 0.1}
    rows = [Row("p", *item) for item in before.items()] + [Row("q", *item) for item in after.items()]
    group = SimpleNamespace(corpus="demo", results=tuple(rows))
    [found] = ranking.changes(SimpleNamespace(groups=[group], ranking="UA"))
    agreeing = sum((before[x] - before[y]) * (after[x] - after[y]) > 0 for x, y in combinations("abcd", 2))
    assert found["tau"] == pytest.approx((agreeing - (6 - agreeing)) / 6)
    assert {swap[:2] for swap in found["swaps"]} == {("a", "b"), ("a", "c")}
    assert all(lead > 0 > lag for *_, lead, lag in found["swaps"])
    assert (found["pairs"], found["systems"]) == (6, ["a", "b", "c", "d"])


@pytest.mark.usefixtures("undrawn")
def test_one_protocol_has_neither_gaps_nor_rankings(
    reported: Callable[..., Path], plan_of: Callable[..., Plan]
) -> None:
    folder = reported(plan_of(Block(corpora=("demo",), protocols=("session-out",), systems=("SVM_50%",))))
    for name in ("gap", "ranking", "comparisons"):
        assert len(pd.read_csv(folder / f"tables/{name}.csv")) == 0
        assert "Nothing to show" in (folder / f"tables/{name}.md").read_text(encoding="utf-8")
    page = (folder / "index.html").read_text(encoding="utf-8")
    assert "nothing to compare" in page
    assert "nothing to subtract" in page
    assert by_protocols([]) == []
