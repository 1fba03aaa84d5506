"""Stage extract: one shard of audio in, one checked table of matrices out."""

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from threadpoolctl import threadpool_limits

from ser import catalog, features
from ser.config import extractors
from ser.errors import SerError
from ser.features import spectrogram
from ser.stages.extract import ExtractJob, extract
from ser.stages.fingerprint import FingerprintJob, fingerprint
from ser.tables import contracts

RATE = 16000


def shard(path: Path, seconds: dict[str, float], rate: int = RATE) -> Path:
    """Write an AUDIO table with noise, ``seconds`` of it per utterance."""
    generator = np.random.default_rng(0)
    rows = []
    for name, length in seconds.items():
        samples = (0.1 * generator.standard_normal(round(length * rate))).astype("<f4")
        rows.append({"utterance": name, "rate": rate, "frames": len(samples), "samples": samples.tobytes()})
    contracts.write(contracts.AUDIO, pa.Table.from_pylist(rows, schema=contracts.AUDIO.schema), path)
    return path


def test_a_user_opens_a_feature_file_with_pandas_in_one_line(tmp_path: Path) -> None:
    audio, out = shard(tmp_path / "0.parquet", {"a": 0.5, "b": 1.0}), tmp_path / "features" / "0.parquet"
    extract(ExtractJob(feature="spectrogram", extractor="spectrogram", options={}, audio=audio, out=out))
    frame = pd.read_parquet(out)
    assert list(frame.utterance) == ["a", "b"]
    for row, source in zip(frame.itertuples(), pd.read_parquet(audio).itertuples(), strict=True):
        matrix = np.frombuffer(row.matrix, row.dtype).reshape(row.frames, row.dims)
        signal = np.frombuffer(source.samples, np.float32)
        assert np.array_equal(matrix, spectrogram.extract(signal, RATE))


def test_the_table_records_how_it_was_made(tmp_path: Path) -> None:
    audio, out = shard(tmp_path / "0.parquet", {"a": 0.5}), tmp_path / "out.parquet"
    extract(
        ExtractJob(feature="mfcc13", extractor="mfcc", options={"coefficients": 13, "mels": 40}, audio=audio, out=out)
    )
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
    extract(ExtractJob(feature="mfcc", extractor="mfcc", options={}, audio=audio, out=out))
    assert contracts.read(contracts.FEATURES, out).num_rows == 0


def test_two_runs_write_the_same_bytes(tmp_path: Path) -> None:
    audio = shard(tmp_path / "0.parquet", {"a": 0.5})
    outs = [tmp_path / f"out{run}.parquet" for run in (1, 2)]
    for out in outs:
        extract(ExtractJob(feature="mfcc", extractor="mfcc", options={}, audio=audio, out=out))
    assert outs[0].read_bytes() == outs[1].read_bytes()


def test_the_values_do_not_depend_on_the_number_of_threads(tmp_path: Path) -> None:
    audio = shard(tmp_path / "audio.parquet", {f"u{number}": 3.0 + number for number in range(4)})
    for threads in (1, 2):
        with threadpool_limits(threads):
            extract(
                ExtractJob(feature="f", extractor="mfcc", options={}, audio=audio, out=tmp_path / f"{threads}.parquet")
            )
            fingerprint(FingerprintJob(audio=audio, out=tmp_path / f"{threads}-fingerprints.parquet"))
    assert (tmp_path / "1.parquet").read_bytes() == (tmp_path / "2.parquet").read_bytes()
    assert (tmp_path / "1-fingerprints.parquet").read_bytes() == (tmp_path / "2-fingerprints.parquet").read_bytes()


@pytest.mark.parametrize("extractor", ["mfcc", "spectrogram", "compare_lld"])
def test_two_processes_write_the_same_bytes_as_one(tmp_path: Path, extractor: str) -> None:
    audio = shard(tmp_path / "audio.parquet", {f"u{number}": 3.0 - number % 3 for number in range(8)})
    for threads in (1, 2):
        out = tmp_path / f"{threads}.parquet"
        extract(ExtractJob(feature="f", extractor=extractor, audio=audio, out=out, threads=threads))
    assert (tmp_path / "1.parquet").read_bytes() == (tmp_path / "2.parquet").read_bytes()


def test_an_utterance_that_another_process_refuses_is_named(tmp_path: Path) -> None:
    audio = shard(tmp_path / "0.parquet", {"long": 0.5, "tiny": 0.02})
    job = ExtractJob(feature="f", extractor="spectrogram", audio=audio, out=tmp_path / "out.parquet", threads=2)
    with pytest.raises(SerError, match=r"0\.parquet: feature 'f', utterance tiny: .*at least 400 samples"):
        extract(job)
    assert [path.name for path in tmp_path.iterdir()] == ["0.parquet"]


def test_a_short_utterance_is_named_and_nothing_is_written(tmp_path: Path) -> None:
    audio, out = shard(tmp_path / "0.parquet", {"long": 0.5, "tiny": 0.02}), tmp_path / "out.parquet"
    with pytest.raises(SerError, match=r"0\.parquet: feature 'spectrogram', utterance tiny: .*at least 400 samples"):
        extract(ExtractJob(feature="spectrogram", extractor="spectrogram", options={}, audio=audio, out=out))
    assert [path.name for path in tmp_path.iterdir()] == ["0.parquet"]


def test_another_rate_is_named(tmp_path: Path) -> None:
    audio = shard(tmp_path / "0.parquet", {"a": 0.5}, rate=8000)
    with pytest.raises(SerError, match=r"utterance a: .*8000 Hz"):
        extract(ExtractJob(feature="mfcc", extractor="mfcc", options={}, audio=audio, out=tmp_path / "out.parquet"))


def test_values_that_are_not_finite_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    audio, out = shard(tmp_path / "0.parquet", {"a": 0.5, "b": 0.6, "c": 0.7}), tmp_path / "out.parquet"

    def broken(signal: np.ndarray, rate: int) -> np.ndarray:
        return np.full((2, 201), np.nan if len(signal) != 8000 else rate, np.float16)

    monkeypatch.setattr(spectrogram, "extract", broken)
    with pytest.raises(SerError, match="not finite in b, c"):
        extract(ExtractJob(feature="spectrogram", extractor="spectrogram", options={}, audio=audio, out=out))
    assert not out.exists()


@pytest.mark.parametrize(
    ("extractor", "options", "message"),
    [
        ("mfc", {}, "Did you mean 'mfcc'"),
        ("mfcc", {"coeficients": 13}, "unknown option of mfcc 'coeficients'.*Known: coefficients, mels, n_fft"),
        ("mfcc", {"mels": "many"}, "must be a whole number"),
        ("waveform", {"bins": 3}, "Known: none"),
        ("xvector", {}, "xvector needs weights"),
        ("functionals", {"feature_set": "IS09"}, "must be 'ComParE_2016'"),
    ],
)
def test_mistakes_in_the_configuration_are_named(tmp_path: Path, extractor: str, options: dict, message: str) -> None:
    audio = shard(tmp_path / "0.parquet", {"a": 0.5})
    with pytest.raises(SerError, match=rf"features\.f.*{message}"):
        extract(
            ExtractJob(feature="f", extractor=extractor, options=options, audio=audio, out=tmp_path / "out.parquet")
        )


EXTRACTOR = """
import numpy as np
DTYPE = "float32"
HOP = 0.01
DEPENDS = ("numpy",)
def dims(*, gain: float = 1.0, device: str = "auto"): return 2
def provenance(*, gain: float = 1.0): return f"a gain of {gain}"
def extract(signal, rate, *, gain: float = 1.0, device: str = "auto"):
    values = np.full((len(signal) // 160, 2), gain + (device == "cuda"), np.float32)
    return CHANGED if len(signal) > rate / 2 else values
"""


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Path]]:
    """Return a function that extracts two utterances with the code of an extractor in a package folder of its own."""
    folder, name = tmp_path / "ser" / "features", f"mine_{uuid4().hex}"
    folder.mkdir(parents=True)
    monkeypatch.setattr(catalog, "ROOT", tmp_path / "ser")
    monkeypatch.setattr(features, "__path__", [*features.__path__, str(folder)])

    def extracted(code: str, **options: object) -> Path:
        (folder / f"{name}.py").write_text(code)
        audio, out = shard(tmp_path / "0.parquet", {"a": 0.5, "b": 0.7}), tmp_path / "out.parquet"
        extract(ExtractJob(feature="mine", extractor=name, options=options, audio=audio, out=out, device="cuda"))
        return out

    yield extracted
    sys.modules.pop(f"ser.features.{name}", None)


def test_device_and_provenance_of_an_extractor(run: Callable[..., Path]) -> None:
    out = run(EXTRACTOR.replace("CHANGED", "values"), gain=3)
    assert np.frombuffer(contracts.read(contracts.FEATURES, out)["matrix"][0].as_py(), "<f4")[0] == 4.0, "cuda"
    notes = contracts.metadata(out)
    assert notes["provenance"] == "a gain of 3.0"
    assert json.loads(notes["options"]) == {"gain": 3.0}


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("0.01", "-1", "HOP must be"),
        ("float32", "float64", "DTYPE must be"),
        ("HOP = 0.01", "", "the constant HOP is missing"),
        ('("numpy",)', '("no-such-library",)', "needs no-such-library, which is not installed"),
        ("def dims", "def width", r"function dims\(\*\*options\) is missing"),
        ("extract(signal, rate,", "extract(signal,", "extract must take the positional arguments"),
    ],
)
def test_a_broken_contract_stops_before_the_first_utterance(
    run: Callable[..., Path], old: str, new: str, message: str
) -> None:
    code = EXTRACTOR.replace(old, new).replace("CHANGED", "exit('an utterance was computed')")
    with pytest.raises(SerError, match=message):
        run(code.replace("else values", "else CHANGED"))


@pytest.mark.parametrize(
    ("matrix", "message"),
    [
        ("np.zeros((50, 3), np.float32)", r"shape \(50, 3\), dims\(\) declares \(rows, 2\)"),
        ("np.zeros((2, 50), np.float32)", "it is transposed"),
        ("np.zeros((0, 2), np.float32)", r"shape \(0, 2\)"),
        ("np.zeros(2, np.float32)", r"shape \(2,\)"),
        ("np.zeros((50, 2))", "float64, DTYPE declares float32"),
        ("[[0.0, 0.0]]", "list"),
    ],
)
def test_a_matrix_that_is_not_as_declared_names_the_utterance(
    run: Callable[..., Path], tmp_path: Path, matrix: str, message: str
) -> None:
    with pytest.raises(SerError, match=rf"feature 'mine', utterance b: extract\(\) returned .*{message}"):
        run(EXTRACTOR.replace("CHANGED", matrix))
    assert not (tmp_path / "out.parquet").exists()


def test_a_vector_has_one_row(run: Callable[..., Path]) -> None:
    with pytest.raises(SerError, match="returned 50 rows; with HOP = None it must be one"):
        run(EXTRACTOR.replace("0.01", "None").replace("CHANGED", "values"))


@pytest.mark.parametrize(("option", "rule"), [("weight", "train_xvector"), ("gain", "train_gain")])
def test_what_a_rule_trains_is_an_option_and_the_rule_exists(run: Callable[..., Path], option: str, rule: str) -> None:
    run(EXTRACTOR.replace("CHANGED", "values") + f"TRAINED = {{'{option}': '{rule}'}}")
    (name,) = catalog.names("features")
    with pytest.raises(SerError, match=rf"TRAINED of ser/features/{name}\.py '(weight|train_gain)'"):
        extractors.trained(name)
