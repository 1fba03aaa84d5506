"""The tables and figures: equal to the scores, warned, escaped; the gap is the difference of the printed values."""

import re
import xml.etree.ElementTree as ET

import pandas as pd
import pytest

from ser.config.schema import Block
from ser.report.formats import spans
from ser.report.table import tex
from ser.tables import contracts


def scores(folder):
    return contracts.read(contracts.SCORES, folder / "scores.parquet").to_pandas()


def test_results_equal_the_scores(both):
    table = pd.read_csv(both / "tables/results.csv").set_index(["protocol", "system"])
    values = scores(both)
    for (protocol, system), row in table.iterrows():
        mine = values[(values["protocol"] == protocol) & (values["system"] == system)]
        for metric in ("WA", "UA"):
            of = mine[mine["metric"] == metric]
            pooled = of[of["fold"] == -1]["value"]
            by_fold = of[of["fold"] >= 0].groupby("fold")["value"].mean()
            assert row[metric] == pytest.approx(100 * pooled.mean(), abs=1e-3)
            assert row[f"{metric}_sd"] == pytest.approx(100 * pooled.std(ddof=1), abs=1e-3)
            assert row[f"fold_{metric}"] == pytest.approx(100 * by_fold.mean(), abs=1e-3)
            assert row[f"fold_{metric}_sd"] == pytest.approx(100 * by_fold.std(ddof=1), abs=1e-3)
        assert row["utterances"] == 3 * 40
        assert row["chance_UA"] == 25


def test_recalls_equal_the_scores_and_average_to_ua(both):
    recalls = pd.read_csv(both / "tables/recalls.csv")
    results = pd.read_csv(both / "tables/results.csv").set_index(["protocol", "system"])
    means = recalls.groupby(["protocol", "system"])["recall"].mean()
    for key, mean in means.items():
        assert mean == pytest.approx(results.loc[key, "UA"], abs=1e-3)


def test_chance_wa_is_the_share_of_the_largest_class(both):
    results = pd.read_csv(both / "tables/results.csv")
    counts = contracts.read(contracts.CONFUSIONS, both / "confusions.parquet").to_pandas()
    for _, row in results.iterrows():
        mine = counts[
            (counts["protocol"] == row["protocol"]) & (counts["system"] == row["system"]) & (counts["fold"] == -1)
        ]
        by_class = mine.groupby("label")["utterances"].sum()
        assert row["chance_WA"] == pytest.approx(100 * by_class.max() / by_class.sum(), abs=1e-3)


def test_gap_is_the_difference_of_the_printed_values(both):
    results = pd.read_csv(both / "tables/results.csv").set_index(["protocol", "system"])
    text = (both / "tables/gap.md").read_text(encoding="utf-8")
    rows = [line.split("|")[1:-1] for line in text.splitlines() if line.startswith("| demo") and "random" in line]
    assert len(rows) == 3
    for row in rows[1:]:  # after the mean over systems
        cells = [cell.strip().replace("\\_", "_") for cell in row]
        more, less = (results.loc[(protocol, cells[1]), "UA"] for protocol in ("random", "session-out"))
        assert float(cells[7]) == pytest.approx(more - less, abs=0.006)
        assert float(cells[7]) > 10  # the synthetic leak is worth about forty points


@pytest.mark.usefixtures("undrawn")
def test_gap_uses_seeds_that_both_have(reported, plan_of):
    plan = plan_of(
        Block(corpora=("demo",), protocols=("session-out",), systems=("Audio-CNN",), seeds=(0, 1)),
        Block(corpora=("demo",), protocols=("random",), systems=("Audio-CNN",), seeds=(1, 2)),
    )
    folder = reported(plan)
    table = pd.read_csv(folder / "tables/gap.csv").iloc[0]
    values = scores(folder).query("fold == -1 and metric == 'UA' and seed == 1").set_index("protocol")["value"]
    assert table["UA_difference"] == pytest.approx(100 * (values["random"] - values["session-out"]), abs=1e-3)
    assert "over seeds 1 only" in table["remark"]


def test_warning_is_in_every_table_file(both):
    for name in ("results", "recalls", "runs", "gap", "comparisons", "intervals", "speakers", "calibration"):
        assert pd.read_csv(both / f"tables/{name}.csv")["note"].str.contains("mean nothing about emotion").all()
    for name in ("results", "recalls", "gap", "comparisons", "intervals", "speakers", "calibration", "ranking"):
        markdown = (both / f"tables/{name}.md").read_text(encoding="utf-8")
        latex = (both / f"tables/{name}.tex").read_text(encoding="utf-8")
        assert markdown.count("**Warning:**") == markdown.count("\n|:--")
        assert latex.count(r"\textbf{Warning:") == latex.count(r"\begin{table}") > 0
    for name in ("confusions", "curves", "gap"):
        assert "mean nothing about emotion" in (both / f"figures/{name}.svg").read_text(encoding="utf-8")


def test_rankings_are_separate_tables_in_every_format(both):
    for suffix, begin, row in (("md", "\n\n| ", "\n| {} |"), ("tex", r"\begin{table}", "\n{} &")):
        for name in ("results", "recalls"):
            parts = (both / f"tables/{name}.{suffix}").read_text(encoding="utf-8").split(begin)
            holding = [[row.format(protocol) in part for protocol in ("session-out", "random")] for part in parts]
            assert sorted(found for found in holding if any(found)) == [[False, True], [True, False]], (name, suffix)
    table = pd.read_csv(both / "tables/results.csv")
    assert dict(zip(table["protocol"], table["ranking"], strict=True)) == {
        "session-out": "speaker-independent",
        "random": "paper or leaking protocol",
    }


def test_latex_rows_have_as_many_cells_as_columns_and_are_escaped(both):
    text = (both / "tables/results.tex").read_text(encoding="utf-8")
    assert r"SVM\_50\%" in text
    assert "SVM_50%" not in text
    for table in text.split(r"\begin{table}")[1:]:
        columns = len(re.search(r"\\begin\{tabular\}\{([lr]+)\}", table).group(1))
        rows = [line for line in table.splitlines() if line.endswith(r"\\")]
        assert len(rows) >= 2
        assert {len(re.split(r"(?<!\\)&", row)) for row in rows} == {columns}
        assert table.count(r"\toprule") == table.count(r"\midrule") == table.count(r"\bottomrule") == 1
        assert table.count("{") - table.count(r"\{") == table.count("}") - table.count(r"\}")
    assert text.isascii()


def test_tex_escapes_every_special_character():
    assert tex("50% of a_b & {c} #1 $x ~ ^ \\") == (
        r"50\% of a\_b \& \{c\} \#1 \$x \textasciitilde{} \textasciicircum{} \textbackslash{}"
    )


def test_figures_are_files_of_their_kind(both):
    for name in ("confusions", "curves", "gap"):
        root = ET.parse(both / f"figures/{name}.svg").getroot()
        assert root.tag.endswith("svg")
        assert (both / f"figures/{name}.png").read_bytes().startswith(b"\x89PNG")


def test_confusion_counts_are_those_of_all_seeds(both):
    drawn = "".join(ET.parse(both / "figures/confusions.svg").getroot().itertext())
    counts = contracts.read(contracts.CONFUSIONS, both / "confusions.parquet").to_pandas()
    summed = counts[counts["fold"] == -1].groupby(["protocol", "system", "label", "predicted"])["utterances"].sum()
    assert all(str(value) in drawn.split() for value in summed)


def test_equal_runs_give_equal_files(both, render, plan_of, monkeypatch):
    monkeypatch.chdir(both.parents[1])
    systems = ("Audio-CNN", "SVM_50%")
    plan = plan_of(Block(corpora=("demo",), protocols=("session-out", "random"), systems=systems, seeds=(0, 1)))
    render(plan, both, both.parent / "again")
    for name in ("index.html", "tables/results.tex", "figures/curves.svg", "figures/gap.svg"):
        assert (both / name).read_bytes() == (both.parent / "again" / name).read_bytes(), name


@pytest.mark.usefixtures("undrawn")
def test_the_papers_own_corpus_and_protocol_is_the_only_comparable_row(reported, plan_of):
    runs = {"protocols": ("session-out", "random"), "systems": ("Audio-CNN",), "seeds": (0, 1, 2)}
    blocks = [Block(corpora=("iemocap",), **runs)]
    leaked = pd.read_csv(reported(plan_of(*blocks)) / "tables/results.csv").set_index("protocol")
    assert leaked.loc["random", "published_remark"] == (
        "not comparable: the embedding was trained on this corpus's speakers"
    )
    folder = reported(plan_of(*blocks), features={"mfcc": {"provenance": ""}})
    table = pd.read_csv(folder / "tables/results.csv").set_index("protocol")
    assert table.loc["random", "published_remark"] == "same corpus, the paper's protocol as far as it is stated"
    assert table.loc["session-out", "published_remark"] == "not comparable: other protocol"


def test_spans():
    assert spans([0, 1, 2, 4, 6, 7]) == "0–2, 4, 6, 7"
    assert spans([3]) == "3"


def test_sources_of_published_numbers_are_named_below_the_tables(both):
    for suffix in ("md", "tex"):
        text = (both / f"tables/results.{suffix}").read_text(encoding="utf-8")
        assert "a: peng2021, Table1: IEMOCAP 4-class" in text
        assert "65.40" in text
