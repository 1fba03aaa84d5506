"""What prepare says about strange recordings: faults, warnings with their numbers, and the channel that is read."""

import csv
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from ser.audio import decoding, reading
from ser.config.schema import Corpus
from ser.errors import SerError
from ser.input_checks import BY_NAME
from ser.stages.prepare import PrepareJob, prepare
from ser.stages.resample import ResampleJob, resample
from ser.tables import contracts
from ser.tables.measures import MEASURES

RATE = 22_050


def voice(seconds: float = 1.5, seed: int = 0, level: float = 0.1) -> np.ndarray:
    """Noise below 3 kHz under syllables, four a second."""
    time = np.arange(round(seconds * RATE)) / RATE
    noise = np.random.default_rng(seed).normal(0, 1, time.size)
    spectrum = np.fft.rfft(noise)
    hertz = np.fft.rfftfreq(time.size, 1 / RATE)
    spectrum[(hertz < 150) | (hertz > 3000)] = 0
    shaped = np.fft.irfft(spectrum, time.size) * (0.55 + 0.45 * np.cos(2 * np.pi * 4 * time))
    return level * shaped / shaped.std()


def pair(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    return np.stack([left, right], axis=1)


def prepared(folder: Path, signals: dict[str, np.ndarray], **settings: Any) -> dict[str, Any]:
    """Prepare and resample recordings; return the warnings by utterance, the measures, the audio and the excluded."""
    root = folder / "r"
    root.mkdir(parents=True, exist_ok=True)
    for name, signal in signals.items():
        soundfile.write(root / f"{name}.wav", signal, RATE, subtype="FLOAT")
    rows = "".join(f"{name}.wav,sad\n" for name in signals)
    (root / "t.csv").write_text(f"path,emotion\n{rows}")
    paths = {name: folder / f"{name}.parquet" for name in ("manifest", "recordings", "measures")}
    tables = {name: folder / f"{name}.csv" for name in ("warnings", "excluded")}
    entry = Corpus(adapter="table", options={"table": "t.csv"}, **settings)
    prepare(PrepareJob(corpus="own", settings=entry, root=root, jobs=2, **paths, **tables))
    resample(
        ResampleJob(recordings=paths["recordings"], root=root, shard=0, out=folder / "0.parquet", channel=entry.channel)
    )
    found: dict[str, Any] = {"warnings": {}, "text": {}}
    with tables["warnings"].open(newline="") as file:
        for row in csv.DictReader(file):
            found["warnings"].setdefault(row["utterance"], set()).add(row["check"])
            found["text"][row["utterance"], row["check"]] = row["found"]
            assert row["remedy"] == BY_NAME[row["check"]].switch
    found["measures"] = {row["utterance"]: row for row in contracts.read(MEASURES, paths["measures"]).to_pylist()}
    found["audio"] = {
        row["utterance"]: np.frombuffer(row["samples"], "<f4")
        for row in contracts.read(contracts.AUDIO, folder / "0.parquet").to_pylist()
    }
    found["excluded"] = tables["excluded"].read_text()
    return found


def test_what_is_strange_is_named_and_what_is_usual_is_not(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other, hum = voice(seed=9), 0.5 * np.sin(2 * np.pi * 50 * np.arange(round(1.5 * RATE)) / RATE)
    signals = {
        **{f"usual{n}": voice(seed=n, level=0.02 * (n + 1)) for n in range(5)},
        "stereo": pair(voice(), 0.6 * voice()),
        "clipped": np.clip(voice(level=0.5), -0.7, 0.7),
        "offset": voice() + 0.08,
        "quiet-offset": voice(level=0.001) + 0.004,
        "integers": voice() * 32_768,
        "low-integers": np.rint(np.r_[np.random.default_rng(5).integers(-1, 2, 9000), voice(level=0.01) * 32_768]),
        "faint": voice(level=1e-4),
        "one-sided": pair(np.zeros_like(other), other),
        "two-people": pair(voice(seed=1), other),
        "hum": hum + 0.02 * voice(level=1),
    }
    found = prepared(tmp_path, signals)
    assert found["warnings"] == {
        "clipped": {"clipped"},
        "offset": {"offset"},
        "quiet-offset": {"offset", "level"},
        "integers": {"above-full-scale", "level"},
        "low-integers": {"above-full-scale", "level"},  # ±1 is no limit of these
        "faint": {"level"},
        "one-sided": {"silent-channel"},
        "two-people": {"unlike-channels"},
        "hum": {"speech-band"},
    }
    text = found["text"]
    runs = [len(list(run)) for over, run in groupby(np.abs(voice(level=0.5)) > 0.7) if over]
    share = sum(length for length in runs if length >= 3) / len(voice())
    assert found["measures"]["clipped"]["clipped"] == pytest.approx(share)
    assert found["measures"]["offset"]["offset"] == pytest.approx(0.08, abs=1e-3)
    assert found["measures"]["integers"]["peak"] == pytest.approx(np.abs(voice()).max() * 32_768, rel=1e-5)
    assert "Divide by 32768" in text["integers", "above-full-scale"]
    assert found["measures"]["usual4"]["level"] == pytest.approx(-20, abs=0.1)
    assert found["measures"]["two-people"]["correlation"] == pytest.approx(0, abs=0.1)
    assert found["measures"]["stereo"]["correlation"] == pytest.approx(1)
    assert found["measures"]["one-sided"]["silent_channels"] == 1
    printed = capsys.readouterr().out
    assert "warning: level, 4: faint (" in printed
    assert "'channel: best' reads the channel with the speech" in printed


def test_channels_that_cancel_each_other_stop_the_build_until_one_is_read(tmp_path: Path) -> None:
    speech, noise = voice(), np.random.default_rng(3).normal(0, 0.01, round(1.5 * RATE))
    signals = {"good": voice(seed=1), "wires": pair(speech, noise - 0.9 * speech)}
    with pytest.raises(SerError, match=r"opposite-phase, 1: wires.*cancel each other.*'channel: best'"):
        prepared(tmp_path, signals)
    for channel, column in (("first", 0), ("left", 0), ("right", 1), ("best", 0)):
        found = prepared(tmp_path, signals, channel=channel)
        expected = reading.resample(signals["wires"][:, column].astype(np.float32), RATE)
        assert np.array_equal(found["audio"]["wires"], expected)
        assert np.array_equal(found["audio"]["good"], reading.resample(signals["good"].astype(np.float32), RATE))
    assert "opposite-phase: its channels" in prepared(tmp_path, signals, allow=["opposite-phase"])["excluded"]


def test_recordings_of_phones_and_browsers_without_a_row_are_noticed(tmp_path: Path) -> None:
    (tmp_path / "r").mkdir()
    names = ["a.m4a", "b.mp4", "c.webm", "d.3gp", "e.AMR", "f.wma", "g.aac", "h.flv"]
    for name in names:
        (tmp_path / "r" / name).write_bytes(b"anything")
    with pytest.raises(SerError, match=r"unlabelled-audio, 8: a\.m4a"):
        prepared(tmp_path, {"good": voice()})


@pytest.mark.parametrize(("suffix", "kind"), [("mp3", "MP3"), ("ogg", "OGG"), ("flac", "FLAC")])
def test_a_long_recording_is_opened_once_for_all_of_its_utterances(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str, kind: str
) -> None:
    root, real, opened = tmp_path / "r", decoding._open, []
    root.mkdir()
    soundfile.write(root / f"long.{suffix}", voice(20.0), RATE, format=kind)
    starts = [1.0 * n for n in range(18)]
    rows = "".join(f"long.{suffix},sad,{start},{start + 1.5}\n" for start in reversed(starts))
    (root / "t.csv").write_text(f"path,emotion,start,end\n{rows}")
    monkeypatch.setattr(decoding, "_open", lambda *given: opened.append(given) or real(*given))
    entry = Corpus(adapter="table", options={"table": "t.csv"}, shard_size=9)
    paths = {name: tmp_path / name for name in ("manifest", "recordings", "excluded")}
    prepare(PrepareJob(corpus="own", settings=entry, root=root, jobs=2, **paths))
    assert len(opened) == 1
    resample(ResampleJob(recordings=paths["recordings"], root=root, shard=1, out=tmp_path / "1.parquet"))
    assert len(opened) == 2
    whole = reading.read(root / f"long.{suffix}")[0]
    for row in contracts.read(contracts.AUDIO, tmp_path / "1.parquet").to_pylist():
        at = round(float(row["utterance"].partition("@")[2]) * RATE)
        expected = reading.resample(whole[at : at + round(1.5 * RATE), 0], RATE)
        assert np.array_equal(np.frombuffer(row["samples"], "<f4"), expected)


def test_what_is_strange_about_a_file_is_a_warning_of_its_utterances(tmp_path: Path) -> None:
    root = tmp_path / "r"
    root.mkdir()
    soundfile.write(root / "a.wav", voice(), RATE, subtype="FLOAT")
    (root / "a.wav").write_bytes((root / "a.wav").read_bytes() + voice(seed=2).astype("<f4").tobytes())
    (root / "t.csv").write_text("path,emotion,start,end\na.wav,sad,0,0.7\na.wav,angry,0.7,1.4\n")
    paths = {name: tmp_path / name for name in ("manifest", "recordings", "excluded", "warnings")}
    entry = Corpus(adapter="table", options={"table": "t.csv"})
    prepare(PrepareJob(corpus="own", settings=entry, root=root, **paths))
    with paths["warnings"].open(newline="") as file:
        found = {row["utterance"]: row["found"] for row in csv.DictReader(file) if row["check"] == "undeclared-sound"}
    text = "1.50 s may follow what the header of its file declares"
    assert found == {"a@0.000": text, "a@0.700": text}


def test_the_mix_stays_the_mean_where_nothing_is_lost(tmp_path: Path) -> None:
    both = pair(voice(seed=1), voice(seed=2)).astype(np.float32)
    found = prepared(tmp_path, {"a": both})
    assert np.array_equal(found["audio"]["a"], reading.resample(both.mean(axis=1, dtype=np.float32), RATE))


def test_the_best_channel_is_the_one_with_the_speech(tmp_path: Path) -> None:
    speech = np.concatenate([np.zeros(RATE), voice(level=0.1), np.zeros(RATE)])
    loud_noise = np.random.default_rng(4).normal(0, 0.15, speech.size)
    for number, other in enumerate((np.zeros_like(speech), loud_noise, np.full_like(speech, 0.9), 0.1 * speech)):
        signals = {"a": pair(other, speech)}
        found = prepared(tmp_path, signals, channel="best")
        assert np.array_equal(found["audio"]["a"], reading.resample(speech.astype(np.float32), RATE)), number


def test_nothing_but_an_offset_is_silent(tmp_path: Path) -> None:
    for offset in (0.2, -0.03, 0.0):
        soundfile.write(tmp_path / "a.wav", np.full(RATE, offset), RATE, subtype="PCM_16")
        found = reading.inspect(tmp_path / "a.wav")
        assert found.kind == "silent"
        assert ("but for an offset" in str(found.fault)) == (offset != 0)
    soundfile.write(tmp_path / "a.wav", pair(np.full(RATE, 0.2), np.full(RATE, -0.1)), RATE, subtype="FLOAT")
    assert reading.inspect(tmp_path / "a.wav").kind == "silent"
    soundfile.write(tmp_path / "a.wav", pair(np.full(RATE, 0.2), voice(1.0)), RATE, subtype="FLOAT")
    assert reading.inspect(tmp_path / "a.wav", channel="left").kind == "silent"
    assert reading.inspect(tmp_path / "a.wav", channel="best").kind is None


def test_silence_is_measured_and_much_of_it_gives_the_advice(tmp_path: Path) -> None:
    before, after = 0.83, 0.47
    quiet = np.random.default_rng(5).normal(0, 1e-4, round((before + 1.5 + after) * RATE))
    at = round(before * RATE)
    quiet[at : at + len(voice())] += voice()
    signals = {"a": quiet, "b": quiet[::-1].copy(), "c": voice()}
    found = prepared(tmp_path, signals)
    for name, expected in (("a", (before, after)), ("b", (after, before)), ("c", (0, 0))):
        one = found["measures"][name]
        assert (one["silence_before"], one["silence_after"]) == pytest.approx(expected, abs=0.06)
    share = 2 * (before + after) / (2 * (before + after) + 4.5)
    stated = int(found["text"]["", "silence"].partition(" %")[0])
    assert stated == pytest.approx(100 * share, abs=2)
    assert "'trim: speech'" in BY_NAME["silence"].switch
    trimmed = prepared(tmp_path, signals, trim="speech")
    assert trimmed["warnings"] == {}
    assert trimmed["measures"] == found["measures"]  # of what was recorded
    click = np.zeros(2 * RATE)
    click[RATE] = 0.5
    assert prepared(tmp_path / "other", {"c": voice(4.0), "knock": click})["warnings"] == {"knock": {"no-speech"}}
