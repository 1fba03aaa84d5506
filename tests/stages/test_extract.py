"""Stage extract: one shard of audio in, one checked table of matrices out."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from threadpoolctl import threadpool_limits

from ser import catalog
from ser.errors import SerError
from ser.features import spectrogram
from ser.stages.extract import extract
from ser.stages.fingerprint import fingerprint
from ser.tables import contracts

RATE = 16000


def shard(path: Path, seconds: dict[str, float], rate: int = RATE) -> Path:
    """Write an AUDIO table with noise of so many ``seconds`` per utterance."""
    generator = np.random.default_rng(0)
    rows = []
    for name, length in seconds.items():
        samples = (0.1 * generator.standard_normal(round(length * rate))).astype("<f4")
        rows.append({"utterance": name, "rate": rate, "frames": len(samples), "samples": samples.tobytes()})
    contracts.write(contracts.AUDIO, pa.Table.from_pylist(rows, schema=contracts.AUDIO.schema), path)
    return path


def test_a_user_opens_a_feature_file_with_pandas_in_one_line(tmp_path: Path) -> None:
    audio, out = shard(tmp_path / "0.parquet", {"a": 0.5, "b": 1.0}), tmp_path / "features" / "0.parquet"
    extract(feature="spectrogram", extractor="spectrogram", options={}, audio=audio, out=out)
    frame = pd.read_parquet(out)
    assert list(frame.utterance) == ["a", "b"]
    for row, source in zip(frame.itertuples(), pd.read_parquet(audio).itertuples(), strict=True):
        matrix = np.frombuffer(row.matrix, row.dtype).reshape(row.frames, row.dims)
        signal = np.frombuffer(source.samples, np.float32)
        assert np.array_equal(matrix, spectrogram.extract(signal, RATE))


def test_the_table_says_how_it_was_made(tmp_path: Path) -> None:
    audio, out = shard(tmp_path / "0.parquet", {"a": 0.5}), tmp_path / "out.parquet"
    extract(feature="mfcc13", extractor="mfcc", options={"coefficients": 13, "mels": 40}, audio=audio, out=out)
    notes = contracts.metadata(out)
    assert notes["feature"] == "mfcc13"
    assert notes["extractor"] == "mfcc"
    assert json.loads(notes["options"]) == {"coefficients": 13, "mels": 40}
    assert json.loads(notes["hop"]) == 0.01
    assert notes["dtype"] == "float32"
    assert notes["provenance"] == ""
    assert set(json.loads(notes["versions"])) == set(catalog.load("features", "mfcc").DEPENDS)
    assert contracts.read(contracts.FEATURES, out)["dims"].to_pylist() == [39]


def test_an_empty_shard_gives_an_empty_legal_table(tmp_path: Path) -> None:
    audio, out = shard(tmp_path / "0.parquet", {}), tmp_path / "out.parquet"
    extract(feature="mfcc", extractor="mfcc", options={}, audio=audio, out=out)
    assert contracts.read(contracts.FEATURES, out).num_rows == 0


def test_two_runs_write_the_same_bytes(tmp_path: Path) -> None:
    audio = shard(tmp_path / "0.parquet", {"a": 0.5})
    outs = [tmp_path / f"out{run}.parquet" for run in (1, 2)]
    for out in outs:
        extract(feature="mfcc", extractor="mfcc", options={}, audio=audio, out=out)
    assert outs[0].read_bytes() == outs[1].read_bytes()


def test_the_values_do_not_depend_on_the_number_of_threads(tmp_path: Path) -> None:
    audio = shard(tmp_path / "audio.parquet", {f"u{number}": 3.0 + number for number in range(4)})
    for threads in (1, 2):
        with threadpool_limits(threads):
            extract(feature="f", extractor="mfcc", options={}, audio=audio, out=tmp_path / f"{threads}.parquet")
            fingerprint(audio=audio, out=tmp_path / f"{threads}-fingerprints.parquet")
    assert (tmp_path / "1.parquet").read_bytes() == (tmp_path / "2.parquet").read_bytes()
    assert (tmp_path / "1-fingerprints.parquet").read_bytes() == (tmp_path / "2-fingerprints.parquet").read_bytes()


def test_a_short_utterance_is_named_and_nothing_is_written(tmp_path: Path) -> None:
    audio, out = shard(tmp_path / "0.parquet", {"long": 0.5, "tiny": 0.02}), tmp_path / "out.parquet"
    with pytest.raises(SerError, match=r"0\.parquet: utterance tiny: .*at least 400 samples"):
        extract(feature="spectrogram", extractor="spectrogram", options={}, audio=audio, out=out)
    assert [path.name for path in tmp_path.iterdir()] == ["0.parquet"]


def test_another_rate_is_named(tmp_path: Path) -> None:
    audio = shard(tmp_path / "0.parquet", {"a": 0.5}, rate=8000)
    with pytest.raises(SerError, match=r"utterance a: .*8000 Hz"):
        extract(feature="mfcc", extractor="mfcc", options={}, audio=audio, out=tmp_path / "out.parquet")


def test_values_that_are_not_finite_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    audio, out = shard(tmp_path / "0.parquet", {"a": 0.5, "b": 0.6, "c": 0.7}), tmp_path / "out.parquet"

    def broken(signal: np.ndarray, rate: int) -> np.ndarray:
        return np.full((2, 3), np.nan if len(signal) != 8000 else rate, np.float16)

    monkeypatch.setattr(spectrogram, "extract", broken)
    with pytest.raises(SerError, match="not finite in b, c"):
        extract(feature="spectrogram", extractor="spectrogram", options={}, audio=audio, out=out)
    assert not out.exists()


@pytest.mark.parametrize(
    ("extractor", "options", "message"),
    [
        ("mfc", {}, "Did you mean 'mfcc'"),
        ("mfcc", {"coeficients": 13}, "coeficients not known; known: coefficients, mels, n_fft"),
        ("spectrogram", {"bins": 3}, "bins not known; known: none"),
        ("xvector", {}, "needs weights"),
    ],
)
def test_mistakes_in_the_configuration_are_named(tmp_path: Path, extractor: str, options: dict, message: str) -> None:
    audio = shard(tmp_path / "0.parquet", {"a": 0.5})
    with pytest.raises(SerError, match=message):
        extract(feature="f", extractor=extractor, options=options, audio=audio, out=tmp_path / "out.parquet")


def test_weights_for_a_feature_without_them_are_refused(tmp_path: Path) -> None:
    audio = shard(tmp_path / "0.parquet", {"a": 0.5})
    with pytest.raises(SerError, match="takes no weights"):
        extract(feature="mfcc", extractor="mfcc", options={}, audio=audio, out=tmp_path / "o.parquet", weights=audio)
