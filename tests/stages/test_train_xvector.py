"""Stage train_xvector: x-vector weights from a corpus's own speakers."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from ser.errors import SerError
from ser.features import xvector
from ser.stages.extract import ExtractJob, extract
from ser.stages.train_xvector import TrainXvectorJob, train_xvector
from ser.tables import contracts

RATE = 16000
PITCHES = {"low": 100, "high": 230}  # Hz


def corpus(folder: Path, speakers: tuple[str | None, ...], each: int = 4) -> tuple[Path, Path]:
    """Write a table of recordings and one audio shard: ``each`` buzzing utterances of 0.5 s per speaker."""
    generator = np.random.default_rng(0)
    recordings, audio = [], []
    for number, speaker in enumerate(speaker for speaker in speakers for _ in range(each)):
        pitch = PITCHES.get(speaker or "", 150) * generator.uniform(0.95, 1.05)
        time = np.arange(RATE // 2) / RATE
        buzz = 0.2 * np.sign(np.sin(2 * np.pi * pitch * time)) + 0.01 * generator.standard_normal(len(time))
        row = {"utterance": f"u{number:02}", "audio": "x.wav", "seconds": 0.5, "rate": RATE, "channels": 1}
        recordings.append({**row, "checksum": "0" * 32, "speaker": speaker, "shard": 0})
        samples = buzz.astype("<f4").tobytes()
        audio.append({"utterance": row["utterance"], "rate": RATE, "frames": RATE // 2, "samples": samples})
    contracts.write(
        contracts.RECORDINGS,
        pa.Table.from_pylist(recordings, schema=contracts.RECORDINGS.schema),
        folder / "buzz" / "recordings.parquet",
    )
    contracts.write(
        contracts.AUDIO,
        pa.Table.from_pylist(audio, schema=contracts.AUDIO.schema),
        folder / "buzz" / "audio" / "0.parquet",
    )
    return folder / "buzz" / "recordings.parquet", folder / "buzz" / "audio"


def test_weights_are_repeatable_and_separate_speakers(tmp_path: Path) -> None:
    recordings, audio = corpus(tmp_path, ("low", "high"))
    outs = [tmp_path / f"{run}.safetensors" for run in (1, 2)]
    for out in outs:
        train_xvector(TrainXvectorJob(recordings=recordings, audio=audio, out=out, epochs=3, seed=1, threads=1))
    assert outs[0].read_bytes() == outs[1].read_bytes()
    assert not list(tmp_path.glob(".*.part"))
    assert "2 speakers of corpus buzz" in xvector.provenance(weights=outs[0])
    table = tmp_path / "features.parquet"
    extract(
        ExtractJob(
            feature="xvector",
            extractor="xvector",
            options={"weights": str(outs[0])},
            audio=audio / "0.parquet",
            out=table,
        )
    )
    assert "corpus buzz" in contracts.metadata(table)["provenance"]
    rows = contracts.read(contracts.FEATURES, table)["matrix"].to_pylist()
    vectors = np.stack([np.frombuffer(row, "<f4") for row in rows])
    assert vectors.shape == (8, 512)
    distance = np.linalg.norm(vectors[:, None] - vectors, axis=2)
    assert distance[:4, :4].max() < distance[:4, 4:].min(), (
        "two utterances of a speaker are nearer than any of the other"
    )


def test_a_corpus_without_speakers_is_refused(tmp_path: Path) -> None:
    recordings, audio = corpus(tmp_path, (None,))
    out = tmp_path / "x.safetensors"
    with pytest.raises(SerError, match="names 0 speakers"):
        train_xvector(TrainXvectorJob(recordings=recordings, audio=audio, out=out, epochs=1, seed=0, threads=1))


def test_missing_audio_is_named(tmp_path: Path) -> None:
    recordings, audio = corpus(tmp_path, ("low", "high"))
    table = contracts.read(contracts.AUDIO, audio / "0.parquet")
    contracts.write(contracts.AUDIO, table.slice(1), audio / "0.parquet")
    out = tmp_path / "x.safetensors"
    with pytest.raises(SerError, match="u00"):
        train_xvector(TrainXvectorJob(recordings=recordings, audio=audio, out=out, epochs=1, seed=0, threads=1))
