"""CREMA-D's raters: answers to the voice alone, by rater, from the table of the release."""

from pathlib import Path

import pytest

from ser.corpora import cremad
from ser.corpus import Utterance
from ser.errors import SerError

HEADER = (
    '"","localid","pos","ans","ttr","queryType","numTries","clipNum","questNum","subType","clipName","sessionNums",'
    '"respEmo","respLevel","dispEmo","dispVal","dispLevel"'
)
CLIPS = ("1001_DFA_ANG_XX", "1002_IEO_HAP_HI")


def answer(rater: int, clip: str, emotion: str, query: int = 1) -> str:
    return f'"1",{rater},9,"{emotion}_60",1200,{query},1,12,3,4,"{clip}",1,"{emotion}",60,"A","X",50'


def rows(root: Path, *answers: str) -> list[Utterance]:
    (root / "AudioWAV").mkdir(exist_ok=True)
    for clip in CLIPS:
        (root / f"AudioWAV/{clip}.wav").touch()
    if answers:
        (root / "finishedResponses.csv").write_text("\n".join([HEADER, *answers]) + "\n")
    return cremad.utterances(root)


def test_answers_to_the_voice_are_the_raters(tmp_path: Path) -> None:
    first, second = rows(
        tmp_path,
        answer(7, CLIPS[0], "A"),
        answer(8, CLIPS[0], "N"),
        answer(7, CLIPS[0], "D", query=2),  # the face
        answer(9, CLIPS[0], "S", query=3),  # both
        answer(8, CLIPS[0], "F"),  # again
        answer(7, "1099_XXX_ANG_XX", "A"),  # no recording of the copy
    )
    assert first.raters == (("7", ("angry",)), ("8", ("neutral", "fearful")))
    assert (first.emotion, second.raters) == ("angry", ())
    assert tmp_path / "finishedResponses.csv" in cremad.sources(tmp_path)


def test_without_the_table_there_are_no_raters(tmp_path: Path) -> None:
    assert {row.raters for row in rows(tmp_path)} == {()}
    assert all(path.suffix == ".wav" for path in cremad.sources(tmp_path))


def test_an_unknown_answer_is_named_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(SerError, match=r"finishedResponses\.csv:3.*'Q'"):
        rows(tmp_path, answer(7, CLIPS[0], "A"), answer(7, CLIPS[1], "Q"))


def test_another_table_of_that_name_is_named(tmp_path: Path) -> None:
    (tmp_path / "finishedResponses.csv").write_text("version https://git-lfs.github.com/spec/v1\n")
    with pytest.raises(SerError, match=r"finishedResponses\.csv: lacks the columns localid"):
        rows(tmp_path)
