"""A user's table: what is understood, and what each mistake is answered with."""

import re
from pathlib import Path

import pytest

from ser.corpora import table
from ser.corpus import BrokenRowsError
from ser.errors import SerError


def put(root: Path, text: str, encoding: str = "utf-8") -> Path:
    (root / "t.csv").write_bytes(text.encode(encoding))
    return root


def rows(root: Path, **options: object) -> list[table.Utterance]:
    return table.utterances(root, table="t.csv", **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_separators_marks_and_line_ends(tmp_path: Path, separator: str, encoding: str, newline: str) -> None:
    lines = [
        ["Path", " EMOTION ", "Text", "Speaker"],
        ["a/b.wav", "Angry", '"well, no; ""never"""', "Zoë"],
        ["c.wav", "sad", "", ""],
    ]
    first, second = rows(put(tmp_path, newline.join(separator.join(line) for line in lines), encoding))
    assert (first.utterance, first.audio, first.emotion, first.speaker) == ("a/b", "a/b.wav", "angry", "Zoë")
    assert first.text == 'well, no; "never"'
    assert (second.text, second.speaker, second.where) == (None, None, f"{tmp_path / 't.csv'}:3")


def test_a_text_with_many_commas_does_not_mislead(tmp_path: Path) -> None:
    text = "path;emotion;text\n" + "".join(f"{n}.wav;sad;a, b, c, d, e\n" for n in range(9))
    assert rows(put(tmp_path, text))[0].text == "a, b, c, d, e"


def test_all_columns(tmp_path: Path) -> None:
    text = "path,emotion,utterance,speaker,session,gender,language,text,start,end\nx.wav,happy,u1,s1,S,W,de,ja,0.5,2\n"
    (row,) = rows(put(tmp_path, text))
    found = (row.utterance, row.speaker, row.session, row.gender, row.language, row.text, row.start, row.end)
    assert found == ("u1", "s1", "S", "female", "de", "ja", 0.5, 2.0)


def test_rows_of_one_file_are_named_by_their_start(tmp_path: Path) -> None:
    root = put(tmp_path, 'path;emotion;start;end\nx.wav;sad;0;1\n.\\x.wav;angry;"1,5";2\ny.wav;sad;0;1\n')
    assert [row.utterance for row in rows(root)] == ["x@0.000", "x@1.500", "y"]
    assert {row.audio for row in rows(root)} == {"x.wav", "y.wav"}


def test_labels_are_translated_and_empty_ones_are_not_labelled(tmp_path: Path) -> None:
    root = put(tmp_path, "path,emotion\na.wav,Wut\nb.wav,\nc.wav,neutral\n")
    assert [row.emotion for row in rows(root, labels={"wut": "angry"})] == ["angry", None, "neutral"]
    facts = table.facts(root, table="t.csv", labels={"wut": "angry"})
    assert (facts.utterances, facts.speakers, facts.emotions) == (3, (), ("angry", "neutral"))


def test_an_unknown_emotion(tmp_path: Path) -> None:
    with pytest.raises(SerError) as error:
        rows(put(tmp_path, "path,emotion\na.wav,sad\nb.wav,angryy\n"))
    for words in ("t.csv:3", "'angry'", "labels"):
        assert words in str(error.value)
    with pytest.raises(SerError, match="Did you mean 'neutral'"):
        rows(put(tmp_path, "path,emotion\na.wav,sad\n"), labels={"N": "neutrall"})


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", ["path, emotion"]),
        ("path,emotion\n", ["no rows"]),
        ("clip,emotion\na.wav,sad\n", ["t.csv:1", "'path'", "clip"]),
        ("path,emotoin\na.wav,sad\n", ["t.csv:1", "Did you mean 'emotion'"]),
        ("path,speaker\na.wav,sad\n", ["'emotion'", "path, speaker"]),
        ("path,emotion,Path\na.wav,sad,a\n", ["twice"]),
        ("path,emotion\na.wav,sad,x\n", ["t.csv:2", "3 cells"]),
        ("path,emotion,text\na.wav,sad,x\nb.wav,sad\n", ["t.csv:3", "2 cells"]),
        ('path,emotion\na.wav,"sad\nb.wav,sad\n', ["t.csv:"]),
        ("path,emotion\n,sad\n", ["t.csv:2", "empty"]),
        ("path,emotion\n../a.wav,sad\n", ["t.csv:2", "root"]),
        ("path,emotion\n/a.wav,sad\n", ["t.csv:2", "root"]),
        ("path,emotion\nC:\\a.wav,sad\n", ["t.csv:2", "root"]),
        ("path,emotion,gender\na.wav,sad,femal\n", ["t.csv:2", "Did you mean 'female'"]),
        ("path,emotion,start\na.wav,sad,soon\n", ["t.csv:2", "soon"]),
        ("path,emotion,start\na.wav,sad,-1\n", ["t.csv:2", "-1"]),
        ("path,emotion,start\na.wav,sad,inf\n", ["t.csv:2", "inf"]),
        ("path,emotion,start,end\na.wav,sad,2,1\n", ["t.csv:2", "not after"]),
        ("path,emotion\na.wav,sad\n\nb.wav,sad\na.flac,sad\n", ["t.csv:5", "t.csv:2", "'a'"]),
        ("path,emotion\na.wav,sad\na.wav,angry\n", ["t.csv:3", "t.csv:2"]),
    ],
)
def test_mistakes_are_answered_with_file_and_line(tmp_path: Path, text: str, words: list[str]) -> None:
    with pytest.raises(SerError) as error:
        rows(put(tmp_path, text))
    for word in ("t.csv", *words):
        assert word in str(error.value)


def test_lines_are_counted_over_quoted_line_breaks(tmp_path: Path) -> None:
    with pytest.raises(SerError, match=r"t\.csv:4: .*'oops'"):
        rows(put(tmp_path, 'path,emotion,text\na.wav,sad,"one\ntwo"\nb.wav,oops,x\n'))


def test_text_that_is_not_utf_8_names_the_line(tmp_path: Path) -> None:
    with pytest.raises(SerError, match=r"t\.csv:2: .*UTF-8"):
        rows(put(tmp_path, "path,emotion,speaker\na.wav,sad,Zoë\n", "latin-1"))


def test_the_table_may_lie_in_the_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path, "path,emotion\na.wav,sad\n")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "corpus").mkdir()
    assert len(table.utterances(tmp_path / "corpus", table="t.csv")) == 1
    assert table.facts(None, table="t.csv").utterances == 1
    with pytest.raises(SerError, match=r"no\.csv"):
        table.facts(tmp_path, table="no.csv")


def test_files_below_the_root(tmp_path: Path) -> None:
    for name in ("a.wav", "b/c.FLAC", "b/.d.wav", ".e/f.wav", "g.txt", "h.voc"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    put(tmp_path, "path,emotion\na.wav,sad\nh.voc,sad\nmissing.wav,sad\n")
    assert table.audio_files(tmp_path, table="t.csv") == ["a.wav", "b/c.FLAC"]
    found = table.sources(tmp_path, table="t.csv")
    assert [path.relative_to(tmp_path).as_posix() for path in found] == ["t.csv", "a.wav", "b/c.FLAC", "h.voc"]


SIX = """path,emotion,speaker,start,end
one.flac,sad,s1,0,1
two.flac,sadd,s1,0,1
three.flac,angry,s2,4,2
four.flac,angry,s2
,happy,s3,0,1
../six.flac,happy,s3,0,1
seven.flac,happy,s3,later,soon
eight.flac,neutral,s1,0,1
"""


def test_all_broken_rows_are_reported_at_once(tmp_path: Path) -> None:
    with pytest.raises(BrokenRowsError) as error:
        rows(put(tmp_path, SIX))
    text = str(error.value)
    assert "broken-row, 6:" in text
    for line, words in {3: "'sadd'", 4: "not after", 5: "3 cells", 6: "empty", 7: "leads out", 8: "soon"}.items():
        assert re.search(rf"t\.csv:{line}: .*{words}", text)
    assert "allow: [broken-row]" in text
    assert [row.utterance for row in error.value.rows] == ["one", "eight"]
    assert [fault.utterance for fault in error.value.faults] == [
        "two",
        "three",
        "t.csv:5",
        "t.csv:6",
        "t.csv:7",
        "seven",
    ]


def test_at_most_ten_broken_rows_are_listed_and_all_counted(tmp_path: Path) -> None:
    text = (
        "path,emotion\n"
        + "".join(f"{n}.wav,feeling{n}\n" for n in range(37))
        + "".join(f"m{n}.wav,mad\n" for n in range(9))
    )
    with pytest.raises(SerError) as error:
        rows(put(tmp_path, text))
    assert "broken-row, 46:" in str(error.value)
    assert len(re.findall(r"t\.csv:\d+: ", str(error.value))) == 10
    assert "and 36 more." in str(error.value)


def test_rows_of_one_fault_are_one_line(tmp_path: Path) -> None:
    with pytest.raises(SerError, match=r"t\.csv:2: .*'mad'.*and 29 more rows"):
        rows(put(tmp_path, "path,emotion\n" + "".join(f"m{n}.wav,mad\n" for n in range(30))))


def test_a_quote_that_is_never_closed_is_an_error_of_the_table(tmp_path: Path) -> None:
    with pytest.raises(SerError, match=r"t\.csv:3: a quote is opened") as error:
        rows(put(tmp_path, 'path,emotion\na.wav,sad\nb.wav,"sad\nc.wav,sad\n'))
    assert not isinstance(error.value, BrokenRowsError)


def test_a_quote_that_ends_in_a_later_row_names_all_its_lines(tmp_path: Path) -> None:
    with pytest.raises(BrokenRowsError, match=r"t\.csv:2: lines 2 to 4 are not a row") as error:
        rows(put(tmp_path, 'path,emotion\na.wav,"sad\nb.wav,sad\nc.wav,"sad\nd.wav,sad\n'))
    assert [row.utterance for row in error.value.rows] == ["d"]
