"""Sentences and speakers held out: no word of the test part is in train, every utterance is tested once."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from ser.checks.protocol import assigned
from ser.config.options import with_options
from ser.config.read import shipped
from ser.config.schema import Protocol
from ser.config.target import ProtocolTarget
from ser.corpus import Facts
from ser.errors import SerError
from ser.protocols import text_in, text_out

PROTOCOLS = shipped(Path(__file__).parents[2] / "config")[0]


def corpus(
    speakers: int = 8, texts: int = 2, labels: tuple[str, ...] = ("angry", "sad"), takes: int = 1
) -> pd.DataFrame:
    """Every speaker has every text in every emotion."""
    rows = [
        {
            "utterance": f"{speaker}-{text}-{label}-{take}",
            "speaker": f"p{speaker}",
            "gender": ("female", "male")[speaker % 2],
            "text": f"This is the sentence {text}{'.' * take}",
            "label": label,
        }
        for speaker in range(speakers)
        for text in range(texts)
        for label in labels
        for take in range(takes)
    ]
    return pd.DataFrame(rows)


def facts(table: pd.DataFrame) -> Facts:
    return Facts(len(table), tuple(sorted(table["speaker"].dropna().unique())), (), ())


def of(parts: pd.DataFrame, table: pd.DataFrame, fold: int, part: str, column: str) -> set[str]:
    names = parts.loc[(parts["fold"] == fold) & (parts["part"] == part), "utterance"]
    return set(table.loc[table["utterance"].isin(names), column])


@pytest.mark.parametrize("takes", [1, 3])
def test_two_sentences_and_four_groups_of_speakers(takes: int) -> None:
    table = corpus(takes=takes)
    parts = assigned(text_out, table, speakers=4)
    assert text_out.folds(facts(table), speakers=4) == parts["fold"].nunique() == 8
    table["text"] = table["text"].str.rstrip(".")
    for fold in range(8):
        voices = {part: of(parts, table, fold, part, "speaker") for part in ("train", "dev", "test")}
        sentences = {part: of(parts, table, fold, part, "text") for part in ("train", "dev", "test")}
        assert {part: len(names) for part, names in voices.items()} == {"train": 4, "dev": 2, "test": 2}
        assert len(set.union(*voices.values())) == 8
        assert sentences["train"] == sentences["dev"] != sentences["test"]
        assert {len(names) for names in sentences.values()} == {1}
        assert of(parts, table, fold, "test", "label") == of(parts, table, fold, "train", "label") == {"angry", "sad"}
    assert sorted(parts.loc[parts["part"] == "test", "utterance"]) == sorted(table["utterance"])
    assert of(parts, table, 0, "test", "speaker") == of(parts, table, 1, "test", "speaker")
    assert of(parts, table, 0, "test", "text") != of(parts, table, 1, "test", "text")


def test_without_speakers_only_the_sentences_are_held_out() -> None:
    table = corpus(texts=6).assign(speaker=None)
    assert text_out.folds(facts(table), texts=3, speakers=0, dev="none") == 3
    parts = assigned(text_out, table, texts=3, speakers=0, dev="none").groupby(["fold", "part"]).size().unstack()
    assert (parts["test"] == len(table) / 3).all()
    assert (parts["train"] == len(table) * 2 / 3).all()
    parts = assigned(text_out, table, texts=3, speakers=0, dev="text")
    for fold in range(3):
        assert of(parts, table, fold, "dev", "text") == of(parts, table, (fold + 1) % 3, "test", "text")
        assert not of(parts, table, fold, "dev", "text") & of(parts, table, fold, "train", "text")


def test_dev_by_text_keeps_the_test_speakers_out_too() -> None:
    table = corpus(texts=6)
    parts = assigned(text_out, table, texts=3, speakers=4, dev="text")
    for fold in range(12):
        assert of(parts, table, fold, "dev", "speaker") == of(parts, table, fold, "train", "speaker")
        assert not of(parts, table, fold, "dev", "speaker") & of(parts, table, fold, "test", "speaker")
        sentences = [of(parts, table, fold, part, "text") for part in ("train", "dev", "test")]
        assert [len(texts) for texts in sentences] == [2, 2, 2]
        assert len(set.union(*sentences)) == 6


def test_sentences_that_belong_to_one_emotion_are_shared_out_class_by_class() -> None:
    """As in eNTERFACE'05: five sentences for each of six emotions."""
    labels = ("angry", "disgusted", "fearful", "happy", "sad", "surprised")
    rows = [
        {"utterance": f"{speaker}{label}{text}", "speaker": f"p{speaker}", "text": f"{label} {text}", "label": label}
        for speaker in range(6)
        for label in labels
        for text in range(5)
    ]
    table = pd.DataFrame(rows)
    parts = assigned(text_out, table, texts=5, speakers=0, dev="none").merge(table, on="utterance")
    tested = parts[parts["part"] == "test"].groupby(["fold", "label"])["text"].nunique().unstack()
    assert (tested == 1).all(axis=None)
    assert tested.shape == (5, 6)


TEXTS = st.sampled_from(
    ["Dogs!", "dogs", "kids are here", "Kids are here.", "", "[LAUGHTER]", "yeah", "the door", "It's"]
)
ROWS = st.lists(st.tuples(TEXTS, st.integers(0, 5), st.sampled_from(["angry", "sad"])), min_size=12, max_size=40)


@settings(max_examples=60, deadline=None)
@given(
    ROWS, st.integers(2, 3), st.sampled_from([0, 2, 3]), st.sampled_from(["speaker", "text", "none"]), st.integers(0, 3)
)
def test_any_texts_and_speakers(
    rows: list[tuple[str, int, str]], texts: int, speakers: int, dev: str, seed: int
) -> None:
    assume(not (dev == "text" and texts < 3) and not (dev == "speaker" and not speakers))
    table = pd.DataFrame(rows, columns=["text", "speaker", "label"])
    table = table.assign(
        utterance=[f"u{row:02}" for row in range(len(table))], speaker="p" + table["speaker"].astype(str)
    )
    table["gender"] = "female"
    words = table["text"].str.lower().str.replace(r"\[.*\]|[.!]", "", regex=True)
    table["normalised"] = words.where(words != "", table["utterance"])
    assume(table["normalised"].nunique() >= texts and table["speaker"].nunique() >= max(speakers, 3))
    options: Mapping[str, Any] = {"texts": texts, "speakers": speakers, "dev": dev}
    parts = assigned(text_out, table, **options, seed=seed)
    assert text_out.folds(facts(table), **options) == texts * max(speakers, 1)
    assert not parts.duplicated(["utterance", "fold"]).any()
    assert sorted(parts.loc[parts["part"] == "test", "utterance"]) == sorted(table["utterance"])
    for fold in range(texts * max(speakers, 1)):
        tested, developed, trained = (of(parts, table, fold, part, "normalised") for part in ("test", "dev", "train"))
        assert not tested & (trained | developed)
        if dev == "text":
            assert not developed & trained
        if speakers:
            voices = [of(parts, table, fold, part, "speaker") for part in ("test", "dev", "train")]
            assert not voices[0] & (voices[1] | voices[2])
            assert dev == "text" or not voices[1] & voices[2]
    pd.testing.assert_frame_equal(parts, assigned(text_out, table.sample(frac=1, random_state=1), **options, seed=seed))


@pytest.mark.parametrize(
    ("change", "options", "message"),
    [
        ({"text": None}, {}, "needs the text of every utterance, and the corpus has none; .*random_folds"),
        (
            {"text": "Always the same"},
            {},
            "2 groups of texts need as many different texts; there is 1: always the same",
        ),
        ({}, {"texts": 3}, "3 groups of texts need as many different texts; there are 2: this is the sentence 0, this"),
        ({"speaker": None}, {}, "the rule needs speakers, and the corpus names none"),
        ({}, {"speakers": 9}, r"the rule needs at least 9 speakers \(9 groups of whole speakers\)"),
        ({}, {"speakers": 1}, "speakers must be at least 2"),
        ({}, {"texts": 1}, "texts must be at least 2"),
        ({}, {"dev": "text"}, "texts must be at least 3"),
        ({}, {"speakers": 0}, "dev: speaker needs groups of speakers; use dev: text or dev: none"),
    ],
)
def test_what_cannot_be_split_is_an_error(change: dict[str, Any], options: dict[str, Any], message: str) -> None:
    table = corpus().assign(**change)
    with pytest.raises(SerError, match=message):
        assigned(text_out, table, **{"speakers": 4, **options})
    if "text" not in change and options != {"texts": 3}:
        with pytest.raises(SerError, match=message):
            text_out.folds(facts(table), **{"speakers": 4, **options})


def test_an_unknown_dev_part_is_named() -> None:
    wrong = Protocol(rule="text_out", labels="all", options={"dev": "dialog"})
    with pytest.raises(SerError, match="dev: must be 'speaker', 'text' or 'none'; it is 'dialog'"):
        with_options(wrong, "here")


def test_an_utterance_without_a_transcript_is_named() -> None:
    table = corpus()
    table.loc[3, "text"] = None
    with pytest.raises(SerError, match=f"none is known for {table.loc[3, 'utterance']}"):
        assigned(text_out, table, speakers=4)


@pytest.mark.parametrize(("texts", "takes"), [(2, 1), (2, 3), (3, 1)])
def test_only_the_sentences_of_train_differ_from_text_out(texts: int, takes: int) -> None:
    table = corpus(texts=texts, takes=takes)
    options = {"texts": texts, "speakers": 4}
    within, without = (assigned(rule, table, **options) for rule in (text_in, text_out))
    table["text"] = table["text"].str.rstrip(".")
    assert text_in.folds(facts(table), **options) == within["fold"].nunique() == 4 * texts
    for fold in range(4 * texts):
        tested = of(within, table, fold, "test", "text")
        assert tested <= of(within, table, fold, "train", "text")
        assert not tested & of(without, table, fold, "train", "text")
        for part in ("train", "dev", "test"):
            assert of(within, table, fold, part, "speaker") == of(without, table, fold, part, "speaker")
            sizes = [len(of(rule, table, fold, part, "utterance")) for rule in (within, without)]
            assert sizes[0] == sizes[1] > 0
        assert of(within, table, fold, "test", "utterance") == of(without, table, fold, "test", "utterance")
        assert not of(within, table, fold, "test", "speaker") & of(within, table, fold, "train", "speaker")


def test_of_two_sentences_the_tested_one_alone_is_trained_on() -> None:
    table = corpus()
    parts = assigned(text_in, table, speakers=4, dev="none")
    for fold in range(8):
        assert of(parts, table, fold, "train", "text") == of(parts, table, fold, "test", "text")
        assert of(parts, table, fold, "dev", "text") == set()


def test_it_holds_speakers_out() -> None:
    with pytest.raises(SerError, match="speakers must be at least 2"):
        assigned(text_in, corpus(), speakers=0)


def mutations(protocol: Protocol) -> dict[str, dict[str, Any]]:
    """Return one change for every key of a protocol that decides an outcome, and for every option of its rule."""
    labels = {"angry": ("angry",)} if protocol.labels == "all" else "all"
    whole: dict[str, dict[str, Any]] = {
        "rule": {"rule": f"{protocol.rule}_too"},
        "labels": {"labels": labels},
        "subset": {"subset": {**protocol.subset, "gender": ("female",)}},
        "normalisation": {"normalisation": {"train": "speaker", "speaker": "train"}[protocol.normalisation]},
        "selection": {"selection": "dev_loss" if protocol.selection != "dev_loss" else "last"},
        "selected_on": {"selected_on": "test"},
        "target": {"target": ProtocolTarget(kind="several", threshold=0.123)},
        "curves": {"curves": not protocol.curves},
        "leaks": {"leaks": (*protocol.leaks, "test selection")},
        "options": {"options": {**protocol.options, "another": 1}},
    }
    for name in protocol.options:
        whole[f"options.{name}"] = {"options": {**protocol.options, name: "another"}}
    return whole


@pytest.mark.parametrize("name", sorted(PROTOCOLS))
def test_the_hash_of_a_card_follows_every_key_that_decides_and_no_title(name: str) -> None:
    protocol = PROTOCOLS[name]
    changes = mutations(protocol)
    assert {key.split(".")[0] for key in changes} == set(Protocol.model_fields) - {"title", "paper", "shipped_leaks"}
    digests = {key: protocol.model_copy(update=change).digest() for key, change in changes.items()}
    assert len({protocol.digest(), *digests.values()}) == len(digests) + 1, digests
    assert protocol.model_copy(update={"title": "renamed", "paper": "cao2019"}).digest() == protocol.digest()
    declared = {"shipped_leaks": protocol.leaks, "leaks": (*protocol.leaks, "test selection")}
    assert protocol.model_copy(update=declared).digest() == protocol.digest(), "a declared leak decides nothing"
    assert Protocol.model_validate_json(protocol.canonical()).digest() == protocol.digest()


def test_protocols_that_test_another_split_have_another_hash() -> None:
    digests = [protocol.digest() for protocol in PROTOCOLS.values()]
    assert len(set(digests)) == len(digests)
    pair = PROTOCOLS["session-out-4"], PROTOCOLS["session-out-4-speaker-norm"]
    alike = [protocol.model_dump(exclude={"title", "normalisation", "leaks"}) for protocol in pair]
    assert alike[0] == alike[1]
    assert [protocol.normalisation for protocol in pair] == ["train", "speaker"]
    assert set(pair[1].leaks) - set(pair[0].leaks) == {"normalisation"}
