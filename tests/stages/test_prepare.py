"""Preparing: the manifest of what is there, and every fault by name in one report."""

import csv
import os
import re
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from ser.config.schema import Corpus
from ser.errors import SerError
from ser.files.checksums import checksum
from ser.preparation.accepted_rows import accepted_facts
from ser.stages.prepare import PrepareJob, prepare
from ser.tables import contracts

REAL = Path(__file__).parents[3] / "shared/data/ravdess"


def put(root: Path, *names: str, seconds: float = 0.5) -> Path:
    root.mkdir(exist_ok=True)
    for seed, name in enumerate(names):
        noise = np.random.default_rng(seed).uniform(-0.5, 0.5, round(seconds * 16_000))
        soundfile.write(root / name, noise, 16_000)
    return root


def write_table(root: Path, *rows: str, header: str = "path,emotion,speaker") -> Path:
    (root / "t.csv").write_text("\n".join([header, *rows]) + "\n")
    return root


def run(root: Path, adapter: str = "table", **settings: Any) -> tuple[list[dict[str, Any]], list[dict[str, str]]]:
    options = settings.pop("options", {"table": "t.csv"} if adapter == "table" else {})
    manifest, excluded = root.parent / "out/manifest.parquet", root.parent / "out/excluded.csv"
    recordings = root.parent / "out/recordings.parquet"
    entry = Corpus(adapter=adapter, options=options, **settings)
    prepare(
        PrepareJob(
            corpus="own", settings=entry, root=root, manifest=manifest, recordings=recordings, excluded=excluded, jobs=2
        )
    )
    with excluded.open(newline="") as file:
        return contracts.read(contracts.MANIFEST, manifest).to_pylist(), list(csv.DictReader(file))


def test_the_manifest_holds_labels_and_what_the_files_are(tmp_path: Path) -> None:
    root = write_table(put(tmp_path / "r", "b.wav", "a.wav"), "b.wav,sad,s1", "a.wav,happy,s2")
    soundfile.write(root / "b.wav", np.random.default_rng(0).uniform(-1, 1, (24_000, 2)), 48_000)
    rows, left_out = run(root)
    assert left_out == []
    assert [row["utterance"] for row in rows] == ["a", "b"]
    b = rows[1]
    assert (b["audio"], b["emotion"], b["speaker"]) == ("b.wav", "sad", "s1")
    assert (b["rate"], b["channels"], b["seconds"]) == (48_000, 2, pytest.approx(0.5))
    assert b["checksum"] == checksum(root / "b.wav")
    notes = contracts.metadata(tmp_path / "out/manifest.parquet")
    assert (notes["corpus"], notes["adapter"]) == ("own", "table")


def test_shards_follow_the_facts_and_are_even(tmp_path: Path) -> None:
    names = [f"{n}.wav" for n in range(7)]
    root = write_table(put(tmp_path / "r", *names), *(f"{name},sad," for name in names))
    rows, _ = run(root, shard_size=3)
    assert Counter(row["shard"] for row in rows) == {0: 3, 1: 2, 2: 2}
    rows, left_out = run(root, shard_size=3, exclude=["0", "1", "2", "3", "5"])
    assert {row["shard"] for row in rows} <= {0, 1, 2}
    assert [row["utterance"] for row in left_out] == ["0", "1", "2", "3", "5"]


def test_all_faults_are_reported_at_once_with_what_accepts_them(tmp_path: Path) -> None:
    root = put(tmp_path / "r", "good.wav", "stray.wav", *(f"cut{n}.wav" for n in range(7)))
    put(root, "brief.wav", seconds=0.1)
    soundfile.write(root / "mute.wav", np.zeros(16_000), 16_000)
    for n in range(7):
        (root / f"cut{n}.wav").write_bytes((root / f"cut{n}.wav").read_bytes()[:-1000])
    (root / "empty.wav").touch()
    names = ("good", "gone", "brief", "mute", "empty", *(f"cut{n}" for n in range(7)))
    write_table(root, *(f"{name}.wav,sad," for name in names), "later.wav,,")
    put(root, "later.wav")
    with pytest.raises(SerError) as error:
        run(root)
    text = str(error.value)
    for kind in ("missing-audio, 1", "unlabelled-audio, 2", "unreadable, 8", "silent, 1", "short, 1"):
        assert kind in text
    for words in ("t.csv:3", "gone", "stray.wav", "mute", "brief", "and 3 more", "allow: [short]", "truncated"):
        assert words in text
    assert "good" not in text
    assert "subset" not in text
    assert not (tmp_path / "out").exists()
    rows, left_out = run(root, allow=["missing-audio", "unlabelled-audio", "unreadable", "silent", "short"])
    assert [(row["utterance"], row["emotion"]) for row in rows] == [("good", "sad"), ("later", None)]
    assert len(left_out) == 12
    assert {"utterance": "", "audio": "stray.wav", "reason": "unlabelled-audio: has no label"} in left_out


def test_what_is_allowed_hides_nothing_else(tmp_path: Path) -> None:
    root = write_table(put(tmp_path / "r", "a.wav", "b.wav"), "a.wav,sad,", "b.wav,sad,", "c.wav,sad,")
    soundfile.write(root / "b.wav", np.zeros(16_000), 16_000)
    with pytest.raises(SerError) as error:
        run(root, allow=["silent"])
    assert "missing-audio" in str(error.value)
    assert "silent" not in str(error.value)


def test_excluding_by_name(tmp_path: Path) -> None:
    root = write_table(put(tmp_path / "r", "aa1.wav", "aa2.wav"), "aa1.wav,sad,", "aa2.wav,sad,")
    (root / "aa1.wav").write_bytes(b"broken")
    rows, left_out = run(root, exclude=["aa1"])
    assert [row["utterance"] for row in rows] == ["aa2"]
    assert "exclude" in left_out[0]["reason"]
    with pytest.raises(SerError, match=r"'aa3', 'bb'.*Did you mean 'aa"):
        run(root, exclude=["bb", "aa3"])
    with pytest.raises(SerError, match="no utterance is left"):
        run(root, exclude=["aa1", "aa2"])


def test_broken_rows_are_left_out_by_name_by_line_or_all(tmp_path: Path) -> None:
    root = put(tmp_path / "r", "fine.wav", "odd.wav", "late.wav")
    write_table(
        root, "fine.wav,sad,s1,", "odd.wav,mad,s1,", "late.wav,sad,s1,-3", ",sad,s1,", header="path,emotion,speaker,end"
    )
    with pytest.raises(SerError, match=r"broken-row, 3:"):
        run(root)
    with pytest.raises(SerError, match=r"broken-row, 1:\n.*'mad'"):
        run(root, exclude=["late", "t.csv:5"])
    for settings in ({"exclude": ["late", "t.csv:5", "t.csv:3"]}, {"allow": ["broken-row"]}):
        rows, left_out = run(root, **settings)
        assert [row["utterance"] for row in rows] == ["fine"]
        assert [row["utterance"] for row in left_out] == ["odd", "late", "t.csv:5"]
        assert "'mad'" in left_out[0]["reason"]
    settings = Corpus(adapter="table", options={"table": "t.csv"}, allow=["broken-row"])
    assert accepted_facts(settings, root).utterances == 1


def test_a_broken_row_does_not_take_the_sound_row_of_its_name_along(tmp_path: Path) -> None:
    root = write_table(put(tmp_path / "r", "a.wav", "b.wav"), "a.wav,mad,s1", "a.wav,sad,s1", "b.wav,sad,s1")
    for settings in ({"allow": ["broken-row"]}, {"exclude": ["t.csv:2"]}):
        rows, left_out = run(root, **settings)
        assert [row["utterance"] for row in rows] == ["a", "b"]
        assert [row["utterance"] for row in left_out] == ["t.csv:2"]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
def test_the_manifest_is_the_same_whoever_wrote_the_table(tmp_path: Path, encoding: str) -> None:
    root = put(tmp_path / "r", "é1.wav", "b.wav", "talk.wav", seconds=1)
    rows = ["é1.wav,sad,Zoë,,", "b.wav,angry,ben,,", "talk.wav,happy,ben,0.5,", "talk.wav,happy,ben,0,0.5"]
    write_table(root, *rows, header="path,emotion,speaker,start,end")
    run(root)
    first = (tmp_path / "out/manifest.parquet").read_bytes()
    accent = "é" if encoding == "cp1252" else "e\u0301"
    lines = [
        "sep=;",
        ";end;speaker;Emotion;file;start;age;;",
        f"0;0 days 00:00:00.500000;ben;HAPPY;{root}/talk.wav;0 days;31;;",
        "1;NaT;ben;Happy ;.\\talk.wav;0,5;31;;",
        "2;nan;ben;angry;b.wav;nan;31;;",
        f"3;;Zoë\u00a0;sad;{accent}1.wav;;44;;",
    ]
    (root / "t.csv").write_bytes("\r\n".join(lines).encode(encoding))
    run(root, options={"table": "t.csv", **({"encoding": encoding} if encoding == "cp1252" else {})})
    assert (tmp_path / "out/manifest.parquet").read_bytes() == first


def test_what_was_understood_in_an_unexpected_way_is_printed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = put(tmp_path / "r", "a.wav", "b.wav")
    write_table(root, "A.wav,sad,nan,30", "b.wav,sad,None,41", header="path,emotion,speaker,age")
    assert {row["speaker"] for row in run(root)[0]} == {None}
    printed = capsys.readouterr().out
    assert "unused-column" in printed
    assert "age" in printed
    assert "column 'speaker': 2 cells are read as empty: 'nan' (1), 'None' (1)" in printed
    assert "'a.wav' for 'A.wav'" in printed


def test_emotions_of_ones_own_reach_the_manifest(tmp_path: Path) -> None:
    root = write_table(put(tmp_path / "r", "a.wav", "b.wav"), "a.wav,AMUSED,s1", "b.wav,3,s2")
    rows, _ = run(
        root, options={"table": "t.csv", "emotions": ["amused", "Mild sarcasm"], "labels": {"03": "mild sarcasm"}}
    )
    assert [row["emotion"] for row in rows] == ["amused", "Mild sarcasm"]


def test_rows_that_contradict_each_other_are_faults(tmp_path: Path) -> None:
    root = put(tmp_path / "r", "one.wav", "two.wav", "three.wav")
    put(root, "talk.wav", "long.wav", seconds=2)
    write_table(
        root,
        "one.wav,u1,sad,s1,,,f",
        "./one.wav,u2,happy,s1,,0.5,f",  # with the recording's own end
        "two.wav,u3,sad,s1,,,f",
        "two.wav,u4,sad,s2,,,f",
        "three.wav,u5,sad,s3,,,f",
        "talk.wav,u7,sad,s1,0,1,f",
        "talk.wav,u8,angry,s3,0.5,2,f",  # both speak at once
        "long.wav,u9,sad,s1,,,f",
        "long.wav,u10,sad,s3,1,2,f",
        header="path,utterance,emotion,speaker,start,end,gender",
    )
    with pytest.raises(SerError) as error:
        run(root)
    text = str(error.value)
    assert "contradiction, 6: " in text
    assert re.search(r"u1 \(.*t\.csv:2\): the same recording .* is 'sad' here and 'happy' in u2 \(t\.csv:3\)", text)
    assert "exclude" in text
    rows, left_out = run(root, allow=["contradiction"])
    assert [row["utterance"] for row in rows] == ["u5", "u7", "u8"]
    assert {row["utterance"] for row in left_out} == {"u1", "u2", "u3", "u4", "u9", "u10"}
    assert len(run(root, exclude=["u2", "u4", "u10"])[0]) == 6


def test_a_speaker_of_two_genders_is_a_warning(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = put(tmp_path / "r", "a.wav", "b.wav", "c.wav")
    write_table(root, "a.wav,sad,s1,f", "b.wav,sad,s1,f", "c.wav,sad,s1,m", header="path,emotion,speaker,gender")
    assert len(run(root)[0]) == 3
    printed = capsys.readouterr().out
    assert "two-genders, 1: c" in printed
    assert "speaker 's1' is 'male' here and 'female' in a (t.csv:2)" in printed


def test_copies_with_other_labels_are_a_warning(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = put(tmp_path / "r", "one.wav", "two.wav", "three.wav")
    (root / "four.wav").symlink_to(root / "one.wav")
    shutil.copy(root / "one.wav", root / "five.wav")
    write_table(root, "one.wav,sad,s1", "two.wav,sad,s1", "three.wav,sad,s1", "four.wav,happy,s1", "five.wav,sad,s1")
    assert len(run(root)[0]) == 5
    printed = capsys.readouterr().out
    assert "labelled-twice, 3" in printed
    assert "a file with the same bytes is 'sad' here and 'happy' in four (t.csv:5)" in printed


def test_an_utterance_name_of_two_files_is_a_contradiction(tmp_path: Path) -> None:
    root = put(tmp_path / "r", "one.wav", "two.wav", "three.wav")
    write_table(root, "one.wav,sad,u", "two.wav,sad,u", "three.wav,sad,v", header="path,emotion,utterance")
    with pytest.raises(SerError, match=r"contradiction, 2:\n.*t\.csv:2: utterance 'u' is also at .*t\.csv:3"):
        run(root)
    assert [row["utterance"] for row in run(root, allow=["contradiction"])[0]] == ["v"]
    assert [row["utterance"] for row in run(root, exclude=["u"])[0]] == ["v"]


def test_a_name_that_is_not_utf_8(tmp_path: Path) -> None:
    root = write_table(put(tmp_path / "r", "a.wav"), "a.wav,sad,s1")
    put(root, "b.wav")
    os.rename(bytes(root / "b.wav"), bytes(root) + b"/b\xe4r.wav")
    with pytest.raises(SerError, match=r"unlabelled-audio, 1: b\\udce4r\.wav: .*not UTF-8.*rename"):
        run(root)
    rows, left_out = run(root, allow=["unlabelled-audio"])
    assert [row["utterance"] for row in rows] == ["a"]
    assert [row["audio"] for row in left_out] == ["b\\udce4r.wav"]


def test_recordings_below_linked_folders_are_noticed_once(tmp_path: Path) -> None:
    root = put(tmp_path / "r", "a.wav")
    put(tmp_path / "far", "b.wav", "c.wav")
    put(tmp_path / "far/deep", "d.wav")
    for name in ("one", "two"):
        (root / name).symlink_to(tmp_path / "far")
    (tmp_path / "far/back").symlink_to(root)
    (root / "e.wav").symlink_to(root / "a.wav")
    write_table(root, "a.wav,sad,s1", "two/b.wav,sad,s1")
    with pytest.raises(SerError) as error:
        run(root)
    missed = re.findall(r"(\w+)\.wav: has no label", str(error.value))
    assert missed == ["c", "d"]  # b is named through the other link, e is a link to a


def test_a_second_copy_of_the_corpus_is_named_as_one(tmp_path: Path) -> None:
    root = put(tmp_path / "r", "a.wav", "b.wav")
    shutil.copytree(root, root / "copy")
    put(root / "copy", "c.wav", "d.wav", "e.wav")
    write_table(root, "a.wav,sad,s1", "b.wav,sad,s1")
    with pytest.raises(SerError) as error:
        run(root)
    assert "copy/b.wav: has no label, and is a copy of b.wav, which has one" in str(error.value)
    assert re.search(r"copy/e\.wav: has no label[,.]", str(error.value))


def test_utterances_that_share_a_file(tmp_path: Path) -> None:
    root = put(tmp_path / "r", "call.wav", seconds=3)
    rows = ("call.wav,sad,0,1", "call.wav,angry,1.2,2.7", "call.wav,angry,2.5,4")
    write_table(root, *rows, header="path,emotion,start,end")
    with pytest.raises(SerError, match=r"unreadable, 1: call@2\.500.*t\.csv:4.*outside"):
        run(root)
    found, _ = run(root, allow=["unreadable"])
    assert [row["seconds"] for row in found] == [pytest.approx(1.0), pytest.approx(1.5)]
    assert len({row["checksum"] for row in found}) == 1


def test_a_root_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(SerError, match="nowhere"):
        run(tmp_path / "nowhere")


def test_a_subset_is_an_error_unless_allowed(tmp_path: Path) -> None:
    folder = tmp_path / "r/Actor_01"
    folder.mkdir(parents=True)
    put(folder, "03-01-05-01-01-01-01.wav", "03-01-06-01-01-01-01.wav")
    with pytest.raises(SerError, match=r"subset, \d.*1438 of 1440.*allow: \[subset\]"):
        run(tmp_path / "r", "ravdess")
    rows, left_out = run(tmp_path / "r", "ravdess", allow=["subset"])
    assert [(row["emotion"], row["shard"]) for row in rows] == [("angry", 0), ("fearful", 0)]
    assert left_out == []
    shutil.copy(folder / "03-01-05-01-01-01-01.wav", folder / "03-01-05-01-01-01-01.flac")
    with pytest.raises(SerError, match="more than once"):
        run(tmp_path / "r", "ravdess", allow=["subset"])


def test_the_real_ravdess_is_whole(tmp_path: Path) -> None:
    if not REAL.is_dir():
        pytest.skip(f"no RAVDESS recordings at {REAL}")
    manifest = tmp_path / "manifest.parquet"
    paths = {"manifest": manifest, "recordings": tmp_path / "r.parquet", "excluded": tmp_path / "excluded.csv"}
    prepare(PrepareJob(corpus="ravdess", settings=Corpus(adapter="ravdess"), root=REAL, jobs=2, **paths))
    table = contracts.read(contracts.MANIFEST, manifest)
    assert table.num_rows == 1440
    assert set(table["rate"].to_pylist()) == {16_000}
    assert Counter(table["shard"].to_pylist()) == {0: 480, 1: 480, 2: 480}
    assert 1.4 < sum(table["seconds"].to_pylist()) / 3600 < 1.6
    assert paths["excluded"].read_text() == "utterance,audio,reason\n"
