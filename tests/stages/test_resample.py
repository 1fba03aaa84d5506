"""Resampling: each utterance of a shard once, at 16 kHz, from the file that prepare saw."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from ser.config.schema import Corpus
from ser.errors import SerError
from ser.stages.prepare import PrepareJob, prepare
from ser.stages.resample import ResampleJob, resample
from ser.tables import contracts


@pytest.fixture
def corpus(tmp_path: Path) -> tuple[Path, Path]:
    """Three tones of 1 s in one stereo file at 48 kHz, in two shards; return the root and the table of recordings."""
    root, recordings = tmp_path / "r", tmp_path / "recordings.parquet"
    root.mkdir()
    time = np.arange(48_000) / 48_000
    tones = np.concatenate([0.4 * np.sin(2 * np.pi * hertz * time) for hertz in (500, 1000, 2000)])
    soundfile.write(root / "a.wav", np.stack([tones, np.zeros_like(tones)], axis=1), 48_000, subtype="FLOAT")
    (root / "t.csv").write_text("path,emotion,start,end\na.wav,sad,0,1\na.wav,sad,1,2\na.wav,sad,2,3\n")
    settings = Corpus(adapter="table", options={"table": "t.csv"}, shard_size=2)
    paths = {"manifest": tmp_path / "manifest.parquet", "recordings": recordings, "excluded": tmp_path / "x.csv"}
    prepare(PrepareJob(corpus="own", settings=settings, root=root, **paths))
    return root, recordings


def samples(path: Path) -> dict[str, np.ndarray]:
    rows = contracts.read(contracts.AUDIO, path).to_pylist()
    assert all(row["rate"] == 16_000 for row in rows)
    found = {row["utterance"]: np.frombuffer(row["samples"], "<f4") for row in rows}
    assert [len(signal) for signal in found.values()] == [row["frames"] for row in rows]
    return found


def test_each_utterance_is_in_one_shard_with_its_own_tone(corpus: tuple[Path, Path], tmp_path: Path) -> None:
    root, recordings = corpus
    for shard in (0, 1):
        resample(ResampleJob(recordings=recordings, root=root, shard=shard, out=tmp_path / f"{shard}.parquet"))
    first, second = samples(tmp_path / "0.parquet"), samples(tmp_path / "1.parquet")
    assert (list(first), list(second)) == (["a@0.000", "a@1.000"], ["a@2.000"])
    for signal, hertz in zip([*first.values(), *second.values()], (500, 1000, 2000), strict=True):
        assert len(signal) == 16_000
        assert np.argmax(np.abs(np.fft.rfft(signal))) == hertz
        assert np.abs(signal[1000:-1000]).max() == pytest.approx(0.2, rel=0.02)  # one of two channels is silent


def test_a_shard_without_utterances_is_a_legal_table(corpus: tuple[Path, Path], tmp_path: Path) -> None:
    root, recordings = corpus
    resample(ResampleJob(recordings=recordings, root=root, shard=7, out=tmp_path / "7.parquet"))
    assert samples(tmp_path / "7.parquet") == {}


def test_a_recording_changed_since_prepare_is_refused(corpus: tuple[Path, Path], tmp_path: Path) -> None:
    root, recordings = corpus
    content = bytearray((root / "a.wav").read_bytes())
    content[-1] ^= 1
    (root / "a.wav").write_bytes(content)
    with pytest.raises(SerError, match=r"a\.wav.*prepare again"):
        resample(ResampleJob(recordings=recordings, root=root, shard=0, out=tmp_path / "0.parquet"))
    (root / "a.wav").unlink()
    with pytest.raises(SerError, match=r"a\.wav.*prepare again"):
        resample(ResampleJob(recordings=recordings, root=root, shard=0, out=tmp_path / "0.parquet"))
    assert not (tmp_path / "0.parquet").exists()
