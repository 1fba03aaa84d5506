"""``trim: speech`` through prepare and resample: bounds, lengths and word times are those of the kept part."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from ser.config.schema import Corpus
from ser.corpus import Utterance, Word
from ser.errors import SerError
from ser.preparation import trimming
from ser.stages.prepare import PrepareJob, prepare
from ser.stages.resample import ResampleJob, resample
from ser.tables import contracts

RATE = 44_100
EDGE = 0.03  # seconds by which a bound may be wrong: a frame
MARGIN = 0.1


def burst(seconds: float) -> np.ndarray:
    return np.random.default_rng(0).uniform(-0.3, 0.3, round(seconds * RATE))


def silence(seconds: float) -> np.ndarray:
    return np.zeros(round(seconds * RATE))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """One recording in three utterances: speech at 0.5–1.2, 2.6–3.0 and none but a click from 4 s on; one without."""
    folder = tmp_path / "r"
    folder.mkdir()
    parts = [silence(0.5), burst(0.7), silence(1.4), burst(0.4), silence(3.0)]
    call = np.concatenate(parts)
    call[round(4.5 * RATE) : round(4.502 * RATE)] = 0.9
    soundfile.write(folder / "call.wav", call, RATE, subtype="FLOAT")
    soundfile.write(folder / "whole.wav", burst(0.5), RATE, subtype="FLOAT")
    rows = ("call.wav,sad,0,2", "call.wav,sad,2,4", "call.wav,sad,4,6", "whole.wav,happy,,")
    (folder / "t.csv").write_text("\n".join(["path,emotion,start,end", *rows]) + "\n")
    return folder


def prepared(root: Path, **settings: Any) -> dict[str, dict[str, Any]]:
    """Return the rows of the manifest by utterance, with the samples of the audio shard."""
    out = root.parent
    paths = {"manifest": out / "m.parquet", "recordings": out / "r.parquet", "excluded": out / "x.csv"}
    entry = Corpus(adapter="table", options={"table": "t.csv"}, **settings)
    prepare(PrepareJob(corpus="own", settings=entry, root=root, **paths))
    resample(ResampleJob(recordings=paths["recordings"], root=root, shard=0, out=out / "0.parquet"))
    sound = {row["utterance"]: row["samples"] for row in contracts.read(contracts.AUDIO, out / "0.parquet").to_pylist()}
    rows = contracts.read(contracts.MANIFEST, paths["manifest"]).to_pylist()
    return {row["utterance"]: row | {"samples": np.frombuffer(sound[row["utterance"]], "<f4")} for row in rows}


def test_the_kept_part_is_what_the_manifest_says_and_resample_writes(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = prepared(root, trim="speech")
    one, two, none, whole = (rows[name] for name in ("call@0.000", "call@2.000", "call@4.000", "whole"))
    for row, start, end, before, after in ((one, 0.4, 1.3, 0.4, 0.7), (two, 2.5, 3.1, 0.5, 0.9)):
        assert row["start"] == pytest.approx(start, abs=EDGE)
        assert row["end"] == pytest.approx(end, abs=EDGE)
        assert row["cut_before"] == pytest.approx(before, abs=EDGE)
        assert row["cut_after"] == pytest.approx(after, abs=EDGE)
        assert row["seconds"] + row["cut_before"] + row["cut_after"] == pytest.approx(2.0, abs=1e-9)
        assert row["seconds"] == pytest.approx(row["end"] - row["start"], abs=1e-9)
        assert len(row["samples"]) == pytest.approx(row["seconds"] * 16_000, abs=1)
        loud = np.flatnonzero(np.abs(row["samples"]) > 0.01)[[0, -1]]
        assert loud[0] / 16_000 == pytest.approx(MARGIN, abs=EDGE)
        assert 1 - loud[1] / len(row["samples"]) == pytest.approx(MARGIN / row["seconds"], abs=EDGE)
    assert (none["start"], none["end"], none["seconds"]) == (4, 6, pytest.approx(2))
    assert (none["cut_before"], none["cut_after"]) == (None, None)
    assert (whole["start"], whole["end"], whole["seconds"]) == (None, None, pytest.approx(0.5))
    assert (whole["cut_before"], whole["cut_after"]) == (0, 0)
    printed = capsys.readouterr().out
    assert re.search(r"trim: speech cut 0\.[23]\d s before and 0\.5\d s after", printed)
    assert "no speech was found in 1, which are kept whole: call@4.000" in printed
    assert contracts.metadata(root.parent / "m.parquet")["trim"] == "speech"


def test_a_voice_is_looked_for_in_each_utterance(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = prepared(root, trim="voice")  # bursts of noise are none
    assert {row["cut_before"] for row in rows.values()} == {None}
    assert "no voice was found in 4, which are kept whole" in capsys.readouterr().out
    assert contracts.metadata(root.parent / "m.parquet")["trim"] == "voice"


def test_without_the_key_nothing_is_cut(root: Path) -> None:
    rows = prepared(root)
    assert [row["seconds"] for row in rows.values()] == [pytest.approx(seconds) for seconds in (2, 2, 2, 0.5)]
    assert {row["cut_before"] for row in rows.values()} == {None}
    assert contracts.metadata(root.parent / "m.parquet")["trim"] == "none"


def test_the_kept_part_is_what_must_not_be_short(root: Path) -> None:
    with pytest.raises(SerError, match=r"short, 1: call@2\.000.*lasts 0\.[56]\d\d s without the silence around"):
        prepared(root, trim="speech", minimum_seconds=0.65, exclude=["whole"])
    prepared(root, minimum_seconds=0.65, exclude=["whole"])
    kept = prepared(root, trim="speech", minimum_seconds=0.65, exclude=["whole"], allow=["short"])
    assert sorted(kept) == ["call@0.000", "call@4.000"]


def test_word_times_count_from_the_kept_part(root: Path) -> None:
    words = (Word("early", 0.1, 0.45), Word("kept", 0.5, 1.2), Word("late", 1.25, 1.9))
    row = Utterance("u", "call.wav", "t.csv:2", start=0.0, end=2.0, words=words)
    recording = trimming.reading.inspect(root / "call.wav", row.start, row.end)
    found = trimming.trimmed(
        trimming.reading.load(root / "call.wav", row.start, row.end), trimming.Inspected(row, recording), "speech", 0.2
    )
    assert found.cut is not None
    before, seconds = found.cut[0], found.recording.seconds
    times = [(word.start, word.end) for word in found.row.words]
    assert times == [
        (0.0, pytest.approx(0.45 - before)),
        (pytest.approx(0.5 - before), pytest.approx(1.2 - before)),
        (pytest.approx(1.25 - before), pytest.approx(seconds)),
    ]
    assert all(0 <= start <= end <= seconds for start, end in times)


def test_trimming_a_trimmed_corpus_cuts_nothing(root: Path) -> None:
    for name, row in prepared(root, trim="speech", exclude=["call@4.000"]).items():
        soundfile.write(root / f"{name}.wav", row["samples"], 16_000, subtype="FLOAT")
    (root / "t.csv").write_text("path,emotion\ncall@0.000.wav,sad\ncall@2.000.wav,sad\nwhole.wav,happy\n")
    again = prepared(root, trim="speech", allow=["unlabelled-audio"])
    assert {(row["cut_before"], row["cut_after"]) for row in again.values()} == {(0, 0)}
