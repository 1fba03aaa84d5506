"""The score stage: what it computes from predictions, and what it refuses."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from plans import write_plan

from ser.errors import SerError
from ser.layout import Run
from ser.stages.score import ScoreJob, score
from ser.tables import contracts

CLASSES = ("angry", "happy", "sad")


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def run(fold: int = 0, seed: int = 0, system: str = "s") -> Run:
    return Run("c", "p", system, seed, fold)


def write(
    job: Run,
    pairs: dict[str, tuple[str, str]],
    *,
    classes: tuple[str, ...] = CLASSES,
    notes: dict[str, str] | None = None,
    changes: dict[str, Any] | None = None,
) -> Run:
    """Write the predictions of ``job``: utterance -> (label, predicted)."""
    table = [
        {
            **job._asdict(),
            "utterance": name,
            "speaker": None,
            "label": label,
            "predicted": predicted,
            "probabilities": [1 / len(CLASSES)] * len(CLASSES),
            **(changes or {}),
        }
        for name, (label, predicted) in pairs.items()
    ]
    arrow = pa.Table.from_pylist(table, schema=contracts.PREDICTIONS.schema)
    metadata = {"classes": json.dumps(classes), "tested": "once"} if notes is None else notes
    contracts.write(contracts.PREDICTIONS, arrow, job.folder / "predictions.parquet", metadata)
    return job


def scored(*runs: Run) -> tuple[pd.DataFrame, pd.DataFrame]:
    paths = Path("scores.parquet"), Path("confusions.parquet")
    score(ScoreJob(plan=write_plan(runs), scores=paths[0], confusions=paths[1]))
    tables = (contracts.SCORES, paths[0]), (contracts.CONFUSIONS, paths[1])
    first, second = (contracts.read(contract, path).to_pandas() for contract, path in tables)
    return first, second


def value(scores: pd.DataFrame, fold: int, metric: str, label: str = "", seed: int = 0) -> float:
    wanted = {"fold": fold, "metric": metric, "label": label, "seed": seed}
    found = scores.loc[(scores[list(wanted)] == pd.Series(wanted)).all(axis=1), "value"]
    assert len(found) == 1
    return float(found.iloc[0])


FOLD_0 = {"a": ("angry", "angry"), "b": ("angry", "sad"), "c": ("sad", "sad")}
FOLD_1 = {"d": ("happy", "happy")}
MIXED = ((0, FOLD_0, "aaaa"), (1, FOLD_1, "bbbb"))


def test_runs_and_their_pool_are_scored() -> None:
    scores, confusions = scored(write(run(0), FOLD_0), write(run(1), FOLD_1))
    assert value(scores, 0, "WA") == pytest.approx(2 / 3)
    assert value(scores, 0, "UA") == pytest.approx((0.5 + 1) / 2)
    assert value(scores, -1, "WA") == pytest.approx(3 / 4)
    assert value(scores, -1, "UA") == pytest.approx((0.5 + 1 + 1) / 3)
    assert value(scores, -1, "recall", "angry") == 0.5
    assert scores.query("fold == 0 and metric == 'recall'")["label"].tolist() == ["angry", "sad"]
    assert scores.query("fold == -1 and metric == 'recall'")["utterances"].tolist() == [2, 1, 1]
    pooled = confusions.query("fold == -1").pivot(index="label", columns="predicted", values="utterances")
    assert pooled.loc[list(CLASSES), list(CLASSES)].to_numpy().tolist() == [[1, 0, 1], [0, 1, 0], [0, 0, 1]]
    assert confusions.groupby("fold")["utterances"].sum().to_dict() == {-1: 4, 0: 3, 1: 1}


def test_the_only_fold_is_its_own_pool_and_a_run_counts_once() -> None:
    job = write(run(2), FOLD_0)
    scores, _ = scored(job, job)
    assert value(scores, 2, "UA") == value(scores, -1, "UA")
    assert set(scores["fold"]) == {-1, 2}


def test_seeds_and_systems_are_pooled_apart(capsys: pytest.CaptureFixture[str]) -> None:
    runs = [write(run(fold, seed), pairs) for seed in (0, 1) for fold, pairs in ((0, FOLD_0), (1, FOLD_1))]
    scores, _ = scored(*runs[:3], write(run(system="t"), FOLD_1))
    assert value(scores.query("system == 's'"), -1, "WA") == pytest.approx(3 / 4)
    assert value(scores, -1, "WA", seed=1) == pytest.approx(2 / 3)
    assert value(scores.query("system == 't'"), -1, "WA") == 1
    assert "c/p/s: the seeds cover different folds (seed 0: folds [0, 1]; seed 1: folds [0])" in capsys.readouterr().err


def test_redrawn_folds_may_predict_an_utterance_again() -> None:
    notes = {"classes": json.dumps(CLASSES), "tested": "drawn"}
    scores, _ = scored(write(run(0), FOLD_0, notes=notes), write(run(1), FOLD_0, notes=notes))
    assert scores.query("fold == -1 and metric == 'WA'")["utterances"].tolist() == [6]


def test_an_utterance_predicted_in_two_folds_is_an_error() -> None:
    jobs = write(run(0), FOLD_0), write(run(1), {**FOLD_1, "b": ("angry", "angry")})
    with pytest.raises(SerError, match=r"seed0: predicted more than once.*: b \(folds 0 and 1\)"):
        scored(*jobs)
    other = write(run(1, seed=1), {"b": ("angry", "angry")})
    scored(jobs[0], other)


def test_a_missing_run_is_named() -> None:
    with pytest.raises(SerError, match=r"fold1/predictions.parquet does not exist: run c/p/s/0/1 has not been trained"):
        scored(write(run(0), FOLD_0), run(1))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"changes": {"seed": 3}}, r"column 'seed' must be 0 throughout, it holds 3"),
        ({"changes": {"system": "other"}}, "column 'system' must be s throughout, it holds other"),
        ({"notes": {}}, "metadata entry 'classes' is missing"),
        ({"changes": {"predicted": "calm"}}, "column 'predicted' holds calm; classes: angry, happy, sad"),
        ({"changes": {"probabilities": [0.5, 0.5]}}, "not one probability for each of the 3 classes in d"),
    ],
)
def test_a_file_that_is_not_this_run_is_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(SerError, match=message):
        scored(write(run(), FOLD_1, **arguments))


def test_runs_under_another_version_of_the_protocol_are_not_mixed() -> None:
    notes = {"classes": json.dumps(CLASSES), "tested": "once"}
    jobs = [write(run(fold), pairs, notes={**notes, "digest": digest}) for fold, pairs, digest in MIXED]
    with pytest.raises(SerError, match=r"fold1 and .*fold0 were trained under different versions of protocol 'p'"):
        scored(*jobs)


def test_runs_of_a_protocol_must_share_their_classes() -> None:
    swapped = write(run(1), FOLD_1, classes=CLASSES[::-1])
    with pytest.raises(SerError, match="have different classes: sad, happy, angry and angry, happy, sad"):
        scored(write(run(0), FOLD_0), swapped)
