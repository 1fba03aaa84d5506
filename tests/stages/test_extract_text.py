"""Stage extract_text: the vectors of one shard's transcripts, with their origin and what was cut."""

import json
from pathlib import Path

import numpy as np
import pytest
from tiny_text_encoders import POSITIONS, save

from ser.errors import SerError
from ser.features import text_vector
from ser.stages.extract_text import ExtractTextJob, extract_text
from ser.tables import contracts

TEXTS = {"a": "Please, leave me alone!", "b": "", "c": "yes " * 50, "d": "no"}


def shard(path: Path, texts: dict[str, str]) -> Path:
    rows = [{"utterance": name, "text": text, "words": text.split(), "reference": ""} for name, text in texts.items()]
    contracts.write(contracts.TRANSCRIPTS, rows, path, {"provenance": "the recogniser of a test"})
    return path


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(save("bert", tmp_path_factory.mktemp("text-encoders") / "bert"))


def test_every_transcript_has_its_vector_and_the_notes_say_of_which_text(
    model: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, options = tmp_path / "out.parquet", {"model": model, "layers": [0, 2]}
    read = shard(tmp_path / "0.parquet", TEXTS)
    extract_text(
        ExtractTextJob(feature="f", extractor="text_vector", options=options, transcripts=read, out=out, device="cpu")
    )
    table = contracts.read(contracts.FEATURES, out)
    assert table["utterance"].to_pylist() == list(TEXTS)
    for row, text in zip(table.to_pylist(), TEXTS.values(), strict=True):
        found = np.frombuffer(row["matrix"], row["dtype"]).reshape(row["frames"], row["dims"])
        np.testing.assert_allclose(found, text_vector.extract(text, model=model, layers=(0, 2)), atol=1e-5)
    notes = contracts.metadata(table)
    assert json.loads(notes["counts"]) == {"texts": 4, "cut": 1, "empty": 1}
    assert "f: texts 4, cut 1, empty 1" in capsys.readouterr().out
    assert json.loads(notes["hop"]) is None
    assert notes["provenance"].startswith("bert, a folder, model.safetensors SHA-256 ")
    assert f"licence apache-2.0; layers 0, 2; {POSITIONS} tokens at most; mean over the tokens" in notes["provenance"]
    assert notes["provenance"].endswith("; the recogniser of a test")


def test_an_extractor_of_sound_is_refused(tmp_path: Path) -> None:
    read = shard(tmp_path / "0.parquet", TEXTS)
    job = ExtractTextJob(feature="f", extractor="mfcc", transcripts=read, out=tmp_path / "out.parquet")
    with pytest.raises(SerError, match="'mfcc' reads sound and no text"):
        extract_text(job)
    assert not (tmp_path / "out.parquet").exists()
