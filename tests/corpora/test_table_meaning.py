"""Tables as other programs write them: one meaning, whatever the file looks like; and what cannot be known is asked."""

import csv
import io
import unicodedata
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ser.config.options import with_options
from ser.config.schema import Corpus
from ser.config.validation import check_values, record
from ser.corpora import table
from ser.corpus import BrokenRowsError, Utterance
from ser.errors import SerError
from ser.user_table.cells import MISSING, seconds
from ser.user_table.spellings import spelling

ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32")


def put(root: Path, text: str | bytes) -> Path:
    (root / "rows.txt").write_bytes(text if isinstance(text, bytes) else text.encode())
    return root


def read(root: Path, **options: object) -> list[Utterance]:
    return table.utterances(root, table="rows.txt", **options)


def kinds(root: Path, **options: object) -> dict[str, str]:
    return {fault.kind: fault.reason for fault in table.warnings(root, table="rows.txt", **options)}


names = st.text("abcXYZ019 éß李-_.", min_size=1, max_size=8).map(str.strip).filter(bool)
row_cells = st.fixed_dictionaries(
    {
        "emotion": st.sampled_from(["angry", "Happy", "SAD", ""]),
        "speaker": st.sampled_from(["", "anna", "Bjørn", "李", "4"]),
        "gender": st.sampled_from(["", "F", "male"]),
        "text": st.text("ab ,;\t|\"'\né", max_size=8).map(str.strip).filter(lambda text: text not in MISSING),
        "start": st.integers(0, 9).map(lambda tenths: f"{tenths / 10:.1f}"),
        "age": st.integers(20, 60).map(str),
    }
)


def written(rows: list[dict[str, str]], separator: str, newline: str, declared: bool, more: int, index: bool) -> str:
    """Return the rows as a table with an index like that of pandas, empty columns at its end and a 'sep=' line."""
    buffer = io.StringIO(newline="")
    quoting = (
        csv.QUOTE_ALL if newline == "\r" else csv.QUOTE_MINIMAL
    )  # which leaves \n bare between lines that end in \r
    writer = csv.writer(buffer, delimiter=separator, lineterminator=newline, quoting=quoting)
    header = list(rows[0])
    writer.writerow([*([""] if index else []), *header, *[""] * more])
    for number, row in enumerate(rows):
        writer.writerow([*([number] if index else []), *(row[name] for name in header), *[""] * more])
    return (f"sep={separator}{newline}" if declared else "") + buffer.getvalue()


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_table_means_the_same_however_it_is_written(tmp_path: Path, data: st.DataObject) -> None:
    paths = data.draw(
        st.lists(names, min_size=1, max_size=6, unique_by=lambda name: unicodedata.normalize("NFC", name))
    )
    rows = [{"path": f"d/{path}.flac", **data.draw(row_cells)} for path in paths]
    plain = read(put(tmp_path, written(rows, ",", "\n", False, 0, False)))

    order = data.draw(st.permutations(list(rows[0])))
    shuffled = [{name: row[name] for name in order} for row in data.draw(st.permutations(rows))]
    if data.draw(st.booleans()):
        shuffled = [{**row, "path": row["path"].replace("/", "\\")} for row in shuffled]
    if data.draw(st.booleans()):
        shuffled = [{**row, "start": f"0 days 00:00:0{row['start']}00000"} for row in shuffled]
    if data.draw(st.booleans()):
        shuffled = [
            {("file" if name == "path" else name.title()): cell for name, cell in row.items()} for row in shuffled
        ]
    text = written(
        shuffled,
        data.draw(st.sampled_from(",;\t| ")),
        data.draw(st.sampled_from(["\n", "\r\n", "\r"])),
        data.draw(st.booleans()),
        data.draw(st.integers(0, 3)),
        data.draw(st.booleans()),
    )
    other = read(put(tmp_path, text.encode(data.draw(st.sampled_from(ENCODINGS)))))
    assert sorted(replace(row, where="").utterance for row in other) == sorted(row.utterance for row in plain)
    by_name = {row.utterance: replace(row, where="") for row in plain}
    assert {row.utterance: replace(row, where="") for row in other} == by_name


def test_the_encoding_of_excel_is_named_and_understood(tmp_path: Path) -> None:
    put(tmp_path, "path;emotion;speaker\nä.flac;sad;Jürgen\n".encode("cp1252"))
    with pytest.raises(SerError, match=r"rows\.txt:2: .*UTF-8.*encoding: cp1252"):
        read(tmp_path)
    assert [(row.audio, row.speaker) for row in read(tmp_path, encoding="cp1252")] == [("ä.flac", "Jürgen")]
    with pytest.raises(SerError, match="'encoding: cp125'"):
        read(tmp_path, encoding="cp125")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"PK\x03\x04\x14\x00", "spreadsheet"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "spreadsheet"),
        (b"PAR1abc", "Parquet"),
        (b"\x1f\x8b\x08", "gzip"),
        (b'[{"path": "x.ogg"}]', "JSON"),
    ],
)
def test_other_formats_are_named_with_what_to_do(tmp_path: Path, content: bytes, words: str) -> None:
    with pytest.raises(SerError, match=rf"{words}.*CSV UTF-8"):
        read(put(tmp_path, content))


def test_the_table_of_pandas_with_its_index(tmp_path: Path) -> None:
    put(tmp_path, "Unnamed: 0,,path,emotion,take\n0,7,x.ogg,sad,3\n1,8,y.ogg,happy,4\n")
    assert [row.audio for row in read(tmp_path)] == ["x.ogg", "y.ogg"]
    assert kinds(tmp_path) == {"unused-column": "these columns are not used: take"}


def test_the_table_of_r_with_row_names_and_without_a_header_for_them(tmp_path: Path) -> None:
    put(tmp_path, '"path" "emotion" "text"\n"3" "x.ogg" "sad" "well, no"\n"11" "y.ogg" NA "1"\n')
    assert [(row.audio, row.emotion, row.text) for row in read(tmp_path)] == [
        ("x.ogg", "sad", "well, no"),
        ("y.ogg", None, "1"),
    ]
    with pytest.raises(BrokenRowsError, match="broken-row, 2"):
        read(put(tmp_path, "path,emotion\nx.ogg,sad,1\ny.ogg,sad,2\n"))


def test_single_quotes_and_a_bar(tmp_path: Path) -> None:
    put(tmp_path, "'path'|'emotion'|'text'\n'x.ogg'|'sad'|'It''s \"here\" | there'\n")
    assert [row.text for row in read(tmp_path)] == ['It\'s "here" | there']


def test_a_row_that_a_stray_quote_swallowed_is_noticed(tmp_path: Path) -> None:
    put(tmp_path, 'path,emotion,speaker\nx.ogg,sad,"s1\ny.ogg,sad,s1"\nz.ogg,sad,s1\n')
    with pytest.raises(BrokenRowsError, match=r"rows\.txt:2: column 'speaker' has a line break"):
        read(tmp_path)


def test_a_zero_byte_is_no_text(tmp_path: Path) -> None:
    with pytest.raises(SerError, match=r"rows\.txt:2: has a zero byte"):
        read(put(tmp_path, b"path,emotion\nx\0.ogg,sad\n"))


def test_the_table_of_audformat(tmp_path: Path) -> None:
    put(
        tmp_path,
        "file,start,end,emotion\n"
        "wav/d1.wav,0 days 00:00:00,0 days 00:00:02.250000,happy\n"
        "wav/d1.wav,0 days 00:00:02.250000,NaT,sad\n",
    )
    assert [(row.utterance, row.start, row.end) for row in read(tmp_path)] == [
        ("wav/d1@0.000", 0.0, 2.25),
        ("wav/d1@2.250", 2.25, None),
    ]


def test_columns_of_other_names(tmp_path: Path) -> None:
    put(tmp_path, "clip,Label,speaker_id,sex\nx.ogg,sad,u7,w\n")
    with pytest.raises(SerError, match=r"'speaker_id'\. Did you mean 'speaker'.*'path' and 'emotion'.*columns:"):
        read(tmp_path)
    columns = {"clip": "path", "label": "emotion", "speaker_id": "speaker", "sex": "gender"}
    (row,) = read(tmp_path, columns=columns)
    assert (row.audio, row.emotion, row.speaker, row.gender) == ("x.ogg", "sad", "u7", "female")
    (row,) = read(tmp_path, columns={**columns, "speaker_id": None})
    assert row.speaker is None
    with pytest.raises(SerError, match=r"'clap'.*Did you mean 'clip'"):
        read(tmp_path, columns={"clap": "path", "label": "emotion", "speaker_id": "speaker"})
    with pytest.raises(SerError, match=r"'emotin'.*Did you mean 'emotion'"):
        read(tmp_path, columns={"clip": "path", "label": "emotin", "speaker_id": "speaker"})


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("start_time", "start"),
        ("Onset (s)", "start"),
        ("offset", "end"),
        ("subject_id", "speaker"),
        ("sesion", "session"),
    ],
)
def test_a_column_that_would_change_the_utterances_is_asked_about(tmp_path: Path, name: str, meant: str) -> None:
    put(tmp_path, f"path,emotion,{name},age\nx.ogg,sad,1,30\n")
    with pytest.raises(SerError, match=f"unknown column '.*'. Did you mean '{meant}'.*columns:"):
        read(tmp_path)
    assert getattr(read(tmp_path, columns={name: meant})[0], meant) in (1.0, "1")
    assert getattr(read(tmp_path, columns={name: None})[0], meant) is None


def test_invisible_letters_and_kinds_of_spaces(tmp_path: Path) -> None:
    put(tmp_path, "path,\u200bemotion,speaker\n\u202ax.ogg,sad\u00a0,\ufeffAnna\u00a0B\ny.ogg,sad,Anna B\u200b\n")
    assert {row.speaker for row in read(tmp_path)} == {"Anna B"}
    assert [row.audio for row in read(tmp_path)] == ["x.ogg", "y.ogg"]


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("2.5", 2.5),
        ("2,5", 2.5),
        ("0 days 00:00:02.5", 2.5),
        ("0 days 00:00:02.500000000", 2.5),
        ("1 day, 1:00:02", 90002.0),
        ("00:01:02,500", 62.5),
        ("3:07", 187.0),
        ("PT1M2.5S", 62.5),
        ("2500ms", 2.5),
        ("2.5 s", 2.5),
        ("25e-1", 2.5),
    ],
)
def test_times(cell: str, value: float) -> None:
    assert seconds(cell) == value


@pytest.mark.parametrize("cell", ["-1", "-1 days +23:59:58", "soon", "inf", "1_0", "1:2:3:4", "P", "", "1e12"])
def test_what_is_no_time(cell: str) -> None:
    with pytest.raises(SerError):
        seconds(cell)


def test_a_comma_that_may_separate_thousands_is_asked_about(tmp_path: Path) -> None:
    put(tmp_path, 'path;emotion;start\nx.ogg;sad;"1,250"\ny.ogg;sad;0.5\n')
    with pytest.raises(SerError, match=r"rows\.txt:2: start '1,250': other times have a decimal point"):
        read(tmp_path)
    put(tmp_path, 'path;emotion;start\nx.ogg;sad;"1,250"\ny.ogg;sad;0,5\n')
    assert [row.start for row in read(tmp_path)] == [1.25, 0.5]


def test_absolute_paths_below_the_root(tmp_path: Path) -> None:
    root = tmp_path / "voices"
    root.mkdir()
    (tmp_path / "link").symlink_to(root)
    put(root, f"path,emotion\n{root}/a/x.ogg,sad\n{tmp_path}/link/a/y.ogg,sad\n")
    assert [row.audio for row in read(tmp_path / "link")] == ["a/x.ogg", "a/y.ogg"]
    assert [row.audio for row in read(root)] == ["a/x.ogg", "a/y.ogg"]
    put(root, f"path,emotion\n{root}/a/x.ogg,sad\n{tmp_path}/a/y.ogg,sad\n{root}\\b\\z.ogg,sad\n")
    with pytest.raises(BrokenRowsError, match=r"broken-row, 1:\n.*rows\.txt:3: .*absolute and not below") as error:
        read(root)
    assert [row.audio for row in error.value.rows] == ["a/x.ogg", "b/z.ogg"]


@pytest.mark.parametrize(
    "word",
    [
        "nan",
        "NaN",
        "None",
        "NULL",
        "N/A",
        "<NA>",
        "?",
        "unknown",
        "-",
        "NaT",
        " n/a\u00a0",
        "？",
        "n / A",
        "'nan'",
        "<unset>",
    ],
)
def test_words_for_missing_are_empty_cells(tmp_path: Path, word: str) -> None:
    header = "path,emotion,utterance,speaker,session,dialog,language,gender,text,start,end\n"
    put(tmp_path, f"{header}x.ogg,{','.join([word] * 10)}\ny.ogg,sad,v,s1,,,,,,,\n")
    first, second = read(tmp_path)
    assert first == Utterance("x", "x.ogg", where=first.where)
    assert second.speaker == "s1"
    assert table.facts(tmp_path, table="rows.txt").speakers == ("s1",)
    assert "speaker" in str([fault.reason for fault in table.warnings(tmp_path, table="rows.txt")])


def test_a_word_for_missing_that_is_a_name(tmp_path: Path) -> None:
    put(tmp_path, "path,emotion,speaker\nx.ogg,none,Nan\ny.ogg,sad,?\n")
    (first, second) = read(tmp_path, missing=["?"], labels={"none": "neutral"})
    assert (first.speaker, first.emotion, second.speaker) == ("Nan", "neutral", None)
    assert read(tmp_path, missing=["？"], labels={"none": "neutral"})[1].speaker is None
    (first, _) = read(tmp_path, labels={"None": "neutral"})  # what 'labels' names is not missing
    assert (first.speaker, first.emotion) == (None, "neutral")


@pytest.mark.parametrize(
    "names",
    [
        ("07", "7", "7.0"),
        ("Actor07", "actor_7", "ACTOR 7"),
        ("Zoë", "zoe", "ZOE\u0308"),
        ("b-2", "B2", "b 02"),
        ("C4", "С4", "c04"),  # the second is Cyrillic
        ("1.5E+9", "1500000000", "01500000000"),
    ],
)
@pytest.mark.parametrize("column", ["speaker", "session", "dialog", "language"])
def test_one_name_in_several_spellings_is_asked_about(tmp_path: Path, names: tuple[str, ...], column: str) -> None:
    lines = [f"{number}.ogg,sad,{name}" for number, name in enumerate([*names, names[1], "other 99"])]
    put(tmp_path, "\n".join([f"path,emotion,{column}", *lines]))
    with pytest.raises(SerError) as error:
        read(tmp_path)
    for words in (
        f"column '{column}' in several spellings, 1:",
        f"'{names[1]}' (2 rows)",
        f"'{names[2]}' (1 rows)",
        "spellings: one",
    ):
        assert unicodedata.normalize("NFC", words) in str(error.value)
    assert {getattr(row, column) for row in read(tmp_path, spellings="one")} == {names[1], "other 99"}
    assert (
        len({getattr(row, column) for row in read(tmp_path, spellings="apart")})
        == len({unicodedata.normalize("NFC", name) for name in names}) + 1
    )


def test_six_speakers_are_six_in_whatever_order_the_rows_are(tmp_path: Path) -> None:
    lines = [
        f"{n}.ogg,sad,{name}"
        for n, name in enumerate(f"{s}.0" if n % 3 else f"0{s}" for s in range(1, 7) for n in range(6))
    ]
    for order in (lines, lines[::-1]):
        put(tmp_path, "\n".join(["path,emotion,speaker", *order]))
        facts = table.facts(tmp_path, table="rows.txt", spellings="one")
        assert facts.speakers == tuple(f"{number}.0" for number in range(1, 7))


def test_names_that_only_resemble_each_other_are_not_asked_about(tmp_path: Path) -> None:
    names = ("1", "11", "1-1", "-1", "a+", "a-", "1.5", "15", "s1a", "s1b", "S 1", "s 10", "か")
    put(tmp_path, "path,emotion,speaker\n" + "".join(f"{n}.ogg,sad,{name}\n" for n, name in enumerate(names)))
    assert len({row.speaker for row in read(tmp_path)}) == len(names)
    assert len({spelling(name) for name in names}) == len(names)


def test_a_file_is_found_whatever_the_spelling_of_its_name(tmp_path: Path) -> None:
    composed, decomposed = (unicodedata.normalize(form, "Zoë Café") for form in ("NFC", "NFD"))
    for name in (
        f"{decomposed}/é1.ogg",
        f"{decomposed}/two\u00a0words.ogg",
        "Upper/CASE.OGG",
        "e\u0301.ogg",
        "plain.ogg",
    ):
        (tmp_path / unicodedata.normalize("NFD", name)).parent.mkdir(exist_ok=True)
        (tmp_path / unicodedata.normalize("NFD", name)).touch()
    paths = [f"{composed}/é1.ogg", f"{composed}/two words.ogg", "upper/case.ogg", "\u00e9.ogg", "plain.ogg", "gone.ogg"]
    put(tmp_path, "path,emotion\n" + "".join(f"{path},sad\n" for path in paths))
    found = read(tmp_path)
    assert [(tmp_path / row.audio).is_file() for row in found] == [True] * 5 + [False]
    assert [row.utterance for row in found] == [path.removesuffix(".ogg") for path in paths]
    assert {row.audio for row in found} - {"gone.ogg"} == set(table.audio_files(tmp_path))
    assert "4 recordings are spelled otherwise" in kinds(tmp_path)["path-spelling"]
    assert len(table.sources(tmp_path, table="rows.txt")) == 6


def test_a_table_is_found_whatever_the_spelling_of_its_name(tmp_path: Path) -> None:
    (tmp_path / unicodedata.normalize("NFD", "Gefühle.CSV")).write_text("path,emotion\nx.ogg,sad\n")
    named = unicodedata.normalize("NFC", "Gefühle.csv")
    assert len(table.utterances(tmp_path, table=named)) == 1
    assert table.sources(tmp_path, table=named)[0].is_file()


def test_two_files_that_a_path_may_mean_are_not_guessed_between(tmp_path: Path) -> None:
    for name in ("A.ogg", "a.OGG"):
        (tmp_path / name).touch()
    put(tmp_path, "path,emotion\na.ogg,sad\n")
    assert [row.audio for row in read(tmp_path)] == ["a.ogg"]


def test_rows_that_repeat_each_other_count_once(tmp_path: Path) -> None:
    lines = "a.ogg,sad\nb.ogg,happy\n"
    assert len(read(put(tmp_path, f"path,emotion\n{lines}path,emotion\n{lines}"))) == 2
    assert "2 rows" in kinds(tmp_path)["repeated-row"]


def configured(text: str) -> dict[str, object]:
    """Return the options of the corpus 'mine' from a configuration as a user writes it."""
    raw = yaml.safe_load(text)
    check_values(raw, "config")
    entry = with_options(record(Corpus, {"adapter": "table", **raw["corpora"]["mine"]}, "corpora.mine"), "corpora.mine")
    return {name: value for name, value in entry.options.items() if name != "table"}


@pytest.mark.parametrize("cells", [("01", "02", "03"), ("1", "2", "3"), ("1.0", "2.0", "3.0"), ("001", "2", "3,0")])
@pytest.mark.parametrize("keys", [("01", "02", "03"), ("1", "2", "3"), ("1.0", '"02"', "0x3")])
def test_numbers_as_labels_are_understood(tmp_path: Path, cells: tuple[str, ...], keys: tuple[str, ...]) -> None:
    pairs = ", ".join(f"{key}: {ours}" for key, ours in zip(keys, ("calm", "happy", "sad"), strict=True))
    options = configured(f"corpora: {{mine: {{options: {{table: rows.txt, labels: {{{pairs}}}}}}}}}")
    put(tmp_path, "path;emotion\n" + "".join(f"{n}.ogg;{cell}\n" for n, cell in enumerate(cells)))
    assert [row.emotion for row in read(tmp_path, **options)] == ["calm", "happy", "sad"]


@pytest.mark.parametrize(("cell", "words"), [("010", "YAML reads 010 as 8"), ("1:30", "YAML reads 1:30 as 90")])
def test_numbers_that_yaml_changes_are_named(tmp_path: Path, cell: str, words: str) -> None:
    options = configured(f"corpora: {{mine: {{options: {{table: rows.txt, labels: {{? {cell} : sad}}}}}}}}")
    put(tmp_path, f"path,emotion\nx.ogg,{cell}\n")
    with pytest.raises(SerError, match=f"{words}.*in quotes.*'{cell}'"):
        read(tmp_path, **options)
    quoted = configured(f"corpora: {{mine: {{options: {{table: rows.txt, labels: {{'{cell}': sad}}}}}}}}")
    assert read(tmp_path, **quoted)[0].emotion == "sad"


@pytest.mark.parametrize(
    ("key", "words"),
    [("yes", "True (yes"), ("off", "False (no, off"), ("null", "None (null"), ("2024-01-01", "date 2024-01-01")],
)
def test_keys_that_yaml_makes_something_else_are_named(key: str, words: str) -> None:
    with pytest.raises(SerError) as error:
        configured(f"corpora: {{mine: {{options: {{table: rows.txt, labels: {{{key}: sad}}}}}}}}")
    assert "config.corpora.mine.options.labels" in str(error.value)
    assert words in str(error.value)
    assert "quotes" in str(error.value)


@pytest.mark.parametrize(
    "entry", ["exclude: [01]", "options: {table: t, emotions: [no]}", "options: {table: t, labels: {x: no}}"]
)
def test_values_that_yaml_makes_something_else_are_named(entry: str) -> None:
    with pytest.raises(SerError, match=r"corpora\.mine.*text; put.*quotes"):
        configured(f"corpora: {{mine: {{{entry}}}}}")


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ("start,duration", "'duration' next to 'start'.* end of its recording"),
        ("start,len_s", "'len_s' next to 'start'.* end of its recording"),
        ("begin_ms,end_ms", "'begin_ms' is not in seconds.*'start' in seconds.*'end_ms' is not in seconds"),
        ("Onset (samples),to", r"'onset \(samples\)' is not in seconds"),
        ("segment_start,segment_end", "'segment_start'. Did you mean 'start'.*'segment_end'. Did you mean 'end'"),
        ("start_time_s,xmax", "'start_time_s'. Did you mean 'start'.*'xmax'. Did you mean 'end'"),
    ],
)
def test_columns_that_would_make_whole_files_of_segments_are_asked_about(
    tmp_path: Path, header: str, words: str
) -> None:
    put(tmp_path, f"path,emotion,utterance,{header}\nx.ogg,sad,u,0.5,2\n")
    with pytest.raises(SerError, match=words) as caught:
        read(tmp_path)
    assert ("_ms: start" in str(caught.value)) is False


def test_columns_that_only_resemble_one_are_not_asked_about(tmp_path: Path) -> None:
    others = "state,test,section,date,duration,frame_rate,sample_id,age"
    put(tmp_path, f"path,emotion,{others}\nx.ogg,sad{',7' * 8}\n")
    assert kinds(tmp_path) == {"unused-column": f"these columns are not used: {others.replace(',', ', ')}"}


def test_rows_that_differ_in_the_spelling_of_a_name_alone_count_once(tmp_path: Path) -> None:
    put(tmp_path, "path,emotion,speaker\nx.ogg,sad,07\nx.ogg,sad,7.0\ny.ogg,sad,07\n")
    found = read(tmp_path, spellings="one")
    assert [(row.utterance, row.speaker) for row in found] == [("x", "07"), ("y", "07")]


def test_an_emotion_that_is_declared_twice_is_one(tmp_path: Path) -> None:
    put(tmp_path, "path,emotion\nx.ogg,awe\ny.ogg,sad\n")
    assert table.facts(tmp_path, table="rows.txt", emotions=["awe", "sad", "awe"]).emotions == ("sad", "awe")


def test_a_broken_row_names_its_file_whatever_the_spelling(tmp_path: Path) -> None:
    name = "Łódź é.ogg"
    (tmp_path / unicodedata.normalize("NFD", name)).touch()
    put(tmp_path, f"path,emotion\nx.ogg,sad\n{name},blis\n")
    with pytest.raises(BrokenRowsError) as caught:
        read(tmp_path)
    assert [fault.audio for fault in caught.value.faults] == [unicodedata.normalize("NFD", name)]
    (warning,) = table.warnings(tmp_path, table="rows.txt")
    assert warning.where.endswith(":3")


def test_labels_that_differ_in_case_alone_may_not_contradict_each_other(tmp_path: Path) -> None:
    put(tmp_path, "path,emotion\nx.ogg,Froh\n")
    assert read(tmp_path, labels={"froh": "happy", "FROH": "happy"})[0].emotion == "happy"
    with pytest.raises(SerError, match="option 'labels', 'FROH: calm': the same name in another case is happy"):
        read(tmp_path, labels={"froh": "happy", "FROH": "calm"})
