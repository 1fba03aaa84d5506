"""The audit of fold lists finds what was planted, and nothing else."""

import csv
import json
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from ser.cli import app
from ser.errors import SerError
from ser.fold_lists import audit, naming, report
from ser.user_table import fold_lists

GRAMMAR = {
    "toy": naming.Naming(pattern=r"(?P<speaker>s\d)_(?P<sentence>t\d)(_d(?P<dialog>\d))?_\d+\.wav$"),
    "alone": naming.Naming(pattern=r"\d+\.wav$", speakers=1),
}
LABELS = ("angry", "sad")


def lists(corpus: str = "toy", *, folds: int = 3) -> pd.DataFrame:
    """Return clean lists: fold i tests speaker i, who says sentence i alone; every part has both classes."""
    rows = []
    for fold in range(1, folds + 1):
        for speaker in range(1, folds + 1):
            for number, label in enumerate(LABELS * 3):
                key = f"{corpus}-s{speaker}_t{speaker}_{number}"
                part = "test" if speaker == fold else "train"
                rows.append((corpus, key, f"s{speaker}_t{speaker}_{number}.wav", label, str(fold), part))
    return pd.DataFrame(rows, columns=list(fold_lists.COLUMNS))


def audited(rows: pd.DataFrame) -> audit.CorpusAudit:
    (found,) = audit.audit(rows, GRAMMAR)
    return found


def test_clean_lists_have_no_finding() -> None:
    found = audited(lists())
    assert found.faults == ()
    assert (found.utterances, found.folds, found.speakers, found.classes) == (18, 3, 3, LABELS)
    assert found.answer == "held out"
    assert found.seen["speaker"] == found.seen["sentence"] == audit.Shared(shared=0, known=18, tested=18)


def test_a_planted_speaker_is_counted_in_its_fold_alone() -> None:
    rows = lists()
    rows.loc[(rows["fold"] == "2") & (rows["key"] == "toy-s2_t2_0"), "part"] = "train"
    found = audited(rows)
    assert found.seen["speaker"] == audit.Shared(shared=5, known=17, tested=17)  # of 6 one is trained on now
    assert found.answer == "partly shared"
    assert found.faults == ("tested in no fold: 1 (toy-s2_t2_0)",)


def test_a_planted_sentence_is_no_planted_speaker() -> None:
    rows = lists()
    chosen = rows["key"].isin(["toy-s1_t1_0", "toy-s1_t1_1"])
    rows.loc[chosen, "path"] = rows.loc[chosen, "path"].str.replace("t1", "t2")
    found = audited(rows)
    # in fold 1 the two are tested, and t2 is trained on; in fold 2 the six of t2 are tested, and t2 is trained on
    assert found.seen["sentence"] == audit.Shared(shared=8, known=18, tested=18)
    assert found.answer == "held out"


def test_what_names_do_not_tell_is_unknown_and_not_zero() -> None:
    found = audited(lists())
    assert found.seen["dialog"] == audit.Shared(shared=0, known=0, tested=18)
    assert found.seen["dialog"].share is None
    (other,) = audit.audit(lists("without grammar"), GRAMMAR)
    assert other.answer == "unknown"
    assert other.speakers is None


def test_a_corpus_of_one_speaker_says_so() -> None:
    found = audited(lists("alone"))
    assert (found.answer, found.speakers) == ("one speaker", 1)


def test_without_a_train_list_nothing_is_concluded() -> None:
    found = audited(lists().query("part == 'test'"))
    assert found.answer == "no train list"
    assert found.seen == dict.fromkeys(naming.FACTS)


@pytest.mark.parametrize(
    ("plant", "fault"),
    [
        (lambda rows: pd.concat([rows, rows.head(1)]), "named twice in a part: 1 (toy-s1_t1_0)"),
        (lambda rows: pd.concat([rows, rows.head(1).assign(part="train")]), "in two parts of a fold: 1 (toy-s1_t1_0)"),
        (
            lambda rows: rows.assign(
                part=rows["part"].mask((rows["key"] == "toy-s1_t1_0") & (rows["fold"] == "3"), "test")
            ),
            "tested in several folds: 1 (toy-s1_t1_0)",
        ),
        (
            lambda rows: rows.assign(path=rows["path"].replace("s1_t1_0.wav", "s1_t1_1.wav")),
            "one path under several names: 2 (toy-s1_t1_0, toy-s1_t1_1)",
        ),
        (
            lambda rows: rows.assign(
                label=rows["label"].mask((rows["key"] == "toy-s1_t1_0") & (rows["fold"] == "3"), "sad")
            ),
            "with two labels: 1 (toy-s1_t1_0)",
        ),
        (
            lambda rows: rows.assign(label=rows["label"].mask(rows["key"].str.endswith("_5"), "SAD")),
            "labels that differ in capitals only: SAD (3), sad (6)",
        ),
        (
            lambda rows: rows[~((rows["fold"] == "2") & (rows["part"] == "test") & (rows["label"] == "sad"))],
            "no test utterance of sad in fold 2",
        ),
    ],
)
def test_a_planted_fault_is_named(plant, fault: str) -> None:
    found = audited(plant(lists())).faults
    assert fault in found
    assert len(found) == (2 if "no test" in fault else 1)  # three utterances are then tested in no fold


def test_a_table_and_a_folder_of_json_lines_are_read_alike(tmp_path: Path) -> None:
    rows = lists()
    file = tmp_path / "lists.csv"
    rows.assign(part=rows["part"].replace("dev", "valid")).to_csv(file, index=False)
    for (fold, part), members in rows.groupby(["fold", "part"]):
        folder = tmp_path / "data" / "toy" / f"fold_{fold}"
        folder.mkdir(parents=True, exist_ok=True)
        entries = (
            {"key": row.key, "dataset": "toy", "wav": f"downloads/toy/{row.path}", "emo": row.label}
            for row in members.itertuples()
        )
        text = "\n".join(map(json.dumps, entries))
        (folder / f"toy_{part}_fold_{fold}.jsonl").write_text(text + "\n")
        (folder / f"toy_{part}_fold{fold}.jsonl").write_text("an older list, which EmoBox does not read\n")
    order = ["fold", "key"]
    one, other = (
        read.sort_values(order, ignore_index=True) for read in map(fold_lists.read, (file, tmp_path / "data"))
    )
    pd.testing.assert_frame_equal(one, other)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("corpus,key,path,label,fold,part\ntoy,a,a.wav,sad,1,probe\n", "unknown parts probe"),
        ("corpus,key,path,label,fold\ntoy,a,a.wav,sad,1\n", "lacks the columns part"),
        ("corpus,key,path,label,fold,part\n", "names no utterance"),
        ("corpus,key,path,label,fold,part\ntoy,,,sad,1,test\n", "key is empty"),
    ],
)
def test_a_wrong_table_is_refused(tmp_path: Path, text: str, what: str) -> None:
    file = tmp_path / "lists.csv"
    file.write_text(text)
    with pytest.raises(SerError, match=what):
        fold_lists.read(file)


def test_a_damaged_line_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "toy" / "fold_1"
    folder.mkdir(parents=True)
    (folder / "toy_train_fold_1.jsonl").write_text('{"key": "a", "dataset": "toy", "wav": "a", "emo": "sad"}\n{"key"\n')
    with pytest.raises(SerError, match="line 2"):
        fold_lists.read(tmp_path)


def test_the_command_writes_table_and_page(tmp_path: Path) -> None:
    names = tmp_path / "names.yaml"
    names.write_text("toy: {pattern: '(?P<speaker>s\\d)_(?P<sentence>t\\d)_\\d+\\.wav$'}\n")
    rows = lists()
    rows.loc[(rows["fold"] == "2") & (rows["key"] == "toy-s2_t2_0"), "part"] = "train"
    rows.to_csv(tmp_path / "lists.csv", index=False)
    (tmp_path / "scores.csv").write_text("corpus,model,ua\nToy,one,61.5\nToy,other,70.25\n")
    command = ["audit-lists", str(tmp_path / "lists.csv"), "--out", str(tmp_path / "out"), "--names", str(names)]
    result = CliRunner().invoke(app, [*command, "--scores", str(tmp_path / "scores.csv")])
    assert result.exit_code == 0, result.output
    assert "partly shared" in result.output
    (row,) = csv.DictReader((tmp_path / "out/audit.csv").open())
    assert float(row["speaker_in_train"]) == pytest.approx(5 / 17, abs=1e-6)
    assert (row["dialog_in_train"], row["dialog_known"], row["best_ua"]) == ("", "0", "70.25")
    page = (tmp_path / "out/index.html").read_text()
    assert "29.4 %" in page
    assert "unknown" in page
    assert "http://" not in page
    assert "https://" not in page
    counts = pd.read_csv(tmp_path / "out/class_counts.csv")
    assert counts["utterances"].sum() == len(rows)


def test_printed_scores_without_their_columns_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "scores.csv"
    file.write_text("corpus,accuracy\ntoy,1\n")
    with pytest.raises(SerError, match="columns corpus and ua"):
        report.best_scores(file)
