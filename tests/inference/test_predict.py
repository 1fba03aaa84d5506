"""``ser predict``: whatever is given is predicted, and what cannot be used is named."""

import csv
import io
import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import soundfile
import soxr
from tiny_project import TEXTS, UTTERANCES, Project, names_of_test, protocol, sound
from typer.testing import CliRunner, Result

from ser import cli
from ser.audio.arrays import as_mono
from ser.errors import SerError
from ser.inference import predictions, recordings, trained_run
from ser.inference.recordings import Request
from ser.inference.system import System, window_bounds
from ser.tables import contracts


def called(*arguments: object, given: bytes | None = None) -> Result:
    return CliRunner().invoke(cli.app, ["predict", *map(str, arguments)], input=given)


def rows(result: Result) -> list[dict[str, str]]:
    assert result.exit_code == 0, result.output
    return list(csv.DictReader(io.StringIO(result.stdout)))


@pytest.fixture
def run(project: Project) -> Path:
    """The run of a system that reads nothing but sound."""
    return project.train("SVM-eGeMAPS")


def test_files_folders_and_tables_are_predicted_and_the_unusable_named(run: Path, tmp_path: Path) -> None:
    (tmp_path / "more").mkdir()
    for name in ("a", "b"):
        soundfile.write(tmp_path / "more" / f"{name}.flac", sound(3), 22050)
    (tmp_path / "more" / "no.wav").write_text("no sound")
    soundfile.write(tmp_path / "more" / "silent.wav", np.zeros(22050), 22050)
    (tmp_path / "t.csv").write_text("path,start,end,utterance\nmore/a.flac,0.1,0.9,first\nmore/gone.wav,,,\n")
    result = called("wav/test0.wav", tmp_path / "more", tmp_path / "t.csv", "--model", run)
    found = rows(result)
    assert [Path(row["recording"]).name for row in found] == ["test0.wav", "a.flac", "b.flac", "first"]
    assert found[1]["angry"] == found[2]["angry"]
    assert (found[3]["start"], found[3]["end"]) == ("0.100", "0.900")
    assert found[0]["start"] == ""
    for part in ("no.wav: cannot be read as audio: it is text", "silent.wav: is silent", "gone.wav: does not exist"):
        assert part in result.stderr
    alone = called(tmp_path / "more" / "no.wav", "--model", run)
    assert alone.exit_code == 2
    assert "none of 1 recordings could be used" in alone.stderr


def test_every_format_has_the_same_numbers(run: Path, tmp_path: Path) -> None:
    plain = rows(called("wav/test0.wav", "wav/test1.wav", "--model", run))
    called("wav/test0.wav", "wav/test1.wav", "--model", run, "--out", tmp_path / "o.jsonl")
    called("wav/test0.wav", "wav/test1.wav", "--model", run, "--out", tmp_path / "o.parquet")
    lines = [json.loads(line) for line in (tmp_path / "o.jsonl").read_text().splitlines()]
    table = pq.read_table(tmp_path / "o.parquet")
    classes = json.loads(contracts.metadata(tmp_path / "o.parquet")["classes"])
    for row, line, stored in zip(plain, lines, table.to_pylist(), strict=True):
        assert row["predicted"] == line["predicted"] == stored["predicted"]
        for at, name in enumerate(classes):
            assert float(row[name]) == pytest.approx(line["probabilities"][name], abs=1e-6)
            assert float(row[name]) == pytest.approx(stored["probabilities"][at], abs=1e-6)
    shown = called("wav/test0.wav", "--model", run, "--format", "table").stdout
    assert plain[0]["predicted"] in shown
    assert "%" in shown
    wrong = called("wav/test0.wav", "--model", run, "--out", tmp_path / "o.xlsx")
    assert wrong.exit_code == 2
    assert "the suffix names no format" in wrong.stderr


def test_standard_input_is_a_file_or_samples(run: Path, tmp_path: Path) -> None:
    expected = rows(called("wav/test0.wav", "--model", run))[0]
    piped = rows(called("-", "--model", run, given=Path("wav/test0.wav").read_bytes()))[0]
    assert piped == expected | {"recording": "-"}
    samples = soundfile.read("wav/test0.wav", dtype="int16")[0][:, 0]
    soundfile.write(tmp_path / "left.wav", samples, 22050)
    raw = rows(called("-", "--raw", 22050, "--model", run, given=samples.astype("<i2").tobytes()))[0]
    assert raw == rows(called(tmp_path / "left.wav", "--model", run))[0] | {"recording": "-"}
    assert "standard input is empty" in called("-", "--model", run, given=b"").stderr


def test_the_rate_of_a_recording_does_not_decide_its_answer(run: Path, tmp_path: Path) -> None:
    samples = soundfile.read("wav/test0.wav")[0]
    for rate in (16_000, 48_000, 96_000):
        soundfile.write(tmp_path / f"{rate}.wav", soxr.resample(samples, 22_050, rate), rate, "FLOAT")
    found = rows(called("wav/test0.wav", *sorted(tmp_path.glob("*.wav")), "--model", run))
    assert {row["predicted"] for row in found} == {found[0]["predicted"]}
    for name in ("angry", "happy", "neutral", "sad"):
        values = [float(row[name]) for row in found]
        assert max(values) - min(values) < 0.02, name


def test_hours_on_standard_input_are_refused_by_their_header(tmp_path: Path) -> None:
    ten_hours = 10 * 3600 * 32000
    head = b"RIFF" + (ten_hours + 36).to_bytes(4, "little") + b"WAVE"
    with pytest.raises(SerError, match=r"^standard input declares 1098 MiB, more than 1024 MiB; give a file\.$"):
        recordings.standard_input(io.BytesIO(head + b"\0" * 100), tmp_path)


def test_windows_have_times_and_few_are_in_memory(run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    long = np.concatenate([sound(k) for k in range(8)])
    soundfile.write(tmp_path / "long.wav", long, 22050)
    sizes: list[int] = []
    together = System.answers
    monkeypatch.setattr(System, "answers", lambda self, those: sizes.append(len(those)) or together(self, those))
    monkeypatch.setattr(predictions, "MOST", 4)
    found = rows(called(tmp_path / "long.wav", "--window", 1, "--step", 0.5, "--model", run))
    starts = [float(row["start"]) for row in found]
    assert starts[:3] == [0, 0.5, 1]
    assert float(found[-1]["end"]) == pytest.approx(len(long) / 22050, abs=1e-3)
    assert max(sizes) <= 4
    assert sum(sizes) == len(found)
    one = soundfile.read(tmp_path / "long.wav")[0]
    system = System(trained_run.read(run))
    cut = [(answer.start, answer.end) for answer in system.windows(one, 22050, 1, 0.5)]
    np.testing.assert_allclose(cut, [(float(row["start"]), float(row["end"])) for row in found], atol=1e-3)


def test_an_utterance_of_an_hour_is_named_with_the_remedy(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recordings, "LONGEST", 0.5)
    result = called("wav/test0.wav", "--model", run)
    assert result.exit_code == 2
    assert "one utterance at most 0.5 s; --window predicts it in parts" in result.stderr


def test_a_system_that_reads_given_words_refuses_without_them(project: Project, tmp_path: Path) -> None:
    run = project.train("Text-CNN")
    refused = called("wav/test0.wav", "--model", run)
    assert refused.exit_code == 2
    assert refused.stderr.splitlines()[-1] == (
        "error: Text-CNN reads given transcripts: give the text with --text, or a CSV with the columns path,text."
    )
    windows = called("wav/test0.wav", "--model", run, "--window", 1, "--text", "no")
    assert "a window has no text of its own" in windows.stderr
    expected = rows(called("wav/test0.wav", "--model", run, "--text", TEXTS["test0"]))[0]
    lines = [f"{Path('wav').absolute()}/{name}.wav,{TEXTS[name]}" for name in ("test1", "test0")]
    (tmp_path / "t.csv").write_text("\n".join(["path,text", *lines, f"{Path('wav').absolute()}/test2.wav,"]))
    result = called(tmp_path / "t.csv", "--model", run)
    found = rows(result)
    assert float(found[1]["angry"]) == pytest.approx(float(expected["angry"]), abs=1e-5)
    assert "test2.wav: Text-CNN reads given transcripts, and no text is given" in result.stderr
    several = called("wav/test0.wav", "wav/test1.wav", "--model", run, "--text", "no")
    assert "--text is the text of one utterance" in several.stderr


def test_statistics_by_speaker_are_those_of_the_given_recordings(project: Project, tmp_path: Path) -> None:
    folder = project.train("RNN-CE-ELM", protocol(normalisation="speaker"), "by-speaker")
    refused = called("wav/test0.wav", "--model", folder)
    assert "normalises by the statistics of each speaker: name the speaker" in refused.stderr
    speakers = {name: f"{part}{k % 2}" for k, (name, part, _) in enumerate(UTTERANCES)}
    lines = [f"{Path('wav').absolute()}/{name}.wav,{name},{speakers[name]}" for name in names_of_test()]
    (tmp_path / "t.csv").write_text("\n".join(["path,utterance,speaker", *lines]))
    found = {row["recording"]: row for row in rows(called(tmp_path / "t.csv", "--model", folder))}
    for stored in contracts.read(contracts.PREDICTIONS, folder / "predictions.parquet").to_pylist():
        row = found[stored["utterance"]]
        assert row["predicted"] == stored["predicted"]
        assert float(row["angry"]) == pytest.approx(stored["probabilities"][0], abs=1e-5)


def test_one_bad_recording_does_not_change_its_batch(run: Path) -> None:
    system, failures = System(trained_run.read(run)), predictions.Failures()
    wanted = [Request(Path("wav", f"{name}.wav"), name) for name in ("test0", "gone", "test1")]
    found = [request.name for request, _ in predictions.predict(system, wanted, failures)]
    assert found == ["test0", "test1"]
    assert failures.lines() == ["gone: does not exist"]


@pytest.mark.parametrize(
    ("length", "expected"),
    [(0.5, [(0, 0.5)]), (1.0, [(0, 1)]), (2.0, [(0, 1), (0.5, 1.5), (1, 2)]), (1.2, [(0, 1), (0.2, 1.2)])],
)
def test_windows_reach_both_ends(length: float, expected: list[tuple[float, float]]) -> None:
    np.testing.assert_allclose(list(window_bounds(length, 1, 0.5)), expected)


def test_a_signal_may_be_of_integers_or_floats_and_has_to_be_one() -> None:
    samples = np.array([-32768, 0, 16384], np.int16)
    assert as_mono(samples, 16000).tolist() == [-1, 0, 0.5]
    assert as_mono(np.array([0, 128, 192], np.uint8), 16000).tolist() == [-1, 0, 0.5]
    with pytest.raises(SerError, match="Hz is not a rate of speech"):
        as_mono(samples, 16)
    with pytest.raises(SerError, match=r"has the shape \(samples,\)"):
        as_mono(np.zeros((2, 2, 2)), 16000)
    with pytest.raises(SerError, match="not numbers"):
        as_mono(np.array([np.nan]), 16000)


def test_a_page_has_the_recordings_with_their_attention_and_the_unusable(project: Project, tmp_path: Path) -> None:
    folder, page = project.train("C-pFSMN-A"), tmp_path / "page.html"
    result = called("wav/test0.wav", tmp_path / "gone.wav", "--model", folder, "--window", 0.8, "--out", page)
    assert result.exit_code == 0, result.output
    text = page.read_text(encoding="utf-8")
    assert 'aria-label="Attention timestep over time' in text
    assert "2 windows, by the most probable class" in text
    assert "gone.wav: does not exist" in text
    refused = called("wav/test0.wav", "--model", folder, "--format", "html")
    assert "--format html needs a file: --out FILE.html" in refused.stderr
