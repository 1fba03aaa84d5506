"""One value of a column is tested and the others are trained on: folds, their names and what cannot be divided."""

from itertools import product
from typing import Any

import pandas as pd
import pytest

from ser.checks.protocol import assigned
from ser.config.schema import Protocol
from ser.errors import SerError
from ser.protocols import leave_one_out

PARTS = {"one": "en", "two": "de", "three": "de"}


def manifest(**lacks: str) -> pd.DataFrame:
    """Return 3 corpora × 4 speakers × 2 classes × 2 takes; lacks: corpus: a class that it does not have."""
    rows = [
        {
            "utterance": f"{part}/s{speaker}-{label}-{take}",
            "speaker": f"{part}/s{speaker}",
            "gender": ("female", "male")[speaker % 2],
            "language": PARTS[part],
            "emotion": label,
            "label": label,
        }
        for part, speaker, label, take in product(PARTS, range(4), ("happy", "sad"), range(2))
        if lacks.get(part) != label
    ]
    return pd.DataFrame(rows)


def sides(parts: pd.DataFrame, column: str = "corpus") -> list[dict[str, set[str]]]:
    """Return, per fold, the values of each part."""
    known = manifest().assign(corpus=lambda rows: rows["utterance"].str.split("/").str[0])
    rows = parts.merge(known, on="utterance")
    return [{str(p): set(of_part[column]) for p, of_part in fold.groupby("part")} for _, fold in rows.groupby("fold")]


def protocol(**options: Any) -> Protocol:
    return Protocol(rule="leave_one_out", labels="all", options=options)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, [("two + three", "one"), ("one + three", "two"), ("one + two", "three")]),
        ({"test": ["two"]}, [("one + three", "two")]),
        ({"train": "each", "test": ["two"]}, [("one", "two"), ("three", "two")]),
        ({"values": ["two", "one"], "train": "each"}, [("one", "two"), ("two", "one")]),
    ],
)
def test_a_fold_is_what_its_name_says(options: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    options = {"by": "corpus", "values": list(PARTS), **options}
    parts = assigned(leave_one_out, manifest(), **options)
    found = sides(parts)
    assert len(found) == len(expected)
    for fold, (trained, tested) in enumerate(expected):
        assert protocol(**options).fold_name(fold) == f"{trained} → {tested}"
        assert found[fold] == {"train": set(trained.split(" + ")), "dev": set(trained.split(" + ")), "test": {tested}}
    assert protocol(**options).fold_name(len(expected)) == protocol(**options).fold_name(-1) == ""


def test_a_language_of_two_corpora_is_left_out_as_a_whole() -> None:
    parts = assigned(leave_one_out, manifest(), by="language", values=["en", "de"])
    assert [fold["test"] for fold in sides(parts, "language")] == [{"en"}, {"de"}]
    assert [fold["test"] for fold in sides(parts)] == [{"one"}, {"two", "three"}]


def test_dev_is_speakers_of_every_corpus_that_is_trained_on_women_and_men() -> None:
    parts = assigned(leave_one_out, manifest(), by="corpus", values=list(PARTS), dev_speakers=2)
    rows = parts.merge(manifest(), on="utterance")
    for _, fold in rows.groupby("fold"):
        dev = fold[fold["part"] == "dev"]
        assert dev.groupby("gender")["speaker"].nunique().to_dict() == {"female": 2, "male": 2}
        assert set(dev["speaker"]).isdisjoint(fold.loc[fold["part"] != "dev", "speaker"])


def test_without_dev_speakers_everything_is_trained_or_tested_and_no_speaker_is_needed() -> None:
    rows = manifest().assign(speaker=None)
    parts = assigned(leave_one_out, rows, by="corpus", values=list(PARTS), dev_speakers=0)
    assert parts["part"].value_counts().to_dict() == {"train": 2 * len(rows), "test": len(rows)}


@pytest.mark.parametrize(
    ("lacks", "options", "expected"),
    [
        ({"two": "sad"}, {"values": ["one", "two"]}, ["fold two → one", "corpus two has no utterance of sad", "joins"]),
        ({"two": "sad", "one": "happy"}, {"values": ["one", "two"]}, ["They share no class"]),
        ({}, {"values": ["one", "far"]}, ["no utterance of these classes has corpus far", "known: one, three, two"]),
        ({}, {"by": "style", "values": ["acted", "read"]}, ["style acted, read", "known: none"]),
        ({}, {"values": ["one", "two"], "dev_speakers": 4}, ["corpus two has 4 speakers", "too few for 4 in dev"]),
        ({}, {"values": ["one"]}, ["values must be two or more that differ"]),
        ({}, {"values": ["one", "one"]}, ["values must be two or more that differ"]),
        ({}, {"values": ["one", "two"], "test": ["three"]}, ["test names three", "one, two"]),
    ],
)
def test_what_cannot_be_divided_is_named(lacks: dict[str, str], options: dict[str, Any], expected: list[str]) -> None:
    with pytest.raises(SerError) as caught:
        assigned(leave_one_out, manifest(**lacks), **{"by": "corpus", **options})
    for text in expected:
        assert text in str(caught.value)


def test_the_classes_that_all_have_are_named_where_there_are_two() -> None:
    more = manifest().assign(label=lambda rows: rows["label"] + rows["utterance"].str[-1])
    rows = pd.concat([more, more[more["utterance"].str.startswith("one/")].assign(label="calm")], ignore_index=True)
    rows["utterance"] = [f"{name}-{index}" for index, name in enumerate(rows["utterance"])]
    with pytest.raises(SerError, match=r"two has no utterance of calm.*: happy0, happy1, sad0, sad1"):
        assigned(leave_one_out, rows, by="corpus", values=["one", "two"])


def test_a_speaker_without_a_name_cannot_be_dev() -> None:
    rows = manifest()
    rows.loc[rows["utterance"] == "two/s0-sad-1", "speaker"] = None
    with pytest.raises(SerError, match=r"no speaker is known for two/s0-sad-1; without a dev part"):
        assigned(leave_one_out, rows, by="corpus", values=["one", "two"])


def test_a_fold_of_another_rule_has_no_name() -> None:
    assert Protocol(rule="speaker_folds", labels="all").fold_name(0) == ""
