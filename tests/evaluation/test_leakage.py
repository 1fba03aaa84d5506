"""What parts share: every planted leak is found, a clean corpus has none, and the counts are those of plain loops."""

from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ser.evaluation import overlap
from ser.evaluation.leakage import CHECKS, LeakFinding, findings, sentences
from ser.tables.contracts import ALL_FOLDS

COLUMNS = ("speaker", "session", "dialog", "sentence", "text", "hash", "recording")
SPEAKERS = 5
TURNS = 4


def clean() -> pd.DataFrame:
    """Five speakers, each alone in a session and two dialogs; no text and no recording occurs twice."""
    people = [
        {
            "utterance": f"u{speaker}{turn}",
            "speaker": f"speaker {speaker}",
            "session": f"session {speaker}",
            "dialog": f"dialog {speaker}{turn % 2}",
            "sentence": f"the sentence number {speaker}{turn}",
            "text": f"the sentence number {speaker}{turn}",
            "hash": f"{speaker}{turn}",
            "recording": f"u{speaker}{turn}",
        }
        for speaker in range(SPEAKERS)
        for turn in range(TURNS)
    ]
    folds = [
        {**row, "fold": fold, "part": {0: "test", 1: "dev"}.get((int(row["utterance"][1]) - fold) % SPEAKERS, "train")}
        for fold in range(SPEAKERS)
        for row in people
    ]
    return pd.DataFrame(folds)


def stretches(rows: pd.DataFrame) -> pd.DataFrame:
    """Return a second of a recording of its own for every utterance."""
    names = sorted(set(rows["utterance"]))
    own = {
        "utterance": names,
        "audio": names,
        "recording": range(len(names)),
        "start": None,
        "end": None,
        "seconds": 1.0,
    }
    return overlap.stretches(pd.DataFrame(own).astype({"start": float, "end": float}))


def audited(rows: pd.DataFrame, **options: str) -> list[LeakFinding]:
    return findings(rows, stretches(rows), **{"normalisation": "train", "selection": "dev_ua", **options})


def found(seen: list[LeakFinding], leaks: tuple[str, ...] = ()) -> set[tuple[str, str, str]]:
    """Return what is found and not declared, over all folds."""
    return {
        (one.check.kind, one.check.part, one.check.seen_in)
        for one in seen
        if one.fold == ALL_FOLDS and one.status(leaks) == "undeclared"
    }


def test_a_clean_corpus_has_no_leak_of_any_kind() -> None:
    seen = audited(clean())
    assert {one.status(()) for one in seen} == {"none"}
    assert {one.check.kind for one in seen} == {
        *("speaker", "session", "dialog", "text", "any text", "audio", "near audio", "overlap"),
        *("dev speaker", "dev session", "test selection", "normalisation"),
    }
    assert {one.fold for one in seen} == {ALL_FOLDS, *range(SPEAKERS)}
    assert all(one.utterances == 0 and one.known == one.of > 0 for one in seen)


@pytest.mark.parametrize(
    ("column", "kind", "leak"),
    [
        ("speaker", "speaker", "speaker"),
        ("session", "session", "session"),
        ("dialog", "dialog", "dialog"),
        ("sentence", "text", "text"),
        ("hash", "audio", "audio"),
        ("recording", "near audio", "audio"),
    ],
)
@pytest.mark.parametrize(("other", "seen_in"), [("u40", "train"), ("u10", "dev")])
def test_one_planted_leak_is_found_and_nothing_else(
    column: str, kind: str, leak: str, other: str, seen_in: str
) -> None:
    rows = clean()
    rows = rows[rows["fold"] == 0]
    value = rows.loc[rows["utterance"] == other, column].item()
    rows.loc[rows["utterance"] == "u00", column] = value
    seen = audited(rows)
    assert found(seen) == {(kind, "test", seen_in)}
    assert found(seen, (leak,)) == set()
    mine = next(one for one in seen if one.fold == 0 and one.found)
    assert (mine.utterances, mine.of, mine.share) == (1, TURNS, 1 / TURNS)
    assert [(one.utterance, one.value) for one in mine.examples] == [("u00", value)]
    assert mine.examples[0].like in set(rows.loc[(rows[column] == value) & (rows["part"] == seen_in), "utterance"])


def test_a_dev_speaker_in_train_is_a_leak_of_its_own() -> None:
    rows = clean()
    rows = rows[rows["fold"] == 0]
    rows.loc[rows["utterance"] == "u13", "part"] = "train"
    seen = audited(rows)
    assert found(seen) == {("dev speaker", "dev", "train")}
    whole = next(one for one in seen if one.found and one.fold == ALL_FOLDS)
    assert (whole.utterances, whole.of) == (TURNS - 1, TURNS - 1)


def test_a_session_that_dev_shares_with_train_is_noted_without_being_a_leak() -> None:
    rows = clean()
    rows = rows[rows["fold"] == 0]
    rows.loc[rows["utterance"] == "u13", "session"] = "session 2"
    seen = audited(rows)
    assert found(seen) == set()
    (mine,) = (one for one in seen if one.found and one.fold == 0)
    assert (mine.check.kind, mine.status(()), mine.utterances, mine.of) == ("dev session", "noted", 1, TURNS)
    assert [(one.utterance, one.value) for one in mine.examples] == [("u13", "session 2")]


def test_a_split_over_utterances_leaks_in_every_fold() -> None:
    rows = clean()
    turn = rows["utterance"].str[2].astype(int)
    rows = rows.assign(part=(turn + rows["fold"]).mod(TURNS).map({0: "test", 1: "dev"}).fillna("train"))
    seen = audited(rows)
    both = {(kind, "test", part) for kind in ("speaker", "session") for part in ("train", "dev")}
    assert found(seen) == {*both, ("dialog", "test", "train"), ("dev speaker", "dev", "train")}
    assert all(one.found and one.share == 1 for one in seen if one.check.kind == "speaker")


def test_a_dev_part_of_copies_of_the_test_part_is_selection_on_test() -> None:
    rows = clean()
    rows = rows[rows["fold"] == 0].set_index("utterance")
    for turn in range(TURNS):
        rows.loc[f"u1{turn}", "recording"] = f"u0{turn}"
        seen = found(audited(rows.reset_index()))
        assert (("test selection", "test", "dev") in seen) == ((turn + 1) / TURNS > 0.5)
    assert seen == {("test selection", "test", "dev"), ("near audio", "test", "dev")}
    assert found(audited(rows.reset_index(), selection="last")) == {("near audio", "test", "dev")}


@pytest.mark.parametrize("scope", ["speaker", "corpus"])
def test_normalisation_by_speaker_or_corpus_is_fitted_on_the_test_part(scope: str) -> None:
    seen = audited(clean(), normalisation=scope)
    assert found(seen) == {("normalisation", "test", "test")}
    assert found(seen, ("normalisation",)) == set()
    assert {one.share for one in seen if one.check.kind == "normalisation"} == {1.0}


def test_selection_on_the_test_part_is_a_leak_and_its_dev_part_is_none() -> None:
    rows = clean()
    dev = rows[rows["part"] == "dev"]
    rows.loc[rows["part"] == "dev", "speaker"] = rows.loc[rows["part"] == "train", "speaker"].iloc[0]
    assert len(dev)
    assert ("dev speaker", "dev", "train") in found(audited(rows))
    seen = audited(rows, selected_on="test")
    assert found(seen) == {("test selection", "test", "test")}
    assert found(seen, ("test selection",)) == set()
    assert "dev" not in {part for one in seen for part in (one.check.part, one.check.seen_in)}
    assert {one.share for one in seen if one.check.kind == "test selection"} == {1.0}


def test_what_a_corpus_does_not_state_is_unknown_and_not_none() -> None:
    rows = clean().assign(session=None, sentence=None, text=None, hash=None, recording=None)
    status = {one.check.kind: one.status(("session",)) for one in audited(rows) if one.fold == ALL_FOLDS}
    assert {kind for kind, outcome in status.items() if outcome == "unknown"} == {
        *("session", "dev session", "text", "any text", "audio", "near audio", "test selection")
    }
    assert status["speaker"] == "none"
    rows = clean()
    rows.loc[rows["part"] == "train", "dialog"] = None
    rows.loc[(rows["part"] == "test") & (rows["utterance"].str.endswith("0")), "session"] = None
    seen = {(one.check.kind, one.check.seen_in): one for one in audited(rows) if one.fold == ALL_FOLDS}
    assert seen["dialog", "train"].status(()) == "unknown"
    assert seen["dialog", "dev"].status(()) == "none"
    assert (seen["session", "train"].known, seen["session", "train"].of) == (15, 20)


def test_a_declared_leak_that_is_not_found_has_a_status_of_its_own() -> None:
    status = {one.check.kind: one.status(("text", "speaker")) for one in audited(clean()) if one.fold == ALL_FOLDS}
    assert {kind for kind, outcome in status.items() if outcome == "declared, not found"} == {
        "text",
        "speaker",
    }


def test_parts_that_a_fold_lacks_are_not_checked() -> None:
    rows = clean()
    assert not {one.check.seen_in for one in audited(rows[rows["part"] != "dev"])} & {"dev"}


def test_which_texts_count_as_sentences_of_a_script() -> None:
    texts = ["Yeah.", "I don't know!", "Dogs are sitting", "Dogs are sitting", "", "[LAUGHTER]", None, "It's ours, now"]
    styles = [None, "improvised", "scripted", None, None, None, None, "scripted"]
    texts_only, counted = sentences(pd.Series(texts), pd.Series(styles, dtype=object))
    assert texts_only.tolist()[:6] == ["yeah", "i don't know", *["dogs are sitting"] * 2, "", ""]
    assert counted.fillna("none").tolist() == ["", "", *["dogs are sitting"] * 2, "", "", "none", "it's ours now"]
    longer = sentences(pd.Series(texts), pd.Series(styles, dtype=object), words=4)[1]
    assert set(longer.dropna()) == {""}
    shorter = sentences(pd.Series(texts), pd.Series(styles, dtype=object), words=1)[1]
    assert set(shorter.dropna()) == {"", "yeah", "dogs are sitting", "it's ours now"}
    assert sentences(pd.Series([None, None]), pd.Series([None, None]))[1].isna().all()


def test_short_and_improvised_repetitions_are_noted_without_being_a_leak() -> None:
    rows = clean().assign(text="yeah", sentence="")
    seen = {one.check.kind: one for one in audited(rows) if one.fold == ALL_FOLDS and one.check.seen_in == "train"}
    assert (seen["any text"].status(()), seen["any text"].share) == ("noted", 1.0)
    assert seen["text"].status(()) == "none"


def test_examples_are_five_of_different_values() -> None:
    rows = clean().assign(sentence=lambda table: "sentence " + table["utterance"].str[2])
    whole = next(one for one in audited(rows) if one.fold == ALL_FOLDS and one.check.kind == "text")
    assert len(whole.examples) == 5
    assert {one.value for one in whole.examples[:4]} == {f"sentence {turn}" for turn in range(TURNS)}
    assert set(whole.values) == {f"sentence {turn}" for turn in range(TURNS)}
    assert (whole.utterances, whole.of) == (20, 20)


CELLS = st.sampled_from(["a", "b", "c", "", None])
PARTS = st.sampled_from(["train", "dev", "test", None])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(PARTS, PARTS, *[CELLS] * len(COLUMNS)), min_size=3, max_size=14))
def test_counts_are_those_of_plain_loops(table: list[tuple[Any, ...]]) -> None:
    plain = [
        {"utterance": f"u{number:02}", "fold": fold, "part": row[fold], **dict(zip(COLUMNS, row[2:], strict=True))}
        for fold in (0, 1)
        for number, row in enumerate(table)
        if row[fold] is not None
    ]
    if not plain:
        return
    frame = pd.DataFrame(plain).astype(dict.fromkeys(COLUMNS, object))
    seen = {(one.check, one.fold): one for one in audited(frame)}
    for check in (check for check in CHECKS if check.column != "stretch"):
        of_check = []
        for fold in (0, 1):
            mine = [row for row in plain if (row["fold"], row["part"]) == (fold, check.part)]
            theirs = [row for row in plain if (row["fold"], row["part"]) == (fold, check.seen_in)]
            if not (mine and theirs):
                assert (check, fold) not in seen
                continue
            there = {row[check.column] for row in theirs} - {None, ""}
            shared = [row for row in mine if row[check.column] in there]
            known = [row for row in mine if row[check.column] is not None]
            one = seen[check, fold]
            assert (one.utterances, one.known, one.of) == (len(shared), len(known), len(mine))
            knowable = bool(known) and any(row[check.column] is not None for row in theirs)
            assert one.found == (bool(shared) if knowable else None)
            assert {example.utterance for example in one.examples} <= {row["utterance"] for row in shared}
            of_check.append(one)
        if of_check:
            whole = seen[check, ALL_FOLDS]
            assert whole.utterances == sum(one.utterances for one in of_check)
            answers = [one.found for one in of_check if one.found is not None]
            assert whole.found == (any(answers) if answers else None)
