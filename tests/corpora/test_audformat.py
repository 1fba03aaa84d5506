"""Databases in audformat, written by audformat itself: files and segments, speakers, parts, and every wrong table."""

import pickle
from pathlib import Path

import audformat
import pandas as pd
import pytest

from ser.checks.corpus import CHECKS
from ser.config.options import with_options
from ser.config.schema import Corpus
from ser.corpora import audformat as adapter
from ser.corpus import Utterance
from ser.errors import SerError

FILES = [f"wav/{speaker:02d}a0{take}.wav" for speaker in (3, 8) for take in (1, 2)]
EMOTIONS = ["anger", "neutral", "boredom", None]
PARTS = {"emotion.train": FILES[:2], "emotion.test": FILES[2:]}


def header() -> audformat.Database:
    db = audformat.Database("toy", languages=["deu"])
    db.schemes["emotion"] = audformat.Scheme(labels=["anger", "neutral", "boredom", "rage"])
    db["speaker"] = audformat.MiscTable(pd.Index([3, 8], dtype="Int64", name="speaker"))
    db.schemes["gender"] = audformat.Scheme(labels=["male", "female"])
    db["speaker"]["gender"] = audformat.Column(scheme_id="gender")
    db["speaker"]["gender"].set(["male", "female"])
    db.schemes["speaker"] = audformat.Scheme("int", labels="speaker")
    db.schemes["transcription"] = audformat.Scheme(labels={"a01": "Der Lappen", "a02": "Das Blatt"})
    db["files"] = audformat.Table(audformat.filewise_index(FILES))
    db["files"]["speaker"] = audformat.Column(scheme_id="speaker")
    db["files"]["speaker"].set([3, 3, 8, 8])
    db["files"]["transcription"] = audformat.Column(scheme_id="transcription")
    db["files"]["transcription"].set(["a01", "a02", "a01", "a02"])
    return db


def filewise(root: Path, **tables: list[str]) -> Path:
    """Write a database of whole files with a table of emotions for each of ``tables``."""
    db = header()
    for name, files in (tables or {"emotion": FILES}).items():
        db[name] = audformat.Table(audformat.filewise_index(files))
        db[name]["emotion"] = audformat.Column(scheme_id="emotion")
        db[name]["emotion"].set([EMOTIONS[FILES.index(file)] for file in files])
    return saved(db, root)


def saved(db: audformat.Database, root: Path, storage: str = "csv") -> Path:
    db.save(str(root), storage_format=storage)
    for file in FILES:
        (root / file).parent.mkdir(exist_ok=True)
        (root / file).touch()
    return root


def segmented(root: Path) -> Path:
    db = header()
    ends = [pd.Timedelta("1.5s"), pd.NaT]
    index = audformat.segmented_index([FILES[0]] * 2, [pd.Timedelta(0), pd.Timedelta("1.5s")], ends)
    db["turns"] = audformat.Table(index)
    db["turns"]["mood"] = audformat.Column(scheme_id="emotion")
    db["turns"]["mood"].set(["anger", "rage"])
    db["turns"]["arousal"] = audformat.Column()
    db["turns"]["arousal"].set([0.5, -0.25])
    return saved(db, root)


def rows(root: Path, **options: object) -> list[Utterance]:
    return adapter.utterances(root, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("storage", ["csv", "parquet"])
def test_whole_files(tmp_path: Path, storage: str) -> None:
    filewise(tmp_path)
    if storage == "parquet":
        db = audformat.Database.load(str(tmp_path))
        saved(db, tmp_path, storage)
        for file in tmp_path.glob("*.csv"):
            file.unlink()
    found = rows(tmp_path)
    assert [row.audio for row in found] == FILES
    assert [row.utterance for row in found] == [file.removesuffix(".wav") for file in FILES]
    assert [row.emotion for row in found] == ["angry", "neutral", "bored", None]
    assert [row.speaker for row in found] == ["3", "3", "8", "8"]
    assert [row.gender for row in found] == ["male", "male", "female", "female"]
    assert [row.text for row in found] == ["Der Lappen", "Das Blatt"] * 2
    assert {row.language for row in found} == {"de"}
    assert {(row.start, row.end) for row in found} == {(None, None)}


def test_segments_have_times_and_what_is_stated_of_their_file(tmp_path: Path) -> None:
    first, second = rows(segmented(tmp_path), column="mood", labels={"rage": "angry"})
    assert (first.utterance, first.start, first.end) == ("wav/03a01@0.000", 0.0, 1.5)
    assert (second.utterance, second.start, second.end) == ("wav/03a01@1.500", 1.5, None)
    assert {(row.emotion, row.speaker, row.gender) for row in (first, second)} == {("angry", "3", "male")}
    assert (first.activation, second.activation, first.valence) == (0.5, -0.25, None)


def test_the_scale_of_ratings_is_that_of_their_schemes(tmp_path: Path) -> None:
    db = header()
    for name, highest in (("arousal", 7), ("valence", 7), ("dominance", 5)):
        db.schemes[name] = audformat.Scheme("float", minimum=1, maximum=highest)
        db["files"][name] = audformat.Column(scheme_id=name)
        db["files"][name].set([1.0, 2.5, 5.0, 4.0])
        saved(db, tmp_path)
        assert adapter.scale(tmp_path, table="files", column="speaker") == ((1, 7) if highest == 7 else None)
    assert adapter.scale(segmented(tmp_path / "other"), table="turns", column="mood") is None


def test_a_database_keeps_the_contract_of_a_corpus(tmp_path: Path) -> None:
    root = filewise(tmp_path)
    for options in ({}, {"table": ["emotion"], "speaker": "speaker"}):
        entry = with_options(Corpus(adapter="audformat", root=str(root), options=options), "corpora.toy")
        for check in CHECKS:
            check(entry)


def test_recordings_that_the_chosen_tables_do_not_name_are_left_out(tmp_path: Path) -> None:
    root = filewise(tmp_path, **PARTS)
    (root / "wav/notes.flac").touch()
    assert adapter.audio_files(root, table="emotion.test") == FILES[2:]
    assert set(adapter.left_out(root, table="emotion.test")) == {*FILES[:2], "wav/notes.flac"}
    assert {path.name for path in adapter.sources(root, table="emotion.test")} >= {
        "db.yaml",
        "db.files.csv",
        "08a01.wav",
    }


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, ["the tables emotion.test, emotion.train have a column 'emotion'", "'table'"]),
        ({"column": "mood"}, ["no table has a column 'mood'", "Columns: emotion, speaker, transcription"]),
        ({"table": "emotion.tests"}, ["unknown table 'emotion.tests'", "Did you mean 'emotion.test'"]),
        ({"table": "files"}, ["table 'files'", "unknown column 'emotion'", "speaker, transcription"]),
        ({"table": "emotion.test", "speaker": "actor"}, ["unknown column", "'speaker'", "'actor'"]),
        ({"table": "emotion.test", "labels": {"boredom": "borred"}}, ["option 'labels'", "Did you mean 'bored'"]),
    ],
)
def test_a_missing_table_or_column_is_named_with_those_there_are(
    tmp_path: Path, options: dict[str, object], words: list[str]
) -> None:
    with pytest.raises(SerError) as error:
        rows(filewise(tmp_path, **PARTS), **options)
    assert [word for word in words if word not in str(error.value)] == []


def test_an_unknown_label_is_named_and_can_be_translated_or_declared(tmp_path: Path) -> None:
    root = segmented(tmp_path)
    with pytest.raises(SerError, match=r"table 'turns', column 'mood': rage are no emotions.*labels: \{rage"):
        rows(root, column="mood")
    assert [row.emotion for row in rows(root, column="mood", emotions=["rage"])] == ["angry", "rage"]
    assert adapter.facts(root, column="mood", emotions=["rage"]).emotions == ("angry", "rage")
    frustrated = {"Anger": "frustrated", "rage": "angry"}  # the user's word is taken before the common one
    assert [row.emotion for row in rows(root, column="mood", labels=frustrated)] == ["frustrated", "angry"]


def test_two_labels_of_one_file_are_an_error(tmp_path: Path) -> None:
    root = filewise(tmp_path, one=FILES[:2], two=FILES[1:])
    (root / "db.two.csv").write_text(f"file,emotion\n{FILES[1]},anger\n{FILES[2]},anger\n{FILES[3]},anger\n")
    with pytest.raises(SerError, match=r"wav/03a02 is neutral and, in table 'two', angry"):
        rows(root, table=["one", "two"])


def test_a_path_outside_the_root_is_an_error(tmp_path: Path) -> None:
    root = filewise(tmp_path)
    (root / "db.emotion.csv").write_text("file,emotion\n../other.wav,anger\n")
    with pytest.raises(SerError, match=r"\.\./other\.wav' leads out of the corpus root"):
        rows(root)


def test_what_is_no_database_is_named(tmp_path: Path) -> None:
    with pytest.raises(SerError, match=r"has no db\.yaml"):
        rows(tmp_path)
    (tmp_path / "db.yaml").write_text("just: text\n")
    with pytest.raises(SerError, match="no header of a database"):
        rows(tmp_path)
    filewise(tmp_path)
    (tmp_path / "db.emotion.csv").write_text("file\nx.wav\n")
    with pytest.raises(SerError, match=r"db\.emotion\.csv: is no table"):
        rows(tmp_path)


class Trap:
    """Writes a file where it is unpickled."""

    def __init__(self, path: Path):
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[str, str]]:
        return open, (str(self.path), "w")


def test_no_pickle_and_no_object_of_a_header_is_made(tmp_path: Path) -> None:
    root, sprung = filewise(tmp_path / "db"), tmp_path / "sprung"
    (root / "db.emotion.pkl").write_bytes(pickle.dumps(Trap(sprung)))
    assert len(rows(root)) == 4
    (root / "db.emotion.csv").unlink()
    with pytest.raises(SerError, match=r"db\.emotion\.pkl is a pickle"):
        rows(root)
    text = (root / "db.yaml").read_text()
    (root / "db.yaml").write_text(text + f"meta: !!python/object/apply:open ['{sprung}', w]\n")
    with pytest.raises(SerError, match="no header of a database"):
        rows(root)
    assert not sprung.exists()


def test_the_official_split_is_in_the_header_or_in_the_names_of_tables(tmp_path: Path) -> None:
    named = filewise(tmp_path / "named", **PARTS)
    expected = {f"wav/03a0{take}": "train" for take in (1, 2)} | {f"wav/08a0{take}": "test" for take in (1, 2)}
    assert dict(adapter.official(named, table=list(PARTS))) == expected
    whole = filewise(tmp_path / "whole")
    with pytest.raises(SerError, match="emotion are in no part of an official split"):
        dict(adapter.official(whole))
    db = audformat.Database.load(str(whole))
    db.splits["held out"] = audformat.Split(type="test")
    db["emotion"].split_id = "held out"
    saved(db, whole)
    assert set(dict(adapter.official(whole)).values()) == {"test"}
