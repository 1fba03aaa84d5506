"""Targets of raters on the demo corpus: the folds hold the votes that its scenario drew."""

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from ser.config import read
from ser.config.schema import Protocol
from ser.config.target import ProtocolTarget
from ser.corpora._emoevaluation import CATEGORIES, turns
from ser.corpora.iemocap import NAME
from ser.demo_corpus.iemocap_files import RatedUtterance, labels, rate, save
from ser.demo_corpus.scenario import dialogs
from ser.errors import SerError
from ser.stages.split import SplitJob, split
from ser.tables import contracts

CLASSES = {"angry": {"angry"}, "happy": {"happy", "excited"}, "neutral": {"neutral"}, "sad": {"sad"}}


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[RatedUtterance]]:
    """Return the manifest of the demo corpus, without recordings, and what its scenario drew."""
    folder = tmp_path_factory.mktemp("demo") / "demo"
    drawn: list[RatedUtterance] = []
    rows: list[dict[str, Any]] = []
    facts = {"audio": "a.wav", "seconds": 1.0, "rate": 16000, "channels": 1, "checksum": "0" * 32, "shard": 0}
    for dialog, planned in dialogs(300, seed=0).items():
        rated = rate(dialog, planned, [1.0] * len(planned), seed=0)
        drawn += rated
        save(folder / f"{dialog}.txt", labels(rated))
        for turn in turns(folder / f"{dialog}.txt"):
            match = NAME.fullmatch(turn.utterance)
            assert match is not None
            raters = [{"rater": rater, "emotions": list(given)} for rater, given in turn.raters]
            about = {"speaker": match[2] + match[4], "session": match[2], "emotion": turn.emotion, "raters": raters}
            rows.append({**facts, "utterance": turn.utterance, **about})
    table = pa.Table.from_pylist(sorted(rows, key=lambda row: row["utterance"]), schema=contracts.MANIFEST.schema)
    contracts.write(contracts.MANIFEST, table, folder / "manifest.parquet", {"adapter": "demo", "warning": ""})
    return folder / "manifest.parquet", drawn


def folds(demo: tuple[Path, list[RatedUtterance]], folder: Path, protocol: Protocol) -> pd.DataFrame:
    out = folder / "folds.parquet"
    split(SplitJob(corpus="demo", name="p", protocol=protocol, folds=5, manifest=demo[0], out=out))
    found: pd.DataFrame = contracts.read(contracts.FOLDS, out).to_pandas()
    return found


def answers(one: RatedUtterance) -> list[set[str]]:
    """Return the classes, or "" for another emotion, that each of the three raters chose; not those of the actor."""
    found = []
    for rater, given, _ in one.categories:
        if rater.startswith("E"):
            emotions = {CATEGORIES.get(name.lower(), name.lower()) for name in given}
            found.append({next((name for name, of in CLASSES.items() if one in of), one) for one in emotions})
    assert len(found) == 3
    return found


def shipped(name: str) -> Protocol:
    return read.shipped(read.SHIPPED)[0][name]


def test_a_distribution_is_the_votes_that_the_scenario_drew(demo: Any, tmp_path: Path) -> None:
    found = folds(demo, tmp_path, shipped("session-out-4-distribution")).drop_duplicates("utterance")
    targets = dict(zip(found["utterance"], found["targets"], strict=True))
    for one in demo[1]:
        votes: Counter[str] = Counter()
        for given in answers(one):
            for name in given:
                votes[name] += 1 / len(given)  # type: ignore[assignment]
        inside = np.array([votes[name] for name in CLASSES])
        if one.planned.code in ("ang", "hap", "exc", "neu", "sad"):
            np.testing.assert_allclose(targets.pop(one.planned.name), inside / inside.sum(), rtol=1e-6)
    assert targets == {}


def test_several_labels_are_those_that_enough_raters_chose(demo: Any, tmp_path: Path) -> None:
    for threshold in (0.3, 0.5, 1.0):
        target = ProtocolTarget(kind="several", threshold=threshold)
        protocol = shipped("session-out-4-several").model_copy(update={"target": target})
        found = folds(demo, tmp_path, protocol).drop_duplicates("utterance")
        targets = dict(zip(found["utterance"], found["targets"], strict=True))
        for one in demo[1]:
            if one.planned.name in targets:
                counts = [sum(name in given for given in answers(one)) for name in CLASSES]
                wanted = [float(count >= threshold * 3 - 1e-9) for count in counts]
                assert targets[one.planned.name].tolist() == wanted, one
    assert {tuple(row) for row in targets.values()} >= {(0, 0, 0, 0), (0, 1, 0, 0)}, "not all raters agree on each"


def silenced(demo: Any, folder: Path, names: set[str]) -> tuple[Path, list[RatedUtterance]]:
    """Return the demo with raters of ``names`` who chose no class of the protocol, as if a label were not of them."""
    table = contracts.read(contracts.MANIFEST, demo[0])
    rows = table.to_pylist()
    for row in rows:
        if row["utterance"] in names:
            row["raters"] = [{"rater": "E1", "emotions": ["bored"]}]
    path = folder / "manifest.parquet"
    contracts.write(contracts.MANIFEST, rows, path, contracts.metadata(table))
    return path, demo[1]


def test_utterances_of_which_no_rater_chose_a_class_are_left_out_and_counted(
    demo: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    used = [one.planned.name for one in demo[1] if one.planned.code in ("ang", "hap", "exc", "neu", "sad")]
    few = set(used[:3])
    left = folds(silenced(demo, tmp_path, few), tmp_path, shipped("session-out-4-distribution"))
    assert few.isdisjoint(left["utterance"])
    assert "no rater chose a class, left out: 3" in capsys.readouterr().err
    several = folds(silenced(demo, tmp_path, few), tmp_path, shipped("session-out-4-several"))
    none = several.loc[several["utterance"].isin(few), "targets"]
    assert {tuple(row) for row in none} == {(0, 0, 0, 0)}, "none of the labels"
    with pytest.raises(SerError, match="needs raters, and of 213 utterances 120 have none"):
        folds(silenced(demo, tmp_path, set(used[:120])), tmp_path, shipped("session-out-4-distribution"))


def test_utterances_without_a_majority_are_counted_and_train_where_the_protocol_says_so(
    demo: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    open_ones = {
        one.planned.name
        for one in demo[1]
        if one.planned.code == "xxx" and any(name in CLASSES for given in answers(one) for name in given)
    }
    left = folds(demo, tmp_path, shipped("session-out-4-distribution"))
    assert open_ones
    assert open_ones.isdisjoint(left["utterance"])
    assert f"without a majority, left out: {len(open_ones)}" in capsys.readouterr().err
    trained = folds(demo, tmp_path, shipped("session-out-4-distribution-all"))
    assert f"without a majority, in train alone: {len(open_ones)}" in capsys.readouterr().err
    assert set(trained.loc[trained["label"].isna(), "utterance"]) == open_ones
    assert set(trained.loc[trained["utterance"].isin(open_ones), "part"]) == {"train"}
    sure = trained[trained["label"].notna()].reset_index(drop=True)
    pd.testing.assert_frame_equal(sure, left)
