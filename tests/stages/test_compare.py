"""Stage ``compare``: intervals and comparisons, what is left out of them, and what is refused."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from plans import write_plan
from typer.testing import CliRunner

from ser.cli import app
from ser.errors import SerError
from ser.layout import Run
from ser.stages.compare import CompareJob, compare
from ser.stages.score import ScoreJob, score
from ser.tables import contracts

CLASSES = ("angry", "neutral", "sad")
TABLES = Path("comparisons.parquet"), Path("intervals.parquet"), Path("contrasts.parquet")
KEYS = ["corpus", "protocol", "system", "metric"]
SKILL = {"good": 0.8, "fair": 0.5, "poor": 0.2}


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def trained(
    system: str, folds: tuple[int, ...] = (0, 1), seeds: tuple[int, ...] = (0,), protocol: str = "p", **changes: Any
) -> list[Run]:
    """Write runs on four speakers per fold, 30 utterances each; ``changes`` are columns."""
    runs = [Run("c", protocol, system, seed, fold) for seed in seeds for fold in folds]
    for run in runs:
        labels = np.random.default_rng(run.fold).choice(CLASSES, 120)
        random = np.random.default_rng([run.seed, run.fold, ord(system[0])])
        skill = SKILL[system] + np.repeat(random.normal(0, 0.1, 4), 30)
        table = {
            **{name: [value] * 120 for name, value in run._asdict().items()},
            "utterance": [f"{run.fold}-{number}" for number in range(120)],
            "speaker": [f"speaker{run.fold}{number // 30}" for number in range(120)],
            "label": labels.tolist(),
            "predicted": np.where(random.random(120) < skill, labels, random.choice(CLASSES, 120)).tolist(),
            "probabilities": [[1 / 3] * 3] * 120,
            **changes,
        }
        notes = {"classes": json.dumps(CLASSES), "tested": "once"}
        arrow = pa.table(table, schema=contracts.PREDICTIONS.schema)
        contracts.write(contracts.PREDICTIONS, arrow, run.folder / "predictions.parquet", notes)
    return runs


def tables(
    runs: list[Run], metrics: tuple[str, ...] = ("WA", "UA"), **options: Any
) -> tuple[pd.DataFrame, pd.DataFrame]:
    plan = write_plan(runs, metrics=metrics)
    compare(CompareJob(plan=plan, comparisons=TABLES[0], intervals=TABLES[1], contrasts=TABLES[2], **options))
    return (
        contracts.read(contracts.COMPARISONS, TABLES[0]).to_pandas(),
        contracts.read(contracts.INTERVALS, TABLES[1]).to_pandas(),
    )


def scored() -> pd.DataFrame:
    """Return pooled value, its deviation between seeds, and that between folds of the mean over seeds, by ``KEYS``."""
    scores = contracts.read(contracts.SCORES, Path("scores.parquet")).to_pandas().query("label == ''")
    pooled = scores.query("fold == -1").groupby(KEYS, sort=False)["value"].agg(pooled="mean", pooled_sd="std")
    folds = scores.query("fold != -1").groupby([*KEYS, "fold"])["value"].mean().groupby(KEYS).std()
    return pooled.assign(fold_sd_scored=folds)


def test_the_intervals_contain_the_values_of_the_score_stage() -> None:
    runs = [*trained("good", seeds=(0, 1, 2)), *trained("poor")]
    _, found = tables(runs)
    score(ScoreJob(plan=write_plan(runs), scores=Path("scores.parquet"), confusions=Path("confusions.parquet")))
    both = found.join(scored(), on=KEYS)
    assert len(both) == len(found) == 4
    for ours, theirs in (("value", "pooled"), ("seed_sd", "pooled_sd"), ("fold_sd", "fold_sd_scored")):
        assert both[ours].tolist() == pytest.approx(both[theirs].tolist(), nan_ok=True)
    assert (both["low"] < both["value"]).all()
    assert (both["value"] < both["high"]).all()
    assert set(both["clusters"]) == {8}
    assert set(both["cluster_kind"]) == {"speaker"}
    assert both.set_index("system")["seeds"].to_dict() == {"good": 3, "poor": 1}
    assert both.loc[both["system"] == "poor", "seed_sd"].isna().all()


def test_every_two_systems_are_compared_once_and_corrected_together() -> None:
    runs = [run for system in ("poor", "good", "fair") for run in trained(system)]
    other_protocol = [*trained("good", protocol="q"), *trained("poor", protocol="q")]
    pairs, spans = tables([*runs, *other_protocol])
    of_p = pairs[pairs["protocol"] == "p"]
    named = [tuple(row) for row in of_p[["system", "other", "metric"]].itertuples(index=False)]
    assert named == [
        (*pair, metric) for pair in (("fair", "good"), ("fair", "poor"), ("good", "poor")) for metric in ("WA", "UA")
    ]
    value = spans[spans["protocol"] == "p"].set_index(["system", "metric"])["value"]
    for row in of_p.itertuples():
        assert row.difference == pytest.approx(100 * (value[row.system, row.metric] - value[row.other, row.metric]))
        assert row.low < row.difference < row.high
    best = of_p.set_index(["system", "other", "metric"]).loc[("good", "poor", "UA")]
    assert best["difference"] > 30
    assert best["p"] == pytest.approx(2 / 256)
    assert best["p_holm"] == pytest.approx(6 * 2 / 256)
    assert pairs[pairs["protocol"] == "q"]["p_holm"].max() == pytest.approx(2 * 2 / 256)


def test_a_single_system_has_intervals_and_no_comparison() -> None:
    pairs, spans = tables(trained("good"))
    assert len(pairs) == 0
    assert spans["metric"].tolist() == ["WA", "UA"]


def test_the_bootstrap_can_be_asked_for() -> None:
    runs = [*trained("good"), *trained("fair")]
    usual, asked = tables(runs), tables(runs, method="bootstrap")
    assert usual[1]["method"].str.startswith("jackknife of speakers").all()
    assert asked[1]["method"].str.startswith("percentile bootstrap of speakers").all()
    assert asked[0]["p"].tolist() == usual[0]["p"].tolist()
    assert ((asked[1]["high"] - asked[1]["low"]) < (usual[1]["high"] - usual[1]["low"])).all()


def test_systems_with_other_folds_are_compared_on_the_folds_that_both_have() -> None:
    finished = [*trained("good"), *trained("fair")]
    alone, _ = tables(finished)
    pairs, _ = tables([*finished, *trained("poor", folds=(0, 2))])
    pd.testing.assert_frame_equal(pairs[: len(alone)], alone)
    partial = pairs[len(alone) :]
    assert [tuple(pair) for pair in partial[["system", "other"]].drop_duplicates().to_numpy()] == [
        ("fair", "poor"),
        ("good", "poor"),
    ]
    assert [folds.tolist() for folds in pairs["folds"]] == [[0, 1]] * 2 + [[0]] * 4
    assert set(partial["clusters"]) == {4}
    expected, _ = tables([*trained("good", folds=(0,)), *trained("poor", folds=(0,))])
    columns = ["metric", "difference", "low", "high", "p", "detectable", "method"]
    found = partial[partial["system"] == "good"]
    pd.testing.assert_frame_equal(found[columns].reset_index(drop=True), expected[columns])
    assert partial["p_holm"].min() == 4 * partial["p"].min()  # two pairs in two metrics


def test_systems_without_common_folds_in_all_seeds_are_named_and_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    uneven = [*trained("fair", seeds=(0, 1)), *trained("fair", folds=(0,), seeds=(2,))]
    pairs, spans = tables([*trained("good"), *trained("poor", folds=(2,)), *uneven])
    assert len(pairs) == 0
    assert len(spans) == 6
    printed = capsys.readouterr().err
    listed = "fair and good; fair and poor; good and poor"
    assert printed == f"c/p: not compared, without common folds in all seeds: {listed}\n"
    pairs, _ = tables([*uneven, *trained("poor", folds=(0,))])
    assert [folds.tolist() for folds in pairs["folds"]] == [[0], [0]]
    assert capsys.readouterr().err == ""


def test_other_metrics_can_be_chosen_and_are_corrected_together() -> None:
    runs = [*trained("good"), *trained("poor", seeds=(0, 1))]
    chosen = ("UA", "macro F1")
    pairs, spans = tables(runs, metrics=chosen)
    assert pairs["metric"].tolist() == list(chosen)
    assert spans["metric"].tolist() == list(chosen) * 2
    assert pairs["p_holm"].min() == 2 * pairs["p"].min()
    score(ScoreJob(plan=Path("plan.json"), scores=Path("scores.parquet"), confusions=Path("confusions.parquet")))
    assert scored().index.get_level_values("metric").tolist() == list(chosen) * 2
    both = spans.join(scored(), on=KEYS)
    assert both["value"].tolist() == pytest.approx(both["pooled"].tolist())


def test_without_speakers_the_clusters_are_utterances_and_a_note_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    unknown = {"speaker": [None] * 120}
    pairs, spans = tables([*trained("good", **unknown), *trained("fair", **unknown)])
    assert set(spans["cluster_kind"]) == {"utterance"}
    assert set(spans["clusters"]) == set(pairs["clusters"]) == {240}
    assert "c/p/good: speakers are unknown or fewer than 2; the clusters are utterances" in capsys.readouterr().err


def test_what_cannot_be_compared_is_refused() -> None:
    good, poor = trained("good"), trained("poor")
    with pytest.raises(SerError, match=r"fold7/predictions.parquet does not exist"):
        tables([*good, Run("c", "p", "good", 0, 7)])
    with pytest.raises(SerError, match="unknown interval method 'guess'"):
        tables(good, method="guess")
    moved = trained("poor", folds=(1,), utterance=[f"x{number}" for number in range(120)])
    with pytest.raises(SerError, match="c/p/good and c/p/poor were tested on different utterances: 1-0"):
        tables([*good, *poor])
    trained("poor", folds=(1,), utterance=[f"0-{number}" for number in range(120)])
    with pytest.raises(SerError, match=r"poor/seed0: predicted more than once.*: 0-0 \(folds 0 and 1\)"):
        tables([*poor, *moved])


def test_the_command_line_compares_a_plan() -> None:
    write_plan([*trained("good"), *trained("poor")])
    command = ["compare", "--plan", "plan.json", "--comparisons", str(TABLES[0]), "--intervals", str(TABLES[1])]
    command += ["--contrasts", str(TABLES[2])]
    assert CliRunner().invoke(app, command).exit_code == 0
    assert len(contracts.read(contracts.COMPARISONS, TABLES[0])) == 2
    assert CliRunner().invoke(app, [*command, "--method", "guess"]).exit_code == 2
