"""MELD, MSP-Podcast and MSP-IMPROV: releases with a table of labels, as miniature trees in their true naming."""

from pathlib import Path

import pytest

from ser.checks.corpus import CHECKS
from ser.config.schema import Corpus
from ser.corpora import meld, mspimprov, msppodcast
from ser.errors import SerError

MELD = "Sr No.,Utterance,Speaker,Emotion,Sentiment,Dialogue_ID,Utterance_ID,Season,Episode,StartTime,EndTime\n"
FILMS = {"train": "train/train_splits", "dev": "dev_splits_complete", "test": "output_repeated_splits_test"}
PODCAST = """FileName,EmoClass,EmoAct,EmoVal,EmoDom,SpkrID,Gender,Split_Set
MSP-PODCAST_0001_0008.wav,N,2.2,4.0,2.6,30,Male,Test1
MSP-PODCAST_0002_0139.wav,C,4.125,,4.0,Unknown,Unknown,Train
MSP-PODCAST_1347_0064_0011.wav,X,5,3,4,39,Female,Development
MSP-PODCAST_0184_0160.wav,U,5,3,4,39,Female,Test2
"""


IMPROV = """UTD-IMPROV-S01A-F01-S-FM01.avi; N; A:3.000000; V:3.500000; D:2.750000; N:3.0;
P01-p1; Neutral; Neutral,Concerned; A:3.000000; V:3.000000; D:nan; N:3.0;

UTD-IMPROV-S01A-F02-R-FF01.avi; A; A:3.333333; V:2.333333; D:nan; N:3.666667;
P01-p1; Angry; Angry; A:3.000000; V:2.000000; D:nan; N:3.0;

UTD-IMPROV-S04H-M06-P-MF12.avi; X; A:3.0; V:3.0; D:3.0;
"""


def put(root: Path, **files: str) -> Path:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    return root


def friends(root: Path) -> Path:
    """Write rows of the true tables, two of them without a film that can be used."""
    train = (
        '1,"You\u2019re right, ok.",Chandler,neutral,neutral,0,0,8,21,"00:16:16,059","00:16:21,731"\n'
        '2,What?,The Interviewer,surprise,negative,0,1,8,21,"00:16:21,940","00:16:23,442"\n'
        '3,Broken.,Monica,joy,positive,125,3,3,4,"00:16:21,940","00:16:23,442"\n'
    )
    dev = '1,No film.,Joey,anger,negative,110,7,4,7,"00:20:57,256","00:21:00,049"\n'
    test = '1,Mugs?,Chandler,fear,negative,0,0,3,19,"00:14:38,127","00:14:40,378"\n'
    tables = {"train": train, "dev": dev, "test": test}
    films = {
        **dict.fromkeys(("dia0_utt0", "dia0_utt1", "dia125_utt3"), "train"),
        **dict.fromkeys(("final_videos_testdia0_utt0", "._dia0_utt0"), "test"),
    }
    return put(
        root,
        **{f"{part}_sent_emo.csv": MELD + text for part, text in tables.items()},
        **{f"{FILMS[part]}/{name}.mp4": "" for name, part in films.items()},
        **{f"{FILMS['test']}/dia0_utt0.wav": ""},
    )


def podcast(root: Path, text: str = PODCAST) -> Path:
    names = [line.split(",")[0] for line in PODCAST.splitlines()[1:]] + ["MSP-PODCAST_test3_0001.wav"]
    return put(root, **{"Labels/labels_consensus.csv": text}, **{f"Audios/{name}": "" for name in names})


def improv(root: Path, text: str = IMPROV) -> Path:
    names = ("session1/S01A/S/MSP-IMPROV-S01A-F01-S-FM01.wav", "session2/S01A/R/MSP-IMPROV-S01A-F02-R-FF01.wav")
    return put(root, **{"Evalution.txt": text}, **dict.fromkeys(names, ""))


@pytest.mark.parametrize(("adapter", "write"), [("meld", friends), ("msppodcast", podcast), ("mspimprov", improv)])
def test_a_release_keeps_the_contract_of_a_corpus(tmp_path: Path, adapter: str, write: object) -> None:
    entry = Corpus(adapter=adapter, root=str(write(tmp_path)))  # type: ignore[operator]
    for check in CHECKS:
        check(entry)


def test_meld(tmp_path: Path) -> None:
    root = friends(tmp_path)
    rows = {row.utterance: row for row in meld.utterances(root)}
    assert set(rows) == {"train_dia0_utt0", "train_dia0_utt1", "test_dia0_utt0"}
    one, other = rows["train_dia0_utt0"], rows["test_dia0_utt0"]
    assert (one.audio, other.audio) == (f"{FILMS['train']}/dia0_utt0.mp4", f"{FILMS['test']}/dia0_utt0.wav")
    assert (one.emotion, one.gender, one.text, one.session) == ("neutral", "male", "You\u2019re right, ok.", "S08E21")
    assert one.speaker == other.speaker == "Chandler"  # of train and test
    assert one.dialog != other.dialog  # numbered anew in each part
    assert (rows["train_dia0_utt1"].gender, rows["train_dia0_utt1"].emotion) == (None, "surprised")
    assert set(meld.left_out(root)) == {
        f"{FILMS['train']}/dia125_utt3.mp4",
        f"{FILMS['test']}/final_videos_testdia0_utt0.mp4",
    }
    assert dict(meld.official(root)) == {name: name.split("_")[0] for name in rows}
    assert "test: expected 2610, found 1" in meld.verify(list(rows.values()))
    assert sum(meld.PARTS.values()) == meld.CARD.utterances == sum(meld.CARD.labels.values())
    assert meld.facts(None).utterances == 13706


def test_wrong_tables_of_meld_are_named(tmp_path: Path) -> None:
    root = friends(tmp_path)
    put(root, **{f"{FILMS['train']}/dia0_utt0.wav": ""})
    with pytest.raises(SerError, match=r"several recordings of one utterance of MELD: .*dia0_utt0\.mp4"):
        meld.utterances(root)
    table = root / "dev_sent_emo.csv"
    table.write_text(MELD + "1,x,Joey,rage,negative,1,1,4,7,a,b\n")
    (root / FILMS["train"] / "dia0_utt0.wav").unlink()
    with pytest.raises(SerError, match=r"dev_sent_emo\.csv:2: unknown emotion 'rage'"):
        meld.utterances(root)
    table.write_text(MELD + "1,x,Joey\n")
    with pytest.raises(SerError, match=r"dev_sent_emo\.csv:2: has another number of cells"):
        meld.utterances(root)
    table.unlink()
    with pytest.raises(SerError, match=r"has no table dev_sent_emo\.csv"):
        meld.utterances(root)


def test_msppodcast(tmp_path: Path) -> None:
    root = podcast(tmp_path)
    one, two, three, four = msppodcast.utterances(root)
    assert (one.utterance, one.audio) == ("MSP-PODCAST_0001_0008", "Audios/MSP-PODCAST_0001_0008.wav")
    assert (one.activation, one.valence, one.dominance) == (2.2, 4.0, 2.6)
    assert (one.speaker, one.gender, one.session) == ("30", "male", "0001")
    assert (two.emotion, two.speaker, two.gender, two.valence) == ("contemptuous", None, None, None)
    assert (three.emotion, three.session, four.emotion) == ("undecided", "1347", "surprised")
    assert list(msppodcast.left_out(root)) == ["Audios/MSP-PODCAST_test3_0001.wav"]
    assert "contemptuous" in msppodcast.facts(root).emotions
    assert list(dict(msppodcast.official(root)).values()) == ["test1", "train", "dev", "test2"]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("0008.wav,N", "0008.wav,Q", r"csv:2: unknown code of an emotion 'Q'"),
        ("2.2", "high", r"csv:2: a rating must be a number, but this is 'high'"),
        ("MSP-PODCAST_0001_0008", "talk", r"csv:2: 'talk\.wav' is not named as"),
        ("Split_Set", "Part", r"lacks the columns Split_Set; it has FileName"),
    ],
)
def test_a_wrong_row_of_msppodcast_is_named(tmp_path: Path, old: str, new: str, words: str) -> None:
    with pytest.raises(SerError, match=words):
        msppodcast.utterances(podcast(tmp_path, PODCAST.replace(old, new, 1)))


def test_an_unknown_set_of_msppodcast_is_named(tmp_path: Path) -> None:
    with pytest.raises(SerError, match=r"csv:2: unknown set 'Trial'"):
        dict(msppodcast.official(podcast(tmp_path, PODCAST.replace("Test1", "Trial"))))
    with pytest.raises(SerError, match="is this MSP-Podcast"):
        msppodcast.facts(tmp_path / "elsewhere")


def test_mspimprov(tmp_path: Path) -> None:
    one, two, three = mspimprov.utterances(improv(tmp_path))
    assert (one.utterance, one.audio) == (
        "MSP-IMPROV-S01A-F01-S-FM01",
        "session1/S01A/S/MSP-IMPROV-S01A-F01-S-FM01.wav",
    )
    assert (one.emotion, one.activation, one.valence, one.dominance) == ("neutral", 3.0, 3.5, 2.75)
    assert (one.session, one.dialog, one.style, one.speaker) == ("session1", "S01A-F01-S", "improvised", None)
    assert (two.emotion, two.session, two.style, two.dominance) == ("angry", "session2", "scripted", None)
    assert (three.emotion, three.session, three.style) == ("undecided", "session6", "natural")
    assert three.audio == "session6/S04H/P/MSP-IMPROV-S04H-M06-P-MF12.wav"
    assert "scripted: expected 620, found 1" in mspimprov.verify([one, two, three])
    assert sum(mspimprov.COUNTS.values()) == mspimprov.CARD.utterances == mspimprov.facts(None).utterances


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("; N; A", "; Q; A", r"txt:1: unknown code of an emotion 'Q'"),
        ("A:3.0", "A:much", r"txt:1: a rating must be a number"),
        ("F01-S", "F09-S", r"txt:1: 'UTD-IMPROV-S01A-F09-S-FM01\.avi' is not named as"),
        ("UTD-IMPROV-", "OTHER-", r"txt: has no line such as"),
    ],
)
def test_a_wrong_line_of_mspimprov_is_named(tmp_path: Path, old: str, new: str, words: str) -> None:
    text = IMPROV.replace(old, new, 10 if new == "OTHER-" else 1)
    with pytest.raises(SerError, match=words):
        mspimprov.utterances(improv(tmp_path, text))
    with pytest.raises(SerError, match="is this MSP-IMPROV"):
        mspimprov.utterances(tmp_path / "elsewhere")
