"""Fold counts follow from the utterances that settings, labels and subset leave; a reason says why there are none."""

import unicodedata
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ser.checks.planned_folds import planned_folds
from ser.config.plan import without
from ser.config.schema import Block, Corpus, Experiment, Protocol
from ser.corpus import Facts, Fault, Utterance
from ser.errors import SerError
from ser.preparation.fold_counts import advice, fold_count, remaining
from ser.preparation.row_faults import exclude

LABELS = {"calm": ("calm",), "tense": ("fearful", "angry")}


def row(speaker: str | None, emotion: str | None, take: int = 0, **more: Any) -> Utterance:
    return Utterance(
        f"{speaker}-{emotion}-{take}", f"{speaker}/{emotion}{take}.wav", "t.csv:1", emotion, speaker=speaker, **more
    )


def corpus(speakers: int = 5) -> list[Utterance]:
    """Return five speakers, two to a room, who are calm and angry twice each."""
    return [
        row(f"p{k}", emotion, take, session=f"room{k // 2}", style=("scripted", "improvised")[take])
        for k in range(speakers)
        for emotion in ("calm", "angry")
        for take in range(2)
    ]


def protocol(rule: str = "speaker_out", **changes: Any) -> Protocol:
    return Protocol.model_validate({"rule": rule, "labels": LABELS, "selection": "last", **changes})


def count(rows: list[Utterance], entry: Protocol) -> int:
    names = tuple(sorted({one.speaker for one in rows if one.speaker}))
    return fold_count(entry, Facts(len(rows), names, (), ("calm", "angry")), rows)


@pytest.mark.parametrize("rule", ["speaker_out", "session_out"])
def test_a_speaker_or_session_without_an_utterance_of_the_classes_gets_no_fold(rule: str) -> None:
    entry, whole = protocol(rule, options={"dev": "none"}), corpus(6)
    groups = {one.speaker if rule == "speaker_out" else one.session for one in whole}
    assert count(whole, entry) == len(groups)
    other = [row("late", "happy", session="hall"), row("mute", None, session="hall")]
    assert count([*whole, *other], entry) == len(groups)


def test_a_subset_leaves_out_those_who_are_not_in_it() -> None:
    rows = [one for one in corpus() if one.speaker != "p1" or one.style == "scripted"]
    assert count(rows, protocol()) == 5
    assert count(rows, protocol(subset={"style": ["improvised"]})) == 4


@pytest.mark.parametrize(
    ("rows", "changes", "message"),
    [
        (corpus(), {"labels": {"calm": ["calm"], "sad": ["sad"]}}, "asks for label sad; the corpus has angry, calm"),
        (corpus(), {"labels": {"tense": ["fearful", "angry"]}}, "at least two classes"),
        (
            [*corpus(), row("p2", "sad"), row("p2", "sad", 1)],
            {"labels": "all"},
            r"only one speaker has the class sad \(of p2\): .*'labels:' that name the others",
        ),
        (
            [row("a", "calm"), row("b", "angry"), row("c", "sad")],
            {"labels": "all"},
            r"every class belongs to one speaker alone: angry \(of b\), calm \(of a\)",
        ),
        ([*corpus(), row(None, "calm")], {}, "known for None-calm-0, which 'exclude' can leave out; .*session_out"),
        (corpus(), {"subset": {"style": ["acted"]}}, "takes only style acted, which no utterance has"),
        (
            [replace(one, speaker=None) for one in corpus()],
            {"rule": "session_out"},
            "dev: speaker needs speakers.*; use dev: session or dev: none",
        ),
        (
            [*corpus(3), row("p7", "sad"), row("p8", "disgusted")],
            {"rule": "speaker_folds", "options": {"folds": 4}},
            r"at least 4 speakers .*there are 3: p0, p1, p2.*Without an utterance of these classes: speaker p7, p8",
        ),
    ],
)
def test_what_a_corpus_cannot_fill_is_known_with_the_remedy(
    rows: list[Utterance], changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(SerError, match=message):
        count(rows, protocol(**changes))


def write(folder: Path, cells: list[tuple[str, str, str]], **settings: Any) -> tuple[Corpus, Path]:
    lines = ["path,emotion,speaker", *(",".join(row) for row in cells)]
    (folder / "t.csv").write_text("\n".join(lines))
    for path, _, _ in cells:
        (folder / path).write_bytes(b"")
    return Corpus(adapter="table", root=str(folder), options={"table": "t.csv"}, **settings), folder


def test_excluded_and_missing_utterances_are_not_counted(tmp_path: Path) -> None:
    cells = [(f"{who}{emotion}.wav", emotion, who) for who in ("x", "y", "z", "w") for emotion in ("calm", "angry")]
    settings, root = write(tmp_path, cells)
    facts = settings.load().facts(root, **settings.options)
    assert fold_count(protocol(), facts, remaining(settings, root)) == 4
    without_w, _ = write(tmp_path, cells, exclude=("wcalm", "wangry"))
    assert fold_count(protocol(), facts, remaining(without_w, root)) == 3
    for emotion in ("calm", "angry"):
        (root / f"z{emotion}.wav").unlink()
    assert fold_count(protocol(), facts, remaining(settings, root)) == 4, "prepare refuses them"
    allowing = settings.model_copy(update={"allow": ("missing-audio",)})
    assert fold_count(protocol(), facts, remaining(allowing, root)) == 3


def test_an_utterance_is_excluded_whatever_the_spelling_of_its_name(tmp_path: Path) -> None:
    cells = [(f"{who}{emotion}.wav", emotion, who) for who in ("é", "y", "z", "w") for emotion in ("calm", "angry")]
    decomposed = tuple(unicodedata.normalize("NFD", f"é{emotion}") for emotion in ("calm", "angry"))
    settings, root = write(tmp_path, cells, exclude=decomposed)
    facts = settings.load().facts(root, **settings.options)
    assert fold_count(protocol(), facts, remaining(settings, root)) == 3
    folder = unicodedata.normalize("NFD", "Tabelle ü.csv")
    broken = Fault("broken-row", "a reason", f"/data/{folder}:4", f"{folder}:4")
    assert exclude("own", [], [broken], ["Tabelle ü.csv:4"]) == ([], [])


def test_of_a_published_corpus_the_card_counts() -> None:
    assert remaining(Corpus(adapter="iemocap", root="/no/such/folder"), Path("/no/such/folder")) is None
    assert remaining(Corpus(adapter="demo"), None) is None
    facts = Facts(9, ("a", "b", "c"), (), ("calm", "angry"))
    assert fold_count(protocol(), facts) == 3
    with pytest.raises(SerError, match="asks for label sad"):
        fold_count(protocol(labels={"calm": ["calm"], "sad": ["sad"]}), facts)


def test_an_experiment_goes_on_without_the_pairs_that_cannot_be(tmp_path: Path) -> None:
    del tmp_path
    blocks = (
        Block(corpora=("a", "b"), protocols=("p", "q"), systems=("s",)),
        Block(corpora=("b",), protocols=("q",), systems=("t",)),
        Block(corpora=("a",), protocols=("q",), systems=("t",), seeds=(3,)),
    )
    experiment = Experiment(name="e", runs=blocks)
    left = without(experiment, {("b", "q")})
    assert [(one.corpora, one.protocols, one.systems) for one in left.runs] == [
        (("a",), ("p", "q"), ("s",)),
        (("b",), ("p",), ("s",)),
        (("a",), ("q",), ("t",)),
    ]
    assert without(experiment, {("c", "p")}) == experiment


def test_a_fold_for_each_of_many_speakers_is_answered_with_speaker_folds() -> None:
    assert advice("own", "each", protocol(), 40) == ""
    assert advice("own", "each", protocol("random_folds", options={"folds": 500}), 500) == ""
    text = advice("own", "each", protocol(), 2718)
    assert "'each' on corpus 'own' has 2718 folds" in text
    assert "'speaker-folds-4'" in text


def room(number: int) -> list[Utterance]:
    """Return two speakers, calm and angry, who are alone in a room."""
    pair = (f"p{number}", f"q{number}")
    return [
        row(who, mood, take, session=f"room{number}", text="So it is.")
        for who in pair
        for mood in ("calm", "angry")
        for take in range(2)
    ]


@pytest.mark.parametrize(
    ("rows", "changes", "message"),
    [
        ([*room(0), *room(1)], {"selection": "dev_ua"}, None),
        (
            [*room(0), *room(1)],
            {"options": {"dev": "none"}, "selection": "dev_ua"},
            "fold 0 has none; give the rule one",
        ),
        (
            [*room(0), *room(1), row("p0", "sad"), row("p1", "sad")],
            {"labels": "all"},
            "train part of fold 0 has no utterance of class sad",
        ),
        (
            [*room(0), *room(1), *(one for one in room(2) if one.speaker == "p2")],
            {"options": {"dev": "partner"}},
            "p2 is alone in session room2",
        ),
        (
            [*room(0), *room(1), *room(2)],
            {"rule": "text_out", "options": {"speakers": 2, "dev": "none"}},
            "there is 1: so it is",
        ),
    ],
)
def test_what_the_stage_would_refuse_is_known_with_the_plan(
    rows: list[Utterance], changes: dict[str, Any], message: str | None
) -> None:
    entry, facts = protocol(**changes), Facts(len(rows), tuple(sorted({str(one.speaker) for one in rows})), (), ())
    if message is None:
        assert planned_folds(entry, facts, rows) == 4
    else:
        with pytest.raises(SerError, match=message):
            planned_folds(entry, facts, rows)
        assert fold_count(entry, facts, rows) > 1, "the facts alone do not tell"
