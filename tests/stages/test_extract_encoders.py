"""Stage extract with an encoder: utterances computed together, in their order, with the note on the weights."""

import json
from pathlib import Path

import numpy as np
import pytest
from test_extract import RATE, shard
from tiny_encoders import save

from ser.errors import SerError
from ser.features import encoder_frames
from ser.stages.extract import BLOCK, ExtractJob, blocks, extract
from ser.tables import contracts
from ser.tables.signals import signals

SECONDS = {f"u{number:02}": 0.3 + number % 5 / 7 for number in range(BLOCK + 5)}


def test_blocks_hold_everything_once() -> None:
    assert [len(block) for block in blocks(range(7), 3)] == [3, 3, 1]  # type: ignore[arg-type]
    assert list(blocks([], 3)) == []


def test_utterances_computed_together_are_those_computed_alone(tmp_path: Path) -> None:
    model, audio = save("wavlm", tmp_path / "wavlm"), shard(tmp_path / "0.parquet", SECONDS)
    options = {"model": str(model), "layers": [0, 2]}
    out = tmp_path / "out.parquet"
    extract(ExtractJob(feature="f", extractor="encoder_frames", options=options, audio=audio, out=out, device="cpu"))
    table = contracts.read(contracts.FEATURES, out)
    assert table["utterance"].to_pylist() == list(SECONDS)
    for row, (_, signal, _) in zip(table.to_pylist(), signals(audio), strict=True):
        found = np.frombuffer(row["matrix"], row["dtype"]).reshape(row["frames"], row["dims"])
        wanted = encoder_frames.extract(signal, RATE, model=str(model), layers=(0, 2), device="cpu")
        np.testing.assert_allclose(found.astype(np.float32), wanted.astype(np.float32), atol=5e-3)
    notes = contracts.metadata(table)
    assert json.loads(notes["hop"]) == 0.02
    assert "wavlm, a folder, model.safetensors SHA-256" in notes["provenance"]
    assert "licence apache-2.0; layers 0, 2" in notes["provenance"]


def test_the_utterance_that_is_too_short_is_named(tmp_path: Path) -> None:
    model = save("hubert", tmp_path / "hubert")
    audio = shard(tmp_path / "0.parquet", {"a": 0.5, "tiny": 0.02, "b": 0.4})
    out, options = tmp_path / "out.parquet", {"model": str(model)}
    job = ExtractJob(feature="f", extractor="encoder_vector", options=options, audio=audio, out=out)
    with pytest.raises(SerError, match=r"0\.parquet: feature 'f', utterance tiny: .*at least 400 samples"):
        extract(job)
    assert not out.exists()
