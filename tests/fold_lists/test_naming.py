"""Names of recordings are read as the corpora's own documents say; what they do not tell is unknown."""

from pathlib import Path

import pandas as pd
import pytest

from ser.errors import SerError
from ser.fold_lists.naming import FACTS, ONE, SHIPPED, namings, shipped
from ser.user_table.fold_lists import corpus_name

NAMINGS = namings(SHIPPED)


@pytest.mark.parametrize("corpus", sorted(NAMINGS))
def test_each_example_is_read_as_its_entry_says(corpus: str) -> None:
    naming = NAMINGS[corpus]
    assert naming.example
    read = naming.read(pd.Series(list(naming.example)))
    for (_, row), stated in zip(read.iterrows(), naming.example.values(), strict=True):
        expected = stated | ({"speaker": ONE} if naming.speakers == 1 else {})
        assert row.dropna().to_dict() == expected


@pytest.mark.parametrize("corpus", sorted(NAMINGS))
def test_each_entry_says_who_says_so(corpus: str) -> None:
    assert len(NAMINGS[corpus].source) > 10


@pytest.mark.parametrize("corpus", [name for name in sorted(NAMINGS) if NAMINGS[name].speakers is None])
def test_a_name_that_does_not_follow_the_rule_is_unknown(corpus: str) -> None:
    read = NAMINGS[corpus].read(pd.Series(["something else entirely"]))
    assert list(read.columns) == list(FACTS)
    assert read.isna().all(axis=None)


def test_the_speaker_of_iemocap_is_who_speaks_and_not_who_wears_markers() -> None:
    names = pd.Series(["Ses01F_impro01/Ses01F_impro01_M011.wav", "Ses03M_impro05a/Ses03M_impro05a_MXX0.wav"])
    assert NAMINGS["iemocap"].read(names)["speaker"].tolist() == ["Ses01M", "Ses03M"]


def test_a_part_of_a_fact_that_a_name_lacks_makes_the_fact_unknown() -> None:
    read = NAMINGS["enterface"].read(pd.Series(["subject 6/anger/s6_an.avi"]))
    assert read["speaker"].tolist() == ["6"]
    assert read["sentence"].isna().all()


def test_spellings_of_a_corpus_name_are_one() -> None:
    assert {corpus_name(name) for name in ("ASVP-ESD", "asvp esd", "asvpesd")} == {"asvpesd"}


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("mine: {pattern: '(unclosed'}", "is no regular expression"),
        ("mine: {pattern: 'a', facts: {speaker: '{who}'}}", "needs the group who"),
        ("mine: {pattern: 'a', facts: {colour: 'a'}}", "facts.colour"),
        ("mine: {patern: 'a'}", "key pattern: Field required"),
        ("- a list", "one entry per corpus"),
        ("mine: [", "cannot be read as YAML"),
    ],
)
def test_a_wrong_entry_is_named(tmp_path: Path, text: str, what: str) -> None:
    file = tmp_path / "names.yaml"
    file.write_text(text)
    with pytest.raises(SerError, match=what):
        namings(file)


def test_adapters_and_file_together_read_every_corpus_once() -> None:
    known = shipped()
    assert set(NAMINGS) < set(known)
    assert len(set(known) - {"nemo"}) == 32  # EmoBox's; nEMO is not one of them
    read = known["mesd"].read(pd.Series(["MESD/Disgust_F_A_por_favor.wav"]))
    assert read["sentence"].tolist() == ["por_favor"]
    assert read["speaker"].isna().all(), "its names do not tell the speaker"
    savee = known["savee"].read(pd.Series(["DC_a11.wav", "JE/su03.wav"]))
    assert savee[["speaker", "sentence"]].values.tolist() == [["DC", "a11"], ["JE", "su03"]]
