"""Folds from lists: every entry finds its utterance, and a contradiction is an error before training."""

import json
from pathlib import Path

import pandas as pd
import pytest

from ser.checks.protocol import assigned
from ser.corpus import Facts
from ser.errors import SerError
from ser.protocols import given

SPEAKERS = ("s1", "s2", "s3", "s4")


def manifest() -> pd.DataFrame:
    rows = [
        {"utterance": f"{speaker}-{take}", "audio": f"{speaker}/take {take}-{speaker}.wav", "speaker": speaker}
        for speaker in SPEAKERS
        for take in range(3)
    ]
    return pd.DataFrame(rows)


def lists() -> pd.DataFrame:
    """Return fold 1 that tests s1 and fold 2 that tests s2."""
    table = manifest()
    folds = [table.assign(fold=str(fold), part="train") for fold in (1, 2)]
    for one, tested in zip(folds, SPEAKERS, strict=False):
        one.loc[one["speaker"] == tested, "part"] = "test"
    return pd.concat(folds, ignore_index=True)


def held_out(parts: pd.DataFrame) -> dict[int, set[str]]:
    return parts[parts["part"] == "test"].groupby("fold")["utterance"].agg(set).to_dict()


EXPECTED = {0: {f"s1-{take}" for take in range(3)}, 1: {f"s2-{take}" for take in range(3)}}


@pytest.mark.parametrize(
    "columns",
    [
        {"utterance": "utterance"},
        {"audio": "path"},
        {"audio": "file"},  # audformat
    ],
)
def test_an_entry_is_found_by_name_or_path(tmp_path: Path, columns: dict[str, str]) -> None:
    table = lists()[[*columns, "fold", "part"]].rename(columns={**columns, "part": "split"})
    table.to_csv(tmp_path / "lists.csv", index=False)
    parts = assigned(given, manifest(), lists=tmp_path / "lists.csv")
    assert held_out(parts) == EXPECTED
    assert len(parts) == 2 * len(manifest())


def test_an_entry_is_found_by_the_name_of_its_recording(tmp_path: Path) -> None:
    table = lists().assign(
        path=lambda rows: "elsewhere/" + rows["audio"].str.replace(".wav", ".flac").str.split("/").str[1]
    )
    table[["path", "fold", "part"]].to_parquet(tmp_path / "lists.parquet")
    assert held_out(assigned(given, manifest(), lists=tmp_path / "lists.parquet")) == EXPECTED


def test_a_recording_of_a_name_that_several_have_is_not_guessed(tmp_path: Path) -> None:
    rows = manifest().assign(audio=lambda table: table["speaker"] + "/" + table["utterance"].str[-1] + ".wav")
    (tmp_path / "lists.csv").write_text("path,part\nelsewhere/0.wav,test\ns2/1.wav,train\n")
    parts = assigned(given, rows, lists=tmp_path / "lists.csv")
    assert parts[["utterance", "part"]].values.tolist() == [["s2-1", "train"]]


def test_json_lines_as_emobox_has_them(tmp_path: Path) -> None:
    for (fold, part), rows in lists().groupby(["fold", "part"]):
        folder = tmp_path / "toy" / f"fold_{fold}"
        folder.mkdir(parents=True, exist_ok=True)
        entries = (
            {"key": f"toy-{r.utterance}", "dataset": "toy", "wav": f"downloads/toy/{r.audio}", "emo": "x"}
            for r in rows.itertuples()
        )
        (folder / f"toy_{part}_fold_{fold}.jsonl").write_text("\n".join(map(json.dumps, entries)))
    assert held_out(assigned(given, manifest(), lists=tmp_path, corpus="Toy")) == EXPECTED
    with pytest.raises(SerError, match="has no corpus 'other'; it has toy"):
        assigned(given, manifest(), lists=tmp_path, corpus="other")


def test_text_files_by_part(tmp_path: Path) -> None:
    rows = lists().query("fold == '1'")
    for part, members in rows.groupby("part"):
        (tmp_path / f"{part}.txt").write_text("\n".join(members["audio"]) + "\n")
    parts = assigned(given, manifest(), lists=tmp_path)
    assert held_out(parts) == {0: EXPECTED[0]}


def test_what_a_fold_does_not_name_has_no_part_and_is_counted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = lists().query("fold == '1' and utterance != 's4-2'")
    extra = pd.DataFrame({"utterance": ["of another corpus"], "fold": ["1"], "part": ["train"]})
    pd.concat([table, extra])[["utterance", "fold", "part"]].to_csv(tmp_path / "lists.csv", index=False)
    parts = assigned(given, manifest(), lists=tmp_path / "lists.csv")
    assert set(manifest()["utterance"]) - set(parts["utterance"]) == {"s4-2"}
    assert (
        "11 of 12 entries are utterances of the protocol; 1 of 12 utterances are in no part" in capsys.readouterr().err
    )


def test_dev_speakers_are_taken_from_train_alone(tmp_path: Path) -> None:
    lists().to_csv(tmp_path / "lists.csv", index=False)
    options = {"lists": tmp_path / "lists.csv", "dev_speakers": 1}
    parts = assigned(given, manifest(), **options).merge(manifest(), on="utterance")
    assert held_out(parts) == EXPECTED
    for _, fold in parts.groupby("fold"):
        speakers = fold.groupby("part")["speaker"].agg(set)
        assert len(speakers["dev"]) == 1
        assert speakers["dev"].isdisjoint(speakers["train"] | speakers["test"])
    with pytest.raises(SerError, match="needs at least 4 speakers"):
        assigned(given, manifest(), **{**options, "dev_speakers": 3})


def test_folds_are_counted_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    rows = pd.concat([lists().query("fold == '1'").assign(fold=name) for name in ("10", "2", "1")], ignore_index=True)
    rows.loc[rows["fold"] == "10", "part"] = rows["part"].map({"train": "test", "test": "train"})
    rows.to_csv(tmp_path / "lists.csv", index=False)
    options = {"lists": tmp_path / "lists.csv"}
    assert given.folds(Facts(12, SPEAKERS, (), ()), **options) == 3
    assert len(held_out(assigned(given, manifest(), **options))[2]) == 9  # fold 10 is the last


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("utterance,part\ns1-0,test\ns1-0,train\n", "named twice: s1-0"),
        ("utterance,part\nsomeone,test\n", "no entry is an utterance of the protocol; the first is 'someone'"),
        ("utterance,part\ns1-0,probe\n", "unknown parts probe"),
        ("utterance\ns1-0\n", "lacks the columns part"),
        ("corpus,utterance,part\na,s1-0,test\nb,s2-0,train\n", "has several corpora: a, b"),
    ],
)
def test_a_contradiction_is_an_error(tmp_path: Path, text: str, what: str) -> None:
    (tmp_path / "lists.csv").write_text(text)
    with pytest.raises(SerError, match=what):
        assigned(given, manifest(), lists=tmp_path / "lists.csv")


def test_lists_that_are_not_there_are_named_when_the_work_is_planned(tmp_path: Path) -> None:
    with pytest.raises(SerError, match="there are no lists at"):
        given.files(lists=tmp_path / "none.csv")
    with pytest.raises(SerError, match="holds no list"):
        given.files(lists=tmp_path)
    (tmp_path / "train.csv").write_text("utterance\n")
    assert given.files(lists=tmp_path) == [tmp_path / "train.csv"]
