"""A root that is not the folder that the rows mean is named, with the folder that is."""

from pathlib import Path
from typing import Any

import pytest

from ser.config.schema import Corpus
from ser.corpus import Utterance
from ser.errors import SerError
from ser.preparation.corpus_root import check_folder, check_recordings

TAKES = [f"day{number % 2}/take {number}.ogg" for number in range(20)]


def checked(root: Path, present: list[str], wanted: list[str] = TAKES, **settings: Any) -> None:
    for audio in present:
        (root / audio).parent.mkdir(parents=True, exist_ok=True)
        (root / audio).touch()
    corpus = Corpus(adapter="table", root=str(root), options={"table": "t.csv"}, **settings)
    rows = [Utterance(f"u{number}", audio, "t.csv:1") for number, audio in enumerate(wanted)]
    check_recordings("own", corpus, root, rows)


@pytest.mark.parametrize(
    ("present", "message"),
    [
        (
            [f"wav/new/{audio}" for audio in TAKES],
            r"20 of 20 recordings .*They are in {root}/wav/new: give that folder",
        ),
        ([Path(audio).name for audio in TAKES], "without the folder 'day"),
        ([f"other/{Path(audio).stem}.ogg" for audio in TAKES], r"other/take 0\.ogg is there: do the paths"),
        (["readme.txt", "b/notes.txt"], r"Is the root the folder .* It holds b/, readme\.txt"),
        (TAKES[:1], r"19 of 20 recordings are not below"),
        ([], "It holds nothing"),
    ],
)
def test_nearly_all_missing_recordings_ask_for_the_root(tmp_path: Path, present: list[str], message: str) -> None:
    with pytest.raises(SerError, match=r"^corpora\.own\.root: .*" + message.format(root=tmp_path)) as caught:
        checked(tmp_path, present)
    assert "allow" not in str(caught.value)


def test_a_root_that_is_one_folder_too_low_is_answered_with_the_one_above(tmp_path: Path) -> None:
    with pytest.raises(SerError, match=rf"give {tmp_path} as the root"):
        checked(
            tmp_path / "day1", [f"take {number}.ogg" for number in range(20)], [f"day1/take {n}.ogg" for n in range(20)]
        )


def test_some_missing_recordings_are_no_question_of_the_root(tmp_path: Path) -> None:
    checked(tmp_path, TAKES[:12])
    checked(tmp_path / "few", TAKES[:1], allow=("missing-audio",))
    checked(tmp_path, [], [])


def test_a_root_that_does_not_exist_names_what_does(tmp_path: Path) -> None:
    (tmp_path / "Recordings" / "march").mkdir(parents=True)
    (tmp_path / "march.zip").touch()
    check_folder("own", tmp_path / "Recordings")
    with pytest.raises(
        SerError, match=rf"{tmp_path} has no 'Recording'. Did you mean '{tmp_path}/Recordings'.*march.zip"
    ):
        check_folder("own", tmp_path / "Recording" / "march")
    with pytest.raises(SerError, match=r"march\.zip is a file; .*'archive'"):
        check_folder("own", tmp_path / "march.zip")
