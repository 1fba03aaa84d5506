"""The split stage under a target that is no label: raters' votes, utterances without a majority, dimensions."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from ser.config.schema import Protocol
from ser.corpus import Facts, Utterance
from ser.errors import SerError
from ser.preparation.fold_counts import fold_count
from ser.stages.split import SplitJob, split
from ser.tables import contracts

LABELS = {"happy": ("happy", "excited"), "sad": ("sad",)}
VOTES = {  # emotion of the corpus: the answers of three raters
    "happy": ("happy", "excited", "sad"),
    "sad": ("sad", "sad", "sad"),
    "undecided": ("happy", "sad", "angry"),
    "angry": ("angry", "angry", "sad"),
}


def manifest(folder: Path, notes: dict[str, str] | None = None, **columns: Any) -> Path:
    """Three sessions of two speakers with two utterances of each emotion; columns: values by emotion."""
    rows = [
        {
            "utterance": f"{session}{who}-{emotion}-{take}",
            "audio": "a.wav",
            "seconds": 1.0,
            "rate": 16000,
            "channels": 1,
            "checksum": "0" * 32,
            "speaker": f"{session}{who}",
            "session": session,
            "emotion": emotion,
            "raters": [{"rater": f"r{k}", "emotions": [answer]} for k, answer in enumerate(answers)],
            "shard": 0,
            **{name: of_emotion[emotion] for name, of_emotion in columns.items()},
        }
        for session in ("S1", "S2", "S3")
        for who in "FM"
        for emotion, answers in VOTES.items()
        for take in range(2)
    ]
    path = folder / "manifest.parquet"
    table = pa.Table.from_pylist(rows, schema=contracts.MANIFEST.schema)
    contracts.write(contracts.MANIFEST, table, path, {"warning": "", **(notes or {})})
    return path


def run(folder: Path, manifest: Path, **changes: Any) -> pd.DataFrame:
    given = {"rule": "session_out", "labels": LABELS, "leaks": ("text",), **changes}
    out = folder / "folds.parquet"
    entry = Protocol.model_validate(given)
    split(SplitJob(corpus="three", name="mine", protocol=entry, manifest=manifest, out=out, folds=3))
    frame: pd.DataFrame = contracts.read(contracts.FOLDS, out).to_pandas()
    return frame


def targets_of(folds: pd.DataFrame, emotion: str) -> np.ndarray:
    rows = folds[folds["utterance"].str.contains(f"-{emotion}-")]
    return np.unique(np.stack(rows["targets"].to_list()), axis=0)


def test_a_label_has_no_targets(tmp_path: Path) -> None:
    folds = run(tmp_path, manifest(tmp_path))
    assert folds["targets"].isna().all()
    assert set(folds["label"]) == {"happy", "sad"}


@pytest.mark.parametrize(
    ("target", "happy", "sad"),
    [
        ({"kind": "distribution"}, (2 / 3, 1 / 3), (0, 1)),
        ({"kind": "distribution", "votes": "counts"}, (2, 1), (0, 3)),
        ({"kind": "several", "threshold": 0.3}, (1, 1), (0, 1)),
        ({"kind": "several", "threshold": 0.5}, (1, 0), (0, 1)),
    ],
)
def test_targets_are_the_votes_of_the_raters_after_merges(
    tmp_path: Path, target: dict[str, Any], happy: Sequence[float], sad: Sequence[float]
) -> None:
    folds = run(tmp_path, manifest(tmp_path), target=target)
    np.testing.assert_allclose(targets_of(folds, "happy"), [happy], rtol=1e-6)
    np.testing.assert_allclose(targets_of(folds, "sad"), [sad], rtol=1e-6)
    assert not folds["utterance"].str.contains("undecided|angry").any()


def test_utterances_without_a_majority_train_and_are_never_tested(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = {"kind": "distribution", "without_majority": "train"}
    folds = run(tmp_path, manifest(tmp_path), target=target)
    unclear = folds[folds["utterance"].str.contains("-undecided-")]
    assert set(unclear["part"]) == {"train"}
    assert unclear["label"].isna().all()
    np.testing.assert_allclose(targets_of(folds, "undecided"), [[0.5, 0.5]])  # the vote for angry is outside
    assert "without a majority, in train alone: 12" in capsys.readouterr().err
    assert not folds["utterance"].str.contains("-angry-").any(), "it has a majority, of another class"
    left = run(tmp_path, manifest(tmp_path), target={"kind": "distribution"})
    assert left.equals(folds[folds["label"].notna()].reset_index(drop=True)), "nothing else changes"


def test_votes_need_raters(tmp_path: Path) -> None:
    path = manifest(tmp_path, raters=dict.fromkeys(VOTES))
    with pytest.raises(SerError, match="no utterance has a rater's label"):
        run(tmp_path, path, target={"kind": "distribution"})


DIMENSIONS: dict[str, Any] = {"target": {"kind": "dimensions", "dimensions": ["valence", "dominance"]}, "labels": {}}
DIMENSIONS |= {"selection": "dev_ccc"}
VALENCE = {"happy": 4.5, "sad": 1.5, "undecided": 3.0, "angry": 2.0}


def test_dimensions_need_no_class_and_take_every_rated_utterance(tmp_path: Path) -> None:
    dominance = {**VALENCE, "angry": None}
    folds = run(tmp_path, manifest(tmp_path, valence=VALENCE, dominance=dominance), **DIMENSIONS)
    assert folds["label"].isna().all()
    np.testing.assert_array_equal(targets_of(folds, "undecided"), [[3, 3]])
    assert not folds["utterance"].str.contains("-angry-").any(), "not rated in both"
    notes = contracts.metadata(tmp_path / "folds.parquet")
    assert json.loads(notes["classes"]) == []


@pytest.mark.parametrize(
    ("valence", "notes", "expected"),
    [
        ({**dict.fromkeys(VOTES), "sad": 2.0}, {}, "valence is missing for 36 of 48 utterances"),
        (dict.fromkeys(VOTES), {}, "no utterance has a rating of valence"),
        (dict.fromkeys(VOTES, 3.0), {}, "valence is 3 for all 48 utterances"),
        ({**VALENCE, "sad": 9.0}, {"scale": "[1, 5]"}, "valence is outside the scale 1…5 for 12 utterances, such as 9"),
        (VALENCE, {"scales": '{"a": [1, 5], "b": [1, 7]}'}, "members are on different scales: a 1…5, b 1…7"),
    ],
)
def test_a_dimension_that_cannot_be_learned_is_one_error(
    tmp_path: Path, valence: dict[str, float | None], notes: dict[str, str], expected: str
) -> None:
    path = manifest(tmp_path, notes, valence=valence, dominance=VALENCE)
    with pytest.raises(SerError, match=f"protocol 'mine' on corpus 'three': .*{expected}"):
        run(tmp_path, path, **DIMENSIONS)


def test_folds_are_counted_from_the_rated_rows() -> None:
    entry = Protocol.model_validate({"rule": "speaker_out", **DIMENSIONS})
    rated = [Utterance(f"u{k}", "a", "t:1", speaker=f"s{k}", valence=1.0 + k, dominance=2.0) for k in range(4)]
    others = [Utterance("x", "a", "t:1", speaker="s9", valence=1.0)]
    facts = Facts(5, ("s0", "s1", "s2", "s3", "s9"), (), ())
    assert fold_count(entry, facts, [*rated, *others]) == 4
    with pytest.raises(SerError, match="no utterance has a rating of valence and dominance"):
        fold_count(entry, facts, others)
