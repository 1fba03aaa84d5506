"""The split stage: classes, subsets, the rule's outcome and every violation of its contract."""

import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from ser import catalog
from ser.config.schema import Protocol
from ser.errors import SerError
from ser.protocols._parts import NO_PART
from ser.stages.split import SplitJob, split
from ser.tables import contracts

EMOTIONS = ("angry", "happy", "excited", "sad", "neutral", "undecided", None)
FOUR = {"angry": ("angry",), "happy": ("happy", "excited"), "neutral": ("neutral",), "sad": ("sad",)}
GENDERS = {"F": "female", "M": "male"}


def rows() -> pd.DataFrame:
    """Three sessions of two speakers; every emotion in both styles, three times each."""
    table = [
        {
            "utterance": f"{session}{who}-{style}-{emotion}-{take}",
            "audio": "a.wav",
            "seconds": 1.0,
            "rate": 16000,
            "channels": 1,
            "checksum": "0" * 32,
            "speaker": f"{session}{who}",
            "session": session,
            "dialog": f"{session}-{style}",
            "gender": GENDERS[who],
            "emotion": emotion,
            "style": style,
            "shard": 0,
        }
        for session in ("S1", "S2", "S3")
        for who in ("F", "M")
        for style in ("improvised", "scripted")
        for emotion in EMOTIONS
        for take in range(3)
    ]
    return pd.DataFrame(table)


def write(table: pd.DataFrame, folder: Path) -> Path:
    path = folder / "manifest.parquet"
    full = table.reindex(columns=contracts.MANIFEST.schema.names).astype(object)
    full = full.where(full.notna(), None)
    arrow = pa.Table.from_pylist(full.to_dict("records"), schema=contracts.MANIFEST.schema)
    contracts.write(contracts.MANIFEST, arrow, path, {"warning": "spoken by a machine"})
    return path


def protocol(**changes: Any) -> Protocol:
    given = {"rule": "session_out", "labels": FOUR, "leaks": ("text",), **changes}
    return Protocol.model_validate(given)


def run(folder: Path, entry: Protocol, folds: int = 3, table: pd.DataFrame | None = None) -> pd.DataFrame:
    manifest = write(rows() if table is None else table, folder)
    out = folder / "folds.parquet"
    split(SplitJob(corpus="three", name="mine", protocol=entry, manifest=manifest, out=out, folds=folds))
    frame: pd.DataFrame = contracts.read(contracts.FOLDS, out).to_pandas()
    return frame


def test_folds_hold_the_classes_and_their_origin(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    entry = protocol()
    folds = run(tmp_path, entry)
    assert len(folds) == 3 * 3 * 2 * 2 * 5 * 3
    assert set(folds.loc[folds["utterance"].str.contains("excited"), "label"]) == {"happy"}
    assert not folds["utterance"].str.contains("undecided|None").any()
    notes = contracts.metadata(tmp_path / "folds.parquet")
    assert Protocol.model_validate_json(notes["protocol"]) == entry
    assert notes["digest"] == entry.digest()
    assert json.loads(notes["classes"]) == ["angry", "happy", "neutral", "sad"]
    assert (notes["corpus"], notes["name"], notes["warning"]) == ("three", "mine", "spoken by a machine")
    assert notes["tested"] == "once"
    report = capsys.readouterr().err
    assert "180 of 252 utterances" in report
    assert "not labelled 36" in report
    assert "undecided 36" in report
    assert "fold 0 test: 60" in report


def test_all_labels_are_those_that_occur_and_are_clear(tmp_path: Path) -> None:
    folds = run(tmp_path, protocol(labels="all"))
    assert set(folds["label"]) == {"angry", "excited", "happy", "neutral", "sad"}


def test_a_subset_keeps_only_accepted_values(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folds = run(tmp_path, protocol(subset={"style": ["improvised"]}))
    assert folds["utterance"].str.contains("improvised").all()
    assert "outside the subset 126" in capsys.readouterr().err


def test_given_lists_decide_the_parts(tmp_path: Path) -> None:
    table = rows()
    parts = table["session"].map({"S1": "test", "S2": "dev", "S3": "train"})
    table.assign(part=parts)[["utterance", "part"]].to_csv(tmp_path / "lists.csv", index=False)
    job = protocol(rule="given", options={"lists": str(tmp_path / "lists.csv")})
    found = run(tmp_path, Protocol.model_validate_json(job.model_dump_json()), folds=1)
    expected = dict(zip(table["utterance"], parts, strict=True))
    assert {name: expected[name] for name in found["utterance"]} == dict(
        zip(found["utterance"], found["part"], strict=True)
    )


def test_redrawn_protocols_may_test_an_utterance_again(tmp_path: Path) -> None:
    leaks = ("speaker", "session", "dialog", "text", "dev speaker")
    entry = protocol(
        rule="random_holdout", options={"test": 0.5, "repeats": 4, "dev": 0.1}, leaks=leaks, selection="dev_ua"
    )
    folds = run(tmp_path, entry, folds=4)
    assert folds.loc[folds["part"] == "test", "utterance"].duplicated().any()
    assert contracts.metadata(tmp_path / "folds.parquet")["tested"] == "drawn"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"labels": {"calm": ["calm"], "sad": ["sad"]}}, "asks for label calm; the corpus has angry, excited, happy"),
        ({"labels": {"angry": ["anger"], "sad": ["sad"]}}, "unknown emotion 'anger'. Did you mean 'angry'"),
        ({"labels": {"low": ["sad"], "sad": ["sad"]}}, "'sad' is in the classes low and sad"),
        ({"labels": {"sad": ["sad"]}}, "at least two classes"),
        ({"subset": {"styl": ["improvised"]}}, "unknown subset column 'styl'. Did you mean 'style'"),
        ({"subset": {"seconds": ["1.0"]}}, "unknown subset column 'seconds'"),
        ({"subset": {"intensity": ["strong"]}}, r"no value in column 'intensity'; it has values in .*style"),
        ({"subset": {"style": ["read"]}}, "no utterance has style read; the corpus has improvised, scripted"),
        ({"options": {"dev": "none"}}, "selection dev_ua needs a dev part and fold 0 has none"),
    ],
)
def test_what_a_protocol_cannot_have_is_an_error(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(SerError, match=message) as caught:
        run(tmp_path, protocol(**changes))
    assert "protocol 'mine' on corpus 'three'" in str(caught.value)
    assert not (tmp_path / "folds.parquet").exists()


def test_a_declared_leak_changes_neither_the_job_nor_the_folds(tmp_path: Path) -> None:
    shipped = protocol(leaks=("text",))
    declared = protocol(leaks=("text", "audio"), shipped_leaks=("text",))
    jobs = {SplitJob.params(corpus="three", name="mine", protocol=entry, folds=3) for entry in (shipped, declared)}
    assert len(jobs) == 1
    written = set()
    for entry in (shipped, declared):
        run(tmp_path, SplitJob.model_validate_json(jobs.copy().pop()[:-1] + ',"manifest":"m","out":"o"}').protocol)
        written.add((tmp_path / "folds.parquet").read_bytes())
        assert entry.digest() == shipped.digest() != protocol(leaks=()).digest()
    assert len(written) == 1


def test_a_class_in_one_session_only_cannot_be_trained_when_that_session_is_out(tmp_path: Path) -> None:
    table = rows()
    table = table[(table["emotion"] != "sad") | (table["session"] == "S2")]
    with pytest.raises(SerError, match="the train part of fold 1 has no utterance of class sad"):
        run(tmp_path, protocol(), table=table)


def test_a_class_of_one_speaker_alone_is_named_with_what_helps(tmp_path: Path) -> None:
    table = rows()
    alone = table[(table["emotion"] != "sad") | (table["speaker"] == "S2F")]
    entry = protocol(rule="speaker_out", leaks=("session", "dialog", "text"))
    with pytest.raises(
        SerError, match=r"class sad\. Only one speaker has the class sad \(of S2F\): .*Leave the class out"
    ):
        run(tmp_path, entry, folds=6, table=alone)


def test_a_class_that_dev_takes_from_train_is_named_with_fold_and_speakers(tmp_path: Path) -> None:
    options = {"by": "gender", "values": ["female", "male"], "dev_speakers": 2}
    entry = protocol(rule="leave_one_out", options=options, leaks=("session", "dialog", "text"))
    folds = run(tmp_path, entry, folds=2)
    dev = sorted(set(folds.loc[(folds["fold"] == 1) & (folds["part"] == "dev"), "speaker"]))
    table = rows()
    missing = (table["emotion"] == "sad") & (table["gender"] == "female") & ~table["speaker"].isin(dev)
    expected = (
        r"train part of fold 1 \(female → male\) has no utterance of class sad\. Those that could train are in dev, "
        rf"of {dev[0]}, {dev[1]}: set dev_speakers"
    )
    with pytest.raises(SerError, match=expected):
        run(tmp_path, entry, folds=2, table=table[~missing])


@pytest.mark.parametrize("shared", [(), ("neutral",)])
def test_where_every_class_belongs_to_one_speaker_no_remedy_is_offered(tmp_path: Path, shared: tuple[str, ...]) -> None:
    owners = dict(zip(("angry", "happy", "sad", "neutral"), ("S1F", "S1M", "S2F", "S3M"), strict=True))
    table = rows()
    mine = table["emotion"].isin(shared) | (table["emotion"].map(owners) == table["speaker"])
    entry = protocol(rule="speaker_out", labels="all", leaks=("session", "dialog", "text"))
    with pytest.raises(SerError) as error:
        run(tmp_path, entry, folds=6 if shared else 4, table=table[mine])
    text = str(error.value)
    assert ("Every class but neutral belongs" if shared else "Every class belongs") in text
    for words in ("angry (of S1F)", "sad (of S2F)", "cannot be separated", "several speakers"):
        assert words in text
    assert "eave the class out" not in text


@pytest.mark.parametrize(
    "labels", ["all", {"amused": ("Mild amusement",), "sad": ("sad",), "rest": ("wütend", "calm")}]
)
def test_emotions_of_ones_own_are_classes(tmp_path: Path, labels: Any) -> None:
    table = rows()
    own = {"angry": "wütend", "happy": "Mild amusement", "excited": "calm"}
    table["emotion"] = table["emotion"].map(lambda emotion: own.get(emotion, emotion))
    folds = run(tmp_path, protocol(labels=labels), table=table)
    wanted = {"wütend", "Mild amusement", "calm", "sad", "neutral"} if labels == "all" else set(labels)
    assert set(folds["label"]) == wanted
    with pytest.raises(SerError, match=r"class 'x': unknown emotion 'amusd'.*Known: .*wütend"):
        run(tmp_path, protocol(labels={"x": ("amusd",), "sad": ("sad",)}), table=table)


def test_folds_of_the_facts_that_the_protocol_empties(tmp_path: Path) -> None:
    table = rows()
    table.loc[table["speaker"] == "S3M", "emotion"] = None
    leaks = ("session", "dialog", "text")
    with pytest.raises(SerError, match=r"made 5 folds, the plan has 6; .*: speaker S3M"):
        run(tmp_path, protocol(rule="speaker_out", leaks=leaks), folds=6, table=table)


def test_a_rule_that_cannot_be_applied_names_protocol_and_corpus(tmp_path: Path) -> None:
    with pytest.raises(SerError, match="protocol 'mine' on corpus 'three': the rule needs sessions"):
        run(tmp_path, protocol(), table=rows().assign(session=None))


def test_speaker_normalisation_needs_speakers(tmp_path: Path) -> None:
    entry = protocol(rule="random_folds", leaks=("speaker", "session", "dialog"), normalisation="speaker")
    with pytest.raises(SerError, match="normalisation by speaker needs speakers"):
        run(tmp_path, entry, table=rows().assign(speaker=None))


def broken(part: np.ndarray, fold: int, kind: str) -> np.ndarray:
    tested, trained = np.flatnonzero(part == "test"), np.flatnonzero(part == "train")
    if kind == "too few":
        return part[1:]
    if kind == "twice" and fold == 1:
        part[trained[0]] = "test"
    elif kind == "never" and fold == 1:
        part[tested[0]] = NO_PART
    elif kind == "no test" and fold == 2:
        part[tested] = NO_PART
    return part


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("no fold", "the rule yields no fold"),
        ("too few", r"fold 0 has \d+ parts for \d+ utterances"),
        ("twice", "tested in more than one fold: S"),
        ("never", "tested in no fold: S2"),
        ("no test", "fold 2 has no test part"),
    ],
)
def test_a_rule_that_breaks_its_contract_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, message: str
) -> None:
    sound = catalog.load("protocols", "session_out")

    def assign(rows: pd.DataFrame, **options: Any) -> Iterator[np.ndarray]:
        parts = () if kind == "no fold" else sound.assign(rows, **options)
        return (broken(part, fold, kind) for fold, part in enumerate(parts))

    rule = SimpleNamespace(assign=assign, folds=sound.folds)
    monkeypatch.setattr(catalog, "load", lambda kind, name: rule)  # noqa: ARG005
    with pytest.raises(SerError, match=message):
        run(tmp_path, protocol())
