"""RAVDESS: labels from file names, strict about wrong ones; the real corpus against its card."""

from collections import Counter
from pathlib import Path

import pytest

from ser.corpora import ravdess
from ser.errors import SerError

REAL = Path(__file__).parents[3] / "shared/data/ravdess"


def put(root: Path, *names: str) -> Path:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    return root


def test_a_name_holds_every_field(tmp_path: Path) -> None:
    root = put(tmp_path, "Actor_12/03-01-06-02-01-02-12.wav", "Actor_01/03-01-01-01-02-01-01.flac")
    neutral, fearful = ravdess.utterances(root)
    assert (fearful.utterance, fearful.audio) == ("03-01-06-02-01-02-12", "Actor_12/03-01-06-02-01-02-12.wav")
    assert (fearful.emotion, fearful.intensity, fearful.gender) == ("fearful", "strong", "female")
    assert (fearful.text, fearful.speaker) == ("Kids are talking by the door", "Actor_12")
    assert (neutral.emotion, neutral.intensity, neutral.gender) == ("neutral", "normal", "male")
    assert (neutral.text, neutral.session) == ("Dogs are sitting by the door", None)


@pytest.mark.parametrize(
    "name",
    [
        "Actor_01/03-02-06-02-01-02-01.wav",  # song
        "Actor_01/01-01-06-02-01-02-01.wav",  # from a video
        "Actor_01/03-01-09-02-01-02-01.wav",  # no such emotion
        "Actor_01/03-01-01-02-01-02-01.wav",  # neutral has no strong intensity
        "Actor_01/03-01-06-02-01-02-02.wav",  # another actor's
        "Actor_25/03-01-06-02-01-02-25.wav",
        "Actor_01/03-01-06-02-01-02-01 (1).wav",
        "Actor_01/talk.flac",
    ],
)
def test_a_wrong_name_is_an_error_that_names_it(tmp_path: Path, name: str) -> None:
    root = put(tmp_path, "Actor_01/03-01-06-02-01-01-01.wav", name)
    with pytest.raises(SerError) as error:
        ravdess.utterances(root)
    assert name in str(error.value)
    assert "03-01-06-02-01-01-01" not in str(error.value)


def test_dotfiles_and_other_files_are_passed_over(tmp_path: Path) -> None:
    real = "Actor_01/03-01-06-02-01-01-01.wav"
    root = put(tmp_path, real, "Actor_01/._03-01-06-02-01-02-01.wav", "Actor_01/notes.txt", ".Actor_02/x.wav", "a.wav")
    assert ravdess.audio_files(root) == [real]
    assert ravdess.sources(root) == [root / real]


def test_linked_folders_are_read_and_a_circle_of_links_ends(tmp_path: Path) -> None:
    root, elsewhere = tmp_path / "root", put(tmp_path / "elsewhere", "03-01-06-02-01-02-12.wav")
    root.mkdir()
    (root / "Actor_12").symlink_to(elsewhere)
    (elsewhere / "up").symlink_to(root)
    assert ravdess.audio_files(root) == ["Actor_12/03-01-06-02-01-02-12.wav"]


def test_an_empty_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SerError, match="Actor_01"):
        ravdess.utterances(tmp_path)


def test_card_and_names_agree() -> None:
    assert len(ravdess.NAMES) == ravdess.CARD.utterances == sum(ravdess.CARD.labels.values())
    emotions = Counter(ravdess.EMOTIONS[name.split("-")[2]] for name in ravdess.NAMES)
    assert emotions == ravdess.CARD.labels


def test_facts_of_the_card_and_of_a_subset(tmp_path: Path) -> None:
    assert ravdess.facts(None).utterances == ravdess.facts(tmp_path / "none", allow_subset=True).utterances == 1440
    root = put(tmp_path, "Actor_03/03-01-06-02-01-02-03.wav", "Actor_03/03-01-02-02-01-02-03.wav")
    assert ravdess.facts(root).utterances == 1440
    subset = ravdess.facts(root, allow_subset=True)
    assert (subset.utterances, subset.speakers, subset.emotions) == (2, ("Actor_03",), ("calm", "fearful"))


def test_differences_to_the_card_are_named(tmp_path: Path) -> None:
    put(tmp_path, *(f"Actor_{name[-2:]}/{name}.wav" for name in ravdess.NAMES))
    assert ravdess.verify(ravdess.utterances(tmp_path)) == []
    (tmp_path / "Actor_07/03-01-05-01-01-01-07.wav").unlink()
    differences = " ".join(ravdess.verify(ravdess.utterances(tmp_path)))
    for word in ("03-01-05-01-01-01-07", "angry: expected 192, found 191", "Actor_07: expected 60, found 59"):
        assert word in differences


def test_the_real_corpus_equals_its_card() -> None:
    if not REAL.is_dir():
        pytest.skip(f"no RAVDESS recordings at {REAL}")
    rows = ravdess.utterances(REAL)
    assert ravdess.verify(rows) == []
    assert {row.gender for row in rows if row.speaker == "Actor_24"} == {"female"}


def test_a_second_copy_inside_the_corpus_is_named(tmp_path: Path) -> None:
    names = [f"Actor_0{actor}/03-01-06-02-01-01-0{actor}.wav" for actor in (1, 2, 3)]
    root = put(tmp_path, *names, *(f"speech/{name}" for name in names), "extra/03-01-05-02-01-01-01.wav")
    reasons = ravdess.left_out(root)
    assert len(ravdess.utterances(root)) == 3
    assert {audio for audio, reason in reasons.items() if "second copy" in reason} == {f"speech/{one}" for one in names}
    assert "not in one of the folders" in reasons["extra/03-01-05-02-01-01-01.wav"]


def test_a_root_that_is_a_folder_too_high_is_named(tmp_path: Path) -> None:
    root = put(tmp_path, "RAVDESS/speech/Actor_01/03-01-06-02-01-01-01.wav")
    with pytest.raises(SerError, match="are in RAVDESS/speech, not here"):
        ravdess.utterances(root)
