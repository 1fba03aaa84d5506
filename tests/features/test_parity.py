"""The extractors against the libraries that define them, and the x-vector against its published form."""

import warnings
from pathlib import Path

import numpy as np
import pytest

from ser import catalog
from ser.config import read
from ser.features.spectrogram import halves

FEATURES = read.features(Path(__file__).parents[2] / "config")
RATE = 16000


def extract(name: str, signal: np.ndarray) -> np.ndarray:
    feature = FEATURES[name]
    matrix: np.ndarray = catalog.load("features", feature.extractor).extract(signal, RATE, **feature.options)
    return matrix


def speech(seconds: float = 1.5) -> np.ndarray:
    """Return a gliding harmonic sound with pauses, float32, exact in 16 bits as recordings are."""
    time = np.arange(round(seconds * RATE)) / RATE
    phase = 2 * np.pi * (110 * time + 25 * time**2)
    sound = sum(np.sin(k * phase) / k for k in range(1, 25)) * (np.sin(2 * np.pi * 1.3 * time) > -0.6)
    noise = np.random.default_rng(3).standard_normal(len(time))
    return (np.round((0.15 * sound + 0.003 * noise) * 32768) / 32768).astype(np.float32)


@pytest.mark.parametrize("seconds", [0.1, 2.0, 8.0])
def test_the_frames_of_zhu_and_li_are_librosas_defaults(seconds: float) -> None:
    import librosa

    signal = speech(seconds)
    wanted = librosa.feature.mfcc(y=signal, sr=RATE, n_mfcc=26).T
    found = catalog.load("features", "zhu_frames").extract(signal, RATE)
    assert found.shape == wanted.shape
    np.testing.assert_allclose(found, wanted, atol=2e-3)


@pytest.mark.parametrize("seconds", [0.1, 8.0])  # in one block of frames, in several
@pytest.mark.parametrize(
    ("name", "window", "points", "bins", "pad"),
    [("spectrogram", 400, 400, 201, 0), ("spectrogram_10hz", 640, 1600, 400, 240)],
)
def test_spectrograms_equal_librosa(name: str, window: int, points: int, bins: int, pad: int, seconds: float) -> None:
    import librosa

    around = pad + (points - window) // 2  # librosa centres a short window in the DFT: the frames start so much earlier
    wave = np.pad(speech(seconds), around)
    theirs = np.abs(librosa.stft(wave, n_fft=points, win_length=window, hop_length=160, window="hamming", center=False))
    ours = extract(name, speech(seconds))
    assert ours.shape == theirs.T[:, :bins].shape
    np.testing.assert_allclose(ours, theirs.T[:, :bins], rtol=1e-3, atol=1e-4)  # float16 keeps eleven bits


def test_magnitudes_are_rounded_to_the_nearest_float16() -> None:
    positive = np.arange(0x7C00, dtype=np.uint16).view(np.float16).astype(np.float32)  # all that are finite
    np.testing.assert_array_equal(halves(positive), positive)
    between = (positive[:-1] + positive[1:]) / 2  # exact in float32
    np.testing.assert_array_equal(halves(np.nextafter(between, np.float32(0))), positive[:-1])
    np.testing.assert_array_equal(halves(np.nextafter(between, np.float32(np.inf))), positive[1:])
    np.testing.assert_array_equal(halves(between[1 << 10 :]), positive[(1 << 10) + 1 :])
    with np.errstate(over="ignore"):
        np.testing.assert_array_equal(halves(np.float32([65520, 1e30, np.inf, np.nan])), [np.inf] * 3 + [np.nan])


@pytest.mark.parametrize(
    ("coefficients", "mels", "n_fft", "seconds"), [(32, 128, 512, 8.0), (13, 40, 400, 1.5), (32, 128, 512, 0.08)]
)
def test_mfcc_equals_librosa(coefficients: int, mels: int, n_fft: int, seconds: float) -> None:
    import librosa

    wave = speech(seconds)
    theirs = librosa.feature.mfcc(
        y=wave,
        sr=RATE,
        n_mfcc=coefficients,
        n_fft=n_fft,
        win_length=400,
        hop_length=160,
        window="hamming",
        n_mels=mels,
    )
    both = np.concatenate([theirs, librosa.feature.delta(theirs), librosa.feature.delta(theirs, order=2)]).T
    module = catalog.load("features", "mfcc")
    ours = module.extract(wave, RATE, coefficients=coefficients, mels=mels, n_fft=n_fft)
    assert ours.shape == both.shape
    np.testing.assert_allclose(ours, both, atol=2e-3)
    filters = librosa.filters.mel(sr=RATE, n_fft=n_fft, n_mels=mels)
    np.testing.assert_allclose(module.mel_filters(mels, n_fft).T, filters, atol=1e-7)


def test_differences_of_fewer_than_nine_frames_repeat_the_edges() -> None:
    module = catalog.load("features", "mfcc")
    short = module.extract(speech()[:640], RATE)
    assert short.shape == (5, 96)
    static = np.pad(short[:, :32], ((4, 4), (0, 0)), mode="edge")
    slope = sum(k * static[4 + k : 9 + k] for k in range(-4, 5)) / 60  # least squares over nine frames, Σk² = 60
    np.testing.assert_allclose(short[:, 32:64], slope, atol=1e-3)


def test_compare_lld_equals_two_calls_of_opensmile() -> None:
    import opensmile

    levels = opensmile.FeatureLevel
    calls = [
        opensmile.Smile(opensmile.FeatureSet.ComParE_2016, level)(speech(), RATE)[0].T
        for level in (levels.LowLevelDescriptors, levels.LowLevelDescriptors_Deltas)
    ]
    ours = catalog.load("features", "compare_lld").extract(speech(), RATE)
    assert len(ours) == len(calls[0])
    assert np.array_equal(ours, np.hstack([call[: len(ours)] for call in calls]))


@pytest.mark.parametrize(
    ("name", "published"), [("compare_functionals", "ComParE_2016"), ("egemaps", "eGeMAPSv02"), ("emobase", "emobase")]
)
def test_functionals_equal_opensmile(name: str, published: str) -> None:
    import opensmile

    smile = opensmile.Smile(opensmile.FeatureSet[published], opensmile.FeatureLevel.Functionals)
    theirs = smile.process_signal(speech(), RATE).to_numpy()
    assert np.array_equal(extract(name, speech()), theirs)


def test_opensmile_does_not_wrap_full_scale() -> None:
    tone = np.sin(2 * np.pi * 200 * np.arange(RATE) / RATE).astype(np.float32)
    over, under = extract("egemaps", tone * 1.0), extract("egemaps", tone * np.float32(0.9999))
    np.testing.assert_allclose(over[0, :10], under[0, :10], rtol=1e-2, atol=1e-3)


@pytest.mark.parametrize("name", ["compare_lld", "compare_functionals", "egemaps"])
def test_sixty_milliseconds_are_opensmiles_minimum(name: str) -> None:
    from ser.errors import SerError

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.isfinite(extract(name, speech()[:960])).all()
    with pytest.raises(SerError, match=r"960 samples \(0\.060 s\)"):
        extract(name, speech()[:959])


def test_without_opensmile_the_error_names_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    from ser.errors import SerError
    from ser.features import _opensmile

    monkeypatch.setitem(sys.modules, "opensmile", None)
    with pytest.raises(SerError, match=r"pip install 'opensmile.*without it"):
        _opensmile.package()


def test_features_are_light_to_import() -> None:
    """The Snakefile reads HOP and DEPENDS in every job."""
    import subprocess
    import sys

    code = (
        "import sys\nfrom ser import catalog\n"
        "for name in catalog.names('features'): catalog.load('features', name).DEPENDS\n"
        "print(sorted({'torch', 'librosa', 'opensmile', 'pandas', 'scipy.signal'} & set(sys.modules)))"
    )
    root = Path(catalog.ROOT).parent
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=root)
    assert run.stdout.strip() == "[]"
