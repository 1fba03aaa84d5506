"""``ser inspect``: what recordings are found to be, and that its draft can be used as it is."""

import csv
import os
import random
import re
import shlex
from pathlib import Path

import numpy as np
import pytest
import soundfile
import yaml
from typer.testing import CliRunner

from ser.cli import app
from ser.config import read
from ser.config.schema import Config
from ser.corpora import demo
from ser.errors import SerError
from ser.inspection.guess import guessed
from ser.inspection.page import inspected
from ser.inspection.release import release
from ser.stages.prepare import PrepareJob, prepare
from ser.tables import contracts

RATE = 11_025


def speech(path: Path, seconds: float, seed: int) -> Path:
    """Write noise whose level goes up and down as that of syllables does."""
    path.parent.mkdir(parents=True, exist_ok=True)
    time = np.arange(round(seconds * RATE)) / RATE
    noise = np.random.default_rng(seed).normal(0, 0.1, len(time))
    soundfile.write(path, noise * (1.1 + np.sin(2 * np.pi * 3 * time)) / 2, RATE)
    return path


def own_corpus(root: Path) -> Path:
    """Write six speakers with eight recordings each, one of which has overlapping windows, and their table."""
    rows = []
    for number in range(6):
        for take in range(8):
            audio = f"p{number}/take{take}.wav"
            speech(root / audio, 1.2, 8 * number + take)
            rows.append([audio, ("wütend", "fröhlich")[take % 2], f"p{number}", "", ""])
    speech(root / "p0/long.flac", 5.0, 99)
    rows += [["p0/long.flac", "wütend", "p0", f"{start:.1f}", f"{start + 1.5:.1f}"] for start in (0.0, 1.0, 2.0, 3.5)]
    with (root / "takes.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([["path", "emotion", "speaker", "start", "end"], *rows])
    return root


LABELS = {"wütend": "angry", "fröhlich": "happy"}


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return own_corpus(tmp_path_factory.mktemp("own"))


def resolved(draft: Path) -> Config:
    """Return the configuration that Snakemake reads with the draft."""
    shipped = read.read_yaml(read.SHIPPED / "config.yaml")
    return read.resolve(read.merged(shipped, read.read_yaml(draft)), read.SHIPPED)


def page(path: Path, **changes: object) -> dict[str, str]:
    """Return the sections of the page by title."""
    given = {
        "adapter": None,
        "options": {"labels": LABELS},
        "draft_to": None,
        "jobs": 1,
        "config": read.SHIPPED,
        **changes,
    }
    parts = [block.split("\n", 2) for block in inspected(path, **given).split("\n\n")]  # type: ignore[arg-type]
    return {part[0]: part[2] for part in parts if len(part) == 3 and set(part[1]) == {"-"}}


def test_the_page_counts_what_is_there(corpus: Path) -> None:
    found = page(corpus)
    assert "wav (48), flac (1)" in found["Recordings"]
    assert f"{RATE} Hz (49)" in found["Recordings"]
    assert f"52, {(48 * 1.2 + 4 * 1.5) / 60:.1f} minutes in all" in found["Recordings"]
    assert "6, with 8 to 12 utterances each" in found["People and texts"]
    assert [line.split() for line in found["Emotions"].splitlines()] == [
        ["angry", "28", "utterances", "of", "6", "speakers"],
        ["happy", "24", "utterances", "of", "6", "speakers"],
    ]
    # 0–1.5, 1–2.5 and 2–3.5 s overlap in a chain; 3.5–5 s begins where the third ends
    assert found["The same sound twice"].startswith("utterances that overlap another one, 3:")
    folds = {line.split()[0]: line.split()[1] for line in found["Protocols"].splitlines()}
    assert folds["speaker-folds-all"] == "6"
    assert folds["speaker-out-all"] == "6"
    assert folds["session-out-4"] == "not"


def test_a_table_and_its_folder_give_the_same_page(corpus: Path) -> None:
    assert page(corpus) == page(corpus / "takes.csv")


def test_the_draft_is_a_configuration_with_which_the_corpus_is_prepared(corpus: Path, tmp_path: Path) -> None:
    draft = tmp_path / "mine.yaml"
    page(corpus, draft_to=draft)
    config = resolved(draft)
    (name,) = config.experiment.selected("corpora")
    assert config.experiment.selected("protocols") == ["speaker-folds-all"]
    settings = config.corpora[name]
    paths = {key: tmp_path / key for key in ("manifest", "recordings", "excluded")}
    prepare(PrepareJob(corpus=name, settings=settings, root=settings.folder, **paths))
    table = contracts.read(contracts.MANIFEST, tmp_path / "manifest").to_pandas()
    assert len(table) == 52
    assert set(table["emotion"]) == {"angry", "happy"}
    with pytest.raises(SerError, match="not written over"):
        page(corpus, draft_to=draft)


def test_faults_are_listed_with_what_settles_them_and_do_not_stop_the_page(tmp_path: Path) -> None:
    root = own_corpus(tmp_path)
    (root / "p1/take3.wav").unlink()
    (root / "p2/take0.wav").write_bytes(b"no sound at all")
    speech(root / "p9/extra.wav", 1.0, 7)
    found = page(root)
    faults = next(text for title, text in found.items() if title.startswith("Faults"))
    for kind, audio in (("missing-audio", "take3"), ("unreadable", "take0"), ("unlabelled-audio", "p9/extra.wav")):
        assert f"{kind}, 1: " in faults
        assert audio in faults
        assert f"'allow: [{kind}]'" in faults
    assert "50, " in found["Recordings"]
    assert "# allow: [" in next(text for title, text in found.items() if title.startswith("Draft"))


def test_a_copy_under_another_name_is_found(tmp_path: Path) -> None:
    root = own_corpus(tmp_path)
    (root / "p3/take1.wav").write_bytes((root / "p5/take5.wav").read_bytes())
    assert "several names, 1: p3/take1.wav = p5/take5.wav" in page(root)["The same sound twice"]


def test_recordings_without_a_table_get_a_first_one(tmp_path: Path) -> None:
    rng = random.Random(5)
    for number in range(4):
        for emotion in ("anger", "joy", "neutral"):
            speech(tmp_path / f"rec/{emotion}/spk{number:02d}_{rng.randrange(100)}.wav", 0.8, number)
    draft = tmp_path / "mine.yaml"
    done = CliRunner().invoke(app, ["inspect", str(tmp_path / "rec"), "--draft", str(draft), "--jobs", "1"])
    assert done.exit_code == 0, done.output
    assert "12 recordings without a table of labels" in done.output
    with (tmp_path / "mine.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert sorted({row["speaker"] for row in rows}) == ["spk00", "spk01", "spk02", "spk03"]
    assert sorted(row["emotion"] for row in rows) == sorted(["angry", "happy", "neutral"] * 4)
    entry = yaml.safe_load(draft.read_text())["corpora"]["rec"]
    assert (entry["adapter"], entry["root"]) == ("table", str(tmp_path / "rec"))
    settings = resolved(draft).corpora["rec"]
    assert len(settings.load().utterances(settings.folder, **settings.options)) == 12


def test_a_path_that_tells_two_emotions_tells_none() -> None:
    files = ["happy/sad_1.wav", "ben/fear.wav", "ben/x.wav", "Actor-12/angry-2.wav"]
    emotions = [emotion for _, emotion, _ in guessed(files)]
    assert emotions == ["", "fearful", "", "angry"]
    assert guessed(["ben/fear.wav", "anna/joy.wav"]) == [
        ("ben/fear.wav", "fearful", "ben"),
        ("anna/joy.wav", "happy", "anna"),
    ]
    parts = ["train/fear.wav", "Test/joy.wav", "session_2/x.wav", "dev/spk3/x.wav"]
    assert [speaker for _, _, speaker in guessed(parts)] == ["", "", "", "spk3"]


@pytest.fixture(scope="module")
def iemocap(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("corpora") / "IEMOCAP_full_release"
    demo.release(root, utterances=40, jobs=1)
    return root


@pytest.mark.parametrize("where", [".", "..", "Session3", "Session3/sentences/wav"])
def test_a_release_is_found_from_too_high_and_too_low(iemocap: Path, where: str) -> None:
    found = release((iemocap / where).resolve())
    assert (found.adapter, found.root.resolve()) == ("iemocap", iemocap.resolve())
    assert bool(found.remark) == (where != ".")


def test_one_session_alone_is_a_subset(iemocap: Path, tmp_path: Path) -> None:
    (tmp_path / "Session2").symlink_to(iemocap / "Session2")
    done = CliRunner().invoke(app, ["inspect", "--iemocap", str(tmp_path), "--jobs", "1"])
    assert done.exit_code == 0, done.output
    assert "subset, " in done.output
    assert "'allow: [subset]'" in done.output
    assert "2, with " in done.output  # speakers


def test_renamed_folders_of_a_release_are_named(tmp_path: Path) -> None:
    for actor in (1, 2):
        for emotion in (1, 3, 5):
            speech(tmp_path / f"person{actor}/03-01-0{emotion}-01-01-01-0{actor}.wav", 0.5, actor)
    with pytest.raises(SerError, match=r"6 of 6 recordings are named as those of RAVDESS.* lie in person1, person2"):
        release(tmp_path)


def test_nothing_to_read_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "notes.md").write_text("nothing")
    for path, text in ((tmp_path, "no recordings"), (tmp_path / "gone", "no such"), (tmp_path / "notes.md", "neither")):
        with pytest.raises(SerError, match=text):
            release(path)


def test_spellings_and_what_helps_are_part_of_the_page(tmp_path: Path) -> None:
    for number in range(4):
        speech(tmp_path / f"{number}.wav", 0.6, number)
    rows = "0.wav,angry,Anna\n1.wav,happy,anna\n2.wav,happy,Ben\n3.wav,bliss,Ben\n"
    (tmp_path / "rows.csv").write_text(f"path,emotion,speaker\n{rows}")
    found = page(tmp_path, options={})
    faults = next(text for title, text in found.items() if title.startswith("Faults"))
    assert "names of column 'speaker' in several spellings, 1: 'Anna' (1 rows) and 'anna' (1 rows)" in faults
    assert "unknown emotion 'bliss'" in faults
    assert "'options: {emotions: [amused]}'" in faults
    draft = next(text for title, text in found.items() if title.startswith("Draft"))
    assert "# spelling: 'options: {spellings: one}' makes them one" in draft


def test_options_of_the_adapter_reach_the_page_and_the_draft(tmp_path: Path) -> None:
    for number in range(2):
        speech(tmp_path / f"{number}.wav", 0.6, number)
    (tmp_path / "rows.csv").write_bytes("path,emotion,speaker\n0.wav,bliss,Zoë\n1.wav,sad,zoë\n".encode("cp1252"))
    table = ["inspect", str(tmp_path / "rows.csv")]
    done = CliRunner().invoke(app, table)
    assert "encoding: cp1252" in str(done.output) + str(done.stderr)
    given = ["--option", "encoding=cp1252", "--option", "emotions=[bliss]", "--option", "spellings=one"]
    done = CliRunner().invoke(app, [*table, *given])
    assert done.exit_code == 0
    assert "bliss" in done.output
    assert re.search(r"speaker +1, with 2 utterances each +'Zoë'", done.output)
    assert "encoding: cp1252" in done.output
    assert "spellings: one" in done.output
    for wrong, words in (("spelling=one", "Did you mean 'spellings'"), ("emotions", "KEY=VALUE"), ("labels=[", "YAML")):
        done = CliRunner().invoke(app, [*table, "--option", wrong])
        assert done.exit_code == 2
        assert words in str(done.output) + str(done.stderr)


def test_a_table_that_cannot_be_read_is_not_passed_over(tmp_path: Path) -> None:
    speech(tmp_path / "a/0.wav", 0.6, 0)
    (tmp_path / "labels.csv").write_bytes("path,emotion\nä.wav,sad\n".encode("cp1252"))
    assert "name its encoding" in inspected(tmp_path, None, {}, None, 1, read.SHIPPED)
    (tmp_path / "labels.csv").write_text("clip,label\n0.wav,sad\n")
    assert "no column path or emotion, but clip, label" in inspected(tmp_path, None, {}, None, 1, read.SHIPPED)
    (tmp_path / "labels.csv").rename(tmp_path / "labels.XLSX")
    assert "save it as 'CSV UTF-8'" in inspected(tmp_path, None, {}, None, 1, read.SHIPPED)
    with pytest.raises(SerError, match="save a spreadsheet as 'CSV UTF-8'"):
        release(tmp_path / "labels.XLSX")


def table_of(root: Path, files: list[str], name: str = "rows.csv") -> Path:
    """Write short recordings and a table of them, emotions and speakers in turn."""
    rows = ["path,emotion,speaker"]
    for number, audio in enumerate(files):
        speech(root / audio, 0.4, number)
        rows.append(f"{audio},{('sad', 'angry')[number % 2]},v{number // 2}")
    (root / name).parent.mkdir(exist_ok=True)
    (root / name).write_text("\n".join(rows) + "\n")
    return root / name


def test_a_text_about_the_recordings_is_not_taken_for_their_table(tmp_path: Path) -> None:
    (tmp_path / "ABOUT.txt").write_text("Every file has one emotion\nThey were all recorded in spring.\n")
    (tmp_path / "a.csv").write_text("file,hertz\n0.wav,50\n")
    (tmp_path / "b.csv").mkdir()
    table_of(tmp_path, ["0.wav", "1.wav"], "z.csv")
    found = release(tmp_path)
    assert found.options == {"table": "z.csv"}
    assert "z.csv, a.csv" in found.remark
    assert release(tmp_path, "table") == found
    with pytest.raises(SerError, match=r"unknown adapter 'tabel'\. Did you mean 'table'"):
        release(tmp_path, "tabel")


def test_a_table_in_another_folder_is_read_with_the_root_that_is_given(tmp_path: Path) -> None:
    table_of(tmp_path, ["0.wav", "1.wav", "2.wav", "3.wav"], "lists/all.csv")
    assert "--option table=lists/all.csv" in release(tmp_path).remark
    with pytest.raises(SerError, match=r"4 of 4 recordings are not below .*/lists, .*--option table=.*/lists/all\.csv"):
        page(tmp_path / "lists/all.csv", options={})
    assert "angry  2 utterances" in page(tmp_path, options={"table": "lists/all.csv"})["Emotions"]
    with pytest.raises(SerError, match="Name the table to which the options apply"):
        page(tmp_path, options={"spellings": "one"})


def test_what_a_draft_proposes_can_be_accepted_by_removing_the_mark_of_a_comment(tmp_path: Path) -> None:
    for actor in (3, 4):
        for emotion in (1, 3, 5):
            name = f"Actor_0{actor}/03-01-0{emotion}-01-01-01-0{actor}.wav"
            speech(tmp_path / name, 0.5, actor)
            speech(tmp_path / "copy" / name, 0.5, actor)
    draft = tmp_path / "mine.yaml"
    found = page(tmp_path, options={}, draft_to=draft)
    assert "not-taken, 6: copy/" in found["Not taken"]
    draft.write_text(draft.read_text().replace("# allow:", "allow:"))
    assert resolved(draft).corpora["ravdess"].allow == ("subset",)


@pytest.mark.parametrize(("name", "words"), [("a.csv", "ends in .yaml"), ("gone/a.yaml", "gone does not exist")])
def test_a_draft_that_cannot_be_written_is_refused_before_anything_is_read(
    tmp_path: Path, name: str, words: str
) -> None:
    (tmp_path / "0.wav").touch()
    with pytest.raises(SerError, match=words):
        page(tmp_path / "no such folder", draft_to=tmp_path / name)
    assert [one.name for one in tmp_path.iterdir()] == ["0.wav"]


def test_a_link_to_nothing_is_a_recording_without_a_label(tmp_path: Path) -> None:
    table_of(tmp_path, ["0.wav", "1.wav"])
    (tmp_path / "gone.flac").symlink_to(tmp_path / "nothing")
    faults = next(text for title, text in page(tmp_path, options={}).items() if title.startswith("Faults"))
    assert faults.startswith("unlabelled-audio, 1: gone.flac: has no label.")


def test_what_is_written_for_recordings_without_a_table_can_be_inspected_as_it_says(tmp_path: Path) -> None:
    for number in range(3):
        speech(tmp_path / f"my takes/id{number}_{('fear', 'joy')[number % 2]}.wav", 0.4, number)
    os.rename(
        os.fsencode(tmp_path / "my takes/id2_fear.wav"), os.fsencode(tmp_path / "my takes") + b"/id2_fear\xe9.wav"
    )
    draft = tmp_path / "out/first draft.yaml"
    draft.parent.mkdir()
    text = inspected(tmp_path / "my takes", None, {}, draft, 1, read.SHIPPED)
    command = shlex.split(re.findall("`(.*)`", text)[0])
    done = CliRunner().invoke(app, [*command[1:], "--jobs", "1"])
    assert done.exit_code == 0, done.output
    assert "fearful  1 utterances" in done.output
    assert "unlabelled-audio, 1: id2_fear\\udce9.wav" in done.output
    first, second = draft.read_text().splitlines()[:2]
    assert shlex.split(first)[-1] == str(draft)
    assert second.startswith("# No protocol is known to be possible")


def test_a_folder_whose_name_is_not_utf_8_is_described(tmp_path: Path) -> None:
    root = Path(os.fsdecode(os.fsencode(tmp_path) + b"/k\xf6ln"))
    root.mkdir()
    (root / "rows.csv").write_text("path,emotion\n0.wav,sad\n")
    with (root / "0.wav").open("wb") as file:
        soundfile.write(file, np.random.default_rng(0).normal(0, 0.1, RATE), RATE, format="WAV")
    assert "k\\udcf6ln" in inspected(root, None, {}, None, 1, read.SHIPPED)


def test_every_unknown_emotion_is_named_however_many_rows_have_it(tmp_path: Path) -> None:
    speech(tmp_path / "0.wav", 0.4, 0)
    names = [name for name, count in (("awe", 15), ("irony", 14), ("pride", 1)) for _ in range(count)]
    rows = "".join(f"{number}.wav,{name}\n" for number, name in enumerate(names, 1))
    (tmp_path / "rows.csv").write_text(f"path,emotion\n0.wav,sad\n{rows}")
    faults = next(text for title, text in page(tmp_path, options={}).items() if title.startswith("Faults"))
    assert "broken-row, 30: 1 " in faults
    for text in ("unknown emotion 'awe' (15 such)", "unknown emotion 'irony' (14 such)", "unknown emotion 'pride', "):
        assert text in faults
    assert "and 20 more." in faults


def test_a_table_counts_more_than_folders_named_as_those_of_a_release(tmp_path: Path) -> None:
    table_of(tmp_path, ["Session1/a.wav", "Session2/b.wav"])
    assert release(tmp_path).options == {"table": "rows.csv"}
    (tmp_path / "rows.csv").unlink()
    assert release(tmp_path).adapter == release(tmp_path / "Session2").adapter == "table"
    table_of(tmp_path, ["Session1/a.wav"])
    with pytest.raises(SerError, match="EmoEvaluation"):
        page(tmp_path, adapter="iemocap", options={})


def test_a_row_without_an_emotion_counts_as_it_does_in_the_manifest(tmp_path: Path) -> None:
    root = own_corpus(tmp_path)
    table = root / "takes.csv"
    table.write_text(table.read_text(encoding="utf-8").replace("take7.wav,fröhlich", "take7.wav,"), encoding="utf-8")
    found = page(root)
    assert "52, " in found["Recordings"]
    assert ["not", "labelled", "6", "utterances", "of", "6", "speakers"] in map(
        str.split, found["Emotions"].splitlines()
    )
