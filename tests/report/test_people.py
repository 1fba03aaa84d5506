"""Speakers, calibration and raters in the report, against plain loops over the predictions."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ser import layout
from ser.config.plan import Plan
from ser.config.schema import Block
from ser.tables import contracts

CLASSES = ("angry", "happy", "neutral", "sad")


def runs(folder: Path) -> dict[tuple[str, str], pd.DataFrame]:
    """Return all predictions by protocol and system."""
    paths = sorted((folder.parents[1] / "results/runs/demo").glob("*/*/seed*/fold*/predictions.parquet"))
    rows = pd.concat([pd.read_parquet(path) for path in paths], ignore_index=True)
    return dict(list(rows.groupby(["protocol", "system"])))


def test_every_speaker_has_the_wa_and_ua_of_their_own_utterances(whole: Path) -> None:
    table = pd.read_csv(whole / "tables/speakers.csv").set_index(["protocol", "system", "speaker"])
    assert len(table) == 4 * 6
    for (protocol, system), rows in runs(whole).items():
        for speaker, mine in rows.groupby("speaker"):
            was, uas = [], []
            for _, seed in mine.groupby("seed"):
                hits = [row.label == row.predicted for row in seed.itertuples()]
                labels = sorted(set(seed["label"]))
                recalls = [
                    np.mean([hit for hit, label in zip(hits, seed["label"], strict=True) if label == one])
                    for one in labels
                ]
                was.append(np.mean(hits))
                uas.append(np.mean(recalls))
            row = table.loc[(protocol, system, speaker)]
            assert row["WA"] == pytest.approx(100 * np.mean(was), abs=1e-3)
            assert row["UA"] == pytest.approx(100 * np.mean(uas), abs=1e-3)
            assert row["utterances"] == mine["utterance"].nunique() == 20


def test_lowest_and_highest_speaker_are_on_the_page(whole: Path) -> None:
    page = (whole / "index.html").read_text(encoding="utf-8")
    section = page[page.index('id="speakers"') : page.index('id="calibration"')]
    for _, rows in pd.read_csv(whole / "tables/speakers.csv").groupby(["protocol", "system"]):
        ordered = rows.sort_values("UA")
        for row in (ordered.iloc[0], ordered.iloc[-1]):
            assert f">{row['UA']:.2f}</td>" in section
            assert f">{row['speaker']}</th>" in section
            assert f"{row['UA']:.2f}</span><small>{row['WA']:.2f}</small>" in section
    assert section.count('class="heat"') == 24


@pytest.mark.usefixtures("undrawn")
def test_unknown_speakers_leave_the_section_empty(
    trained: Callable[..., None],
    plan_of: Callable[..., Plan],
    judge: Callable[..., None],
    render: Callable[..., None],
    tmp_path,
    monkeypatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    plan = plan_of(Block(corpora=("other",), protocols=("session-out",), systems=("SVM_50%",)))
    trained(plan)
    for run in plan.runs():
        path = run.folder / "predictions.parquet"
        rows = contracts.read(contracts.PREDICTIONS, path)
        anonymous = type(rows).from_pylist([{**row, "speaker": None} for row in rows.to_pylist()], schema=rows.schema)
        contracts.write(contracts.PREDICTIONS, anonymous, path, contracts.metadata(path))
    judge(plan, tmp_path)
    render(plan, tmp_path)
    assert "speakers of these corpora are unknown" in (tmp_path / "index.html").read_text(encoding="utf-8")
    assert "speakers unknown" in (tmp_path / "index.html").read_text(encoding="utf-8")
    assert len(pd.read_csv(tmp_path / "tables/speakers.csv")) == 0


def test_calibration_is_what_loops_over_bins_find(whole: Path) -> None:
    table = pd.read_csv(whole / "tables/calibration.csv").set_index(["protocol", "system"])
    for key, rows in runs(whole).items():
        eces, squares, logs = [], [], []
        for _, seed in rows.groupby("seed"):
            given = np.stack(seed["probabilities"]).astype(float)
            truth = np.array([CLASSES.index(label) for label in seed["label"]])
            top, right = given.max(1), given.argmax(1) == truth
            ece = 0.0
            for number in range(15):
                inside = (top > number / 15) & (top <= (number + 1) / 15)
                if inside.any():
                    ece += inside.mean() * abs(top[inside].mean() - right[inside].mean())
            eces.append(ece)
            squares.append(
                np.mean([((row - np.eye(4)[true]) ** 2).sum() for row, true in zip(given, truth, strict=True)])
            )
            logs.append(-np.mean(np.log(given[np.arange(len(truth)), truth])))
        row = table.loc[key]
        assert row["ECE"] == pytest.approx(np.mean(eces), abs=1e-5)
        assert row["Brier"] == pytest.approx(np.mean(squares), abs=1e-5)
        assert row["NLL"] == pytest.approx(np.mean(logs), abs=1e-5)


def test_the_bins_contain_every_prediction_and_are_drawn(whole: Path) -> None:
    bins = pd.read_csv(whole / "tables/reliability.csv")
    assert set(bins.groupby(["protocol", "system"])["utterances"].sum()) == {2 * 120}
    page = (whole / "index.html").read_text(encoding="utf-8")
    section = page[page.index('id="calibration"') : page.index('id="raters"')]
    assert section.count("fill: #0072b2") == (bins["utterances"] > 0).sum()


def test_agreement_of_raters_is_that_of_a_loop_and_leaves_out_who_judges_himself(whole: Path) -> None:
    rows = contracts.read(contracts.MANIFEST, whole.parents[1] / "data/demo/manifest.parquet").to_pylist()
    ratings = [[entry["emotions"][0] for entry in row["raters"] if entry["rater"] != "F1"] for row in rows]
    assert {len(one) for one in ratings} == {3}
    agreeing = np.mean([sum(n * (n - 1) for n in Counter(one).values()) / 6 for one in ratings])
    shares = Counter(label for one in ratings for label in one)
    chance = sum((count / sum(shares.values())) ** 2 for count in shares.values())
    table = pd.read_csv(whole / "tables/raters.csv")
    raters = table.iloc[0]
    assert raters["fleiss_kappa"] == pytest.approx((agreeing - chance) / (1 - chance), abs=1e-5)
    assert raters["kappa_utterances"] == 120
    hits = [one[k] == one[(k + 1) % 3] for one in ratings for k in range(3) if one[(k + 1) % 3] == one[(k + 2) % 3]]
    assert raters["WA"] == pytest.approx(100 * np.mean(hits), abs=1e-3)
    assert raters["judgements"] == len(hits)


def test_the_ceiling_of_the_raters_stands_above_the_systems(whole: Path) -> None:
    rows = contracts.read(contracts.MANIFEST, whole.parents[1] / "data/demo/manifest.parquet").to_pylist()
    ratings = {row["utterance"]: [one["emotions"][0] for one in row["raters"][:3]] for row in rows}
    labels = dict(next(iter(runs(whole).values()))[["utterance", "label"]].to_numpy())
    hits, stays = [], []
    for name, given in ratings.items():
        counts = Counter(given)
        best = [one for one in counts if counts[one] == max(counts.values())]
        hits.append((labels[name] in best) / len(best))
        pairs = [given[:k] + given[k + 1 :] for k in range(3)]
        stays.append(np.mean([pair.count(labels[name]) / 2 for pair in pairs]))
    table = pd.read_csv(whole / "tables/raters.csv")
    assert table["protocol"].isna().tolist()[:4] == [True, True, True, False]
    without_one, every = table.iloc[1], table.iloc[2]
    assert without_one["WA"] == pytest.approx(100 * np.mean(stays), abs=1e-3)
    assert every["WA"] == pytest.approx(100 * np.mean(hits), abs=1e-3)
    systems = table.iloc[3:]
    assert (systems["cross_entropy"] >= every["cross_entropy"]).all()
    assert every["cross_entropy"] == pytest.approx(systems["entropy_of_raters"].iloc[0], abs=1e-5)


def test_systems_are_held_against_the_raters_labels_themselves(whole: Path) -> None:
    rows = contracts.read(contracts.MANIFEST, whole.parents[1] / "data/demo/manifest.parquet").to_pylist()
    named = {row["utterance"]: [entry["emotions"][0] for entry in row["raters"][:3]] for row in rows}
    table = pd.read_csv(whole / "tables/raters.csv").dropna(subset="protocol").set_index(["protocol", "who"])
    for key, answers in runs(whole).items():
        logs, hits = [], []
        for row in answers.itertuples():
            labels = named[row.utterance]
            logs.append(-sum(np.log(row.probabilities[CLASSES.index(label)]) for label in labels) / 3)
            hits.append(row.predicted in labels)
        assert table.loc[key, "cross_entropy"] == pytest.approx(np.mean(logs), abs=1e-4)
        assert table.loc[key, "any_rater"] == pytest.approx(100 * np.mean(hits), abs=1e-3)


def test_a_corpus_without_raters_has_no_such_section(both: Path) -> None:
    assert 'id="raters"' not in (both / "index.html").read_text(encoding="utf-8")
    assert len(pd.read_csv(both / "tables/raters.csv")) == 0


@pytest.mark.usefixtures("undrawn")
def test_groups_are_scored_and_the_lower_one_is_the_largest_gap(
    trained: Callable[..., None],
    plan_of: Callable[..., Plan],
    judge: Callable[..., None],
    render: Callable[..., None],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Ten speakers, five of whom are not called women by the manifest, and a strong minority that is too small."""
    monkeypatch.chdir(tmp_path)
    plan = plan_of(Block(corpora=("other",), protocols=("session-out",), systems=("SVM_50%",)), folds=5)
    trained(plan)
    names = pd.concat([pd.read_parquet(run.folder / "predictions.parquet") for run in plan.runs()])
    facts = {"audio": "u.wav", "rate": 16000, "channels": 1, "checksum": "0", "shard": 0}
    rows = [
        facts
        | {
            "utterance": row.utterance,
            "seconds": 1.0,
            "speaker": row.speaker,
            "gender": "male" if int(row.speaker.removeprefix("speaker")) % 2 else "female",
            "intensity": "strong" if number < 30 else "normal",
        }
        for number, row in enumerate(names.itertuples())
    ]
    contracts.write(contracts.MANIFEST, rows, layout.manifest("other"), {"adapter": "other", "warning": ""})
    judge(plan, tmp_path)
    render(plan, tmp_path)
    table = pd.read_csv(tmp_path / "tables/subgroups.csv").set_index("group")
    gender = names["utterance"].map({row["utterance"]: row["gender"] for row in rows})
    for group in ("female", "male"):
        mine = names[(gender == group).to_numpy()]
        hits = (mine["label"] == mine["predicted"]).groupby(mine["label"]).mean()
        assert table.loc[group, "UA"] == pytest.approx(100 * hits.mean(), abs=1e-3)
        assert table.loc[group, "speakers"] == 5
    assert table.loc[["strong"], "UA"].isna().all()
    assert table.loc["strong", "remark"] == "too few: 2 speakers, 30 utterances"
    worst = table.loc[["female", "male"], "UA"].idxmin()
    gap = table.loc["male", "UA"] - table.loc["female", "UA"]
    assert table.loc[worst, "gap"] == pytest.approx(-abs(gap), abs=1e-3)
    page = (tmp_path / "index.html").read_text(encoding="utf-8")
    section = page[page.index('id="subgroups"') : page.index('id="assessment"')]
    assert "fewer than 5 speakers or 50 utterances" in section
    assert "too few: 2 speakers, 30 utterances" in section
