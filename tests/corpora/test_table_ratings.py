"""A user's table with raters and ratings: what is understood, and what each mistake is answered with."""

from pathlib import Path

import pytest

from ser.config.schema import Corpus
from ser.corpora import table
from ser.corpus import Utterance
from ser.errors import SerError
from ser.inspection.release import release

TABLE = "path,emotion\nd/a.wav,sad\nb.wav,angry\n"


def rows(root: Path, text: str, votes: str = "", **options: object) -> list[Utterance]:
    (root / "t.csv").write_text(text, encoding="utf-8")
    if votes:
        (root / "votes.csv").write_text(votes, encoding="utf-8")
        options["ratings"] = "votes.csv"
    return table.utterances(root, table="t.csv", **options)


def test_dimensions_are_numbers_by_their_usual_names(tmp_path: Path) -> None:
    text = "path;emotion;valence;arousal;dominance\na.wav;sad;-1,5;3;2.25\nb.wav;sad;nan;;1e0\n"
    first, second = rows(tmp_path, text)
    assert (first.valence, first.activation, first.dominance) == (-1.5, 3.0, 2.25)
    assert (second.valence, second.activation, second.dominance) == (None, None, 1.0)


def test_a_rating_in_words_is_named_with_file_and_line(tmp_path: Path) -> None:
    with pytest.raises(SerError) as error:
        rows(tmp_path, "path,emotion,valence\na.wav,sad,2\nb.wav,sad,high\n")
    for words in ("t.csv:3", "valence 'high' is no number", "{valence: null}"):
        assert words in str(error.value)
    text = "path,emotion,valence\na.wav,sad,high\n"
    assert rows(tmp_path, text, columns={"valence": None})[0].valence is None


def test_a_column_per_rater(tmp_path: Path) -> None:
    text = "path,emotion,rater_a,Expert\na.wav,sad,sad; Bored,Wut\nb.wav,angry,,unknown\n"
    first, second = rows(tmp_path, text, columns={"Expert": "rater_x"}, labels={"wut": "angry"})
    assert first.raters == (("a", ("sad", "bored")), ("x", ("angry",)))
    assert second.raters == ()


def test_an_unknown_label_of_a_rater_is_named(tmp_path: Path) -> None:
    with pytest.raises(SerError, match=r"t\.csv:2.*sadd.*Did you mean 'sad'"):
        rows(tmp_path, "path,emotion,rater_a\na.wav,sad,sadd\n")


def test_a_row_per_label(tmp_path: Path) -> None:
    votes = "file,rater,emotion\na.wav,r1,sad\nd/a.wav,r2,Angry\na.wav,r1,bored\nb.wav,r2,sad\nc.wav,r2,sad\n"
    first, second = rows(tmp_path, TABLE, votes)
    assert first.raters == (("r1", ("sad", "bored")), ("r2", ("angry",)))
    assert (second.raters, second.emotion) == ((("r2", ("sad",)),), "angry")
    (warning,) = table.warnings(tmp_path, table="t.csv", ratings="votes.csv")
    assert (warning.kind, warning.where) == ("unused-rating", f"{tmp_path / 'votes.csv'}:6")
    assert tmp_path / "votes.csv" in table.sources(tmp_path, table="t.csv", ratings="votes.csv")


def test_without_names_each_row_is_another_rater(tmp_path: Path) -> None:
    first, _ = rows(tmp_path, TABLE, "utterance,emotion\nd/a,sad\nd/a,sad\nd/a,angry\n")
    assert [given for _, given in first.raters] == [("sad",), ("sad",), ("angry",)]
    assert len({rater for rater, _ in first.raters}) == 3


def test_without_an_emotion_the_majority_of_the_raters_is_it(tmp_path: Path) -> None:
    text = "path,rater_a,rater_b,rater_c\na.wav,sad,sad;angry,angry;sad\nb.wav,sad,angry,\nc.wav,,,\n"
    assert [row.emotion for row in rows(tmp_path, text)] == ["sad", "undecided", None]
    assert [row.emotion for row in rows(tmp_path, "path\na.wav\n", "path,emotion\na.wav,bored\n")] == ["bored"]
    with pytest.raises(SerError, match="'emotion'"):
        rows(tmp_path, "path,speaker\na.wav,s\n")


@pytest.mark.parametrize(
    ("votes", "words"),
    [
        ("utterance,rater\na,r\n", ["votes.csv:1", "utterance (or path)", "emotion"]),
        ("utterance,emotion\nd/a,sadd\n", ["votes.csv:2", "Did you mean 'sad'"]),
        ("utterance,emotion\n,sad\n", ["votes.csv:2", "has no utterance"]),
        ("utterance,emotion\nd/a,sad,x\n", ["votes.csv:2", "3 cells"]),
    ],
)
def test_a_wrong_row_of_the_ratings_is_named(tmp_path: Path, votes: str, words: list[str]) -> None:
    with pytest.raises(SerError) as error:
        rows(tmp_path, TABLE, votes)
    assert all(word in str(error.value) for word in words), error.value


def test_a_table_of_ratings_that_does_not_exist_is_named(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(TABLE)
    with pytest.raises(SerError, match=r"option 'ratings: none\.csv', does not exist"):
        table.utterances(tmp_path, table="t.csv", ratings="none.csv")


@pytest.mark.parametrize("scale", [[5, 1], [1], [1, 1], [1, 2, 3]])
def test_a_scale_has_two_ends_that_rise(tmp_path: Path, scale: list[float]) -> None:
    with pytest.raises(SerError, match="lowest and its highest"):
        rows(tmp_path, TABLE, scale=scale)


def test_a_table_of_ratings_alone_is_found_as_a_table(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("path,arousal\nx.wav,3\n")
    assert release(tmp_path).options == {"table": "a.csv"}


def test_the_scale_of_a_release_is_on_its_card() -> None:
    cards = {name: Corpus(adapter=name).load().CARD.scale for name in ("iemocap", "demo", "mspimprov", "msppodcast")}
    assert cards == {"iemocap": (1, 5), "demo": (1, 5), "mspimprov": (1, 5), "msppodcast": (1, 7)}
