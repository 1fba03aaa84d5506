"""Facts and rows of a corpus that joins others, and the errors of its label maps."""

from pathlib import Path
from typing import Any

import pytest

from ser.config.schema import Corpus
from ser.errors import SerError
from ser.preparation.joined_corpus import corpus_facts, corpus_rows

TABLES = {
    "near": "path,emotion,speaker,session\na.wav,happy,anna,1\nb.wav,sad,ben,2\nc.wav,sad,anna,1\n",
    "far": "path,emotion,speaker\na.wav,happy,anna\nb.wav,calm,carl\n",
}


def corpora(tmp_path: Path, **joins: Any) -> dict[str, Corpus]:
    found = {}
    for name, table in TABLES.items():
        (tmp_path / name).mkdir(exist_ok=True)
        (tmp_path / name / "labels.csv").write_text(table)
        for audio in ("a.wav", "b.wav", "c.wav"):
            (tmp_path / name / audio).touch()
        options = {"table": "labels.csv"}
        found[name] = Corpus(adapter="table", root=str(tmp_path / name), options=options)
    return found | {"both": Corpus(adapter="both", joins=joins)}


def test_no_two_parts_share_an_utterance_a_speaker_or_a_session(tmp_path: Path) -> None:
    known = corpora(tmp_path, near=None, far=None)
    facts = corpus_facts(known, "both", lambda name: known[name].folder)
    assert facts.utterances == 5
    assert facts.speakers == ("far/anna", "far/carl", "near/anna", "near/ben")
    assert facts.sessions == ("near/1", "near/2")
    assert facts.emotions == ("happy", "sad", "calm")
    rows = corpus_rows(known, "both", lambda name: known[name].folder)
    assert rows is not None
    assert {row.utterance for row in rows} == {"near/a", "near/b", "near/c", "far/a", "far/b"}
    assert {row.speaker for row in rows} == set(facts.speakers)


def test_a_label_map_renames_the_emotions_of_its_part_alone(tmp_path: Path) -> None:
    known = corpora(tmp_path, near={"sad": "bored"}, far={"calm": "sad"})
    assert corpus_facts(known, "both", lambda name: known[name].folder).emotions == ("happy", "sad", "bored")
    rows = corpus_rows(known, "both", lambda name: known[name].folder)
    assert {row.utterance: row.emotion for row in rows or ()} == {
        "near/a": "happy",
        "near/b": "bored",
        "near/c": "bored",
        "far/a": "happy",
        "far/b": "sad",
    }


def test_a_label_map_renames_once(tmp_path: Path) -> None:
    known = corpora(tmp_path, near={}, far={"calm": "happy", "happy": "sad"})
    rows = corpus_rows(known, "both", lambda name: known[name].folder)
    assert {row.utterance: row.emotion for row in rows or () if row.utterance[0] == "f"} == {
        "far/a": "sad",
        "far/b": "happy",
    }


def test_rows_are_unknown_where_a_part_is_not_a_folder_of_the_user(tmp_path: Path) -> None:
    known = corpora(tmp_path, near=None, demo=None) | {"demo": Corpus(adapter="demo", options={"utterances": 150})}
    assert corpus_rows(known, "both", lambda name: known[name].folder) is None
    assert corpus_facts(known, "both", lambda name: known[name].folder).utterances == 153


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ({"clam": "sad"}, "corpora.both.joins.far: unknown emotion of this corpus 'clam'. Did you mean 'calm'?"),
        ({"calm": "sda"}, "corpora.both.joins.far.calm: unknown emotion 'sda'. Did you mean 'sad'?"),
    ],
)
def test_a_wrong_label_map_is_named(tmp_path: Path, labels: dict[str, str], expected: str) -> None:
    known = corpora(tmp_path, near={}, far=labels)
    with pytest.raises(SerError) as caught:
        corpus_facts(known, "both", lambda name: known[name].folder)
    assert expected in str(caught.value)
