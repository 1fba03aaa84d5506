"""The contract of every feature: each file in ser/features and each entry in config/features is tested."""

from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from safetensors.torch import save_file

from ser import catalog
from ser.config import extractors, read
from ser.errors import SerError

FEATURES = read.features(Path(__file__).parents[2] / "config")
RATE = 16000


def loaded(name: str, **options: Any) -> tuple[ModuleType, dict[str, Any]]:
    """Return the module of a feature, and its options in the configuration with more ``options``."""
    return catalog.load("features", FEATURES[name].extractor), {**FEATURES[name].options, **options}


def extracted(name: str, signal: np.ndarray, **options: Any) -> np.ndarray:
    module, given = loaded(name, **options)
    matrix: np.ndarray = module.extract(signal, RATE, **given)
    return matrix


def voice(seconds: float = 1.0, seed: int = 0) -> np.ndarray:
    """Return a vowel-like sound: harmonics of a gliding 120 Hz pitch and a little noise, float32, peak about 0.3."""
    time = np.arange(round(seconds * RATE)) / RATE
    phase = 2 * np.pi * (120 * time + 20 * time**2)
    sound = sum(np.sin(k * phase) / k for k in range(1, 20))
    noise = np.random.default_rng(seed).standard_normal(len(time))
    return (0.15 * sound + 0.002 * noise).astype(np.float32)


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a file of untrained x-vector weights."""
    import torch

    from ser.layers.xvector import XVector

    path = tmp_path_factory.mktemp("weights") / "xvector.safetensors"
    with torch.random.fork_rng():
        torch.manual_seed(0)
        save_file(XVector().state_dict(), path)
    return path


@pytest.fixture(params=[name for name, feature in FEATURES.items() if "model" not in feature.options])
def named(request: pytest.FixtureRequest, weights: Path) -> tuple[str, ModuleType, dict[str, Any]]:
    """Return each feature: its name, its module, its options with weights where the pipeline would train them.

    Those of a pretrained model are left out: test_encoders.py and test_whisper_ct2.py have tiny models.
    """
    if request.param == "ge2e" and find_spec("resemblyzer") is None:
        pytest.skip("resemblyzer is not installed: uv pip install --no-deps resemblyzer==0.1.4")
    trained = extractors.trained(FEATURES[request.param].extractor)
    return request.param, *loaded(request.param, **dict.fromkeys(trained, weights))


def test_every_extractor_keeps_its_contract(named: tuple[str, ModuleType, dict[str, Any]]) -> None:
    _, module, options = named
    extractors.check_matrix(module, module.dims(**options), module.extract(voice(), RATE, **options))
    assert set(extractors.versions(module)) == set(module.DEPENDS)


def test_shape_type_and_hop_are_as_declared(named: tuple[str, ModuleType, dict[str, Any]]) -> None:
    _, module, options = named
    short, long = (module.extract(voice(seconds), RATE, **options) for seconds in (1.0, 2.0))
    for matrix in (short, long):
        assert matrix.ndim == 2
        assert matrix.dtype == np.dtype(module.DTYPE)
        assert np.isfinite(matrix).all()
    assert short.shape[1] == long.shape[1]
    if module.HOP is None:
        assert len(short) == len(long) == 1
    else:
        assert len(long) - len(short) == round(1 / module.HOP)
        assert abs(len(short) - 1 / module.HOP) <= 6


def test_one_utterance_has_one_matrix(named: tuple[str, ModuleType, dict[str, Any]]) -> None:
    _, module, options = named
    sound = voice()
    before = sound.copy()
    first = module.extract(sound, RATE, **options)
    module.extract(voice(0.5, seed=1), RATE, **options)  # must not change the next result
    assert np.array_equal(first, module.extract(sound, RATE, **options))
    assert np.array_equal(sound, before), "the signal was changed in place"


def test_another_sound_has_another_matrix(named: tuple[str, ModuleType, dict[str, Any]]) -> None:
    _, module, options = named
    noise = np.random.default_rng(0).uniform(-0.3, 0.3, RATE).astype(np.float32)
    assert not np.allclose(module.extract(voice(), RATE, **options), module.extract(noise, RATE, **options))


@pytest.mark.parametrize("level", [0.0, 1e-7, 1e-4])
def test_silence_is_finite(named: tuple[str, ModuleType, dict[str, Any]], level: float) -> None:
    _, module, options = named
    noise = np.random.default_rng(0).standard_normal(RATE // 2).astype(np.float32)
    assert np.isfinite(module.extract(level * noise, RATE, **options)).all()


def test_full_scale_is_finite(named: tuple[str, ModuleType, dict[str, Any]]) -> None:
    _, module, options = named
    square = np.sign(np.sin(2 * np.pi * 200 * np.arange(RATE) / RATE)).astype(np.float32)
    assert np.isfinite(module.extract(square, RATE, **options)).all()


def test_the_shortest_utterance_of_a_corpus_is_legal(named: tuple[str, ModuleType, dict[str, Any]]) -> None:
    _, module, options = named
    matrix = module.extract(voice(0.2), RATE, **options)  # the default of 'minimum_seconds'
    assert len(matrix) >= 1
    assert np.isfinite(matrix).all()


def matrix_or_refusal(module: ModuleType, signal: np.ndarray, options: dict[str, Any]) -> np.ndarray | str:
    """Return the matrix, or the text of the SerError."""
    try:
        return module.extract(signal, RATE, **options)
    except SerError as error:
        return str(error)


@pytest.mark.parametrize("samples", [0, 1, 159, 160, 399, 400, 480, 959, 960, 1120])
def test_a_short_signal_works_or_raises_an_error(named: tuple[str, ModuleType, dict[str, Any]], samples: int) -> None:
    _, module, options = named
    result = matrix_or_refusal(module, voice()[:samples], options)
    if isinstance(result, str):
        assert "needs at least" in result
    else:
        assert len(result) >= 1
        assert np.isfinite(result).all()


@pytest.mark.parametrize(
    ("name", "minimum"),
    [("mfcc", 1), ("spectrogram_10hz", 160), ("spectrogram", 400), ("xvector", 480), ("egemaps", 960)],
)
def test_the_minimum_is_legal_and_one_sample_less_is_not(name: str, minimum: int, weights: Path) -> None:
    module, options = loaded(name, **({"weights": weights} if name == "xvector" else {}))
    assert not isinstance(matrix_or_refusal(module, voice()[:minimum], options), str)
    assert f"at least {minimum} samples" in matrix_or_refusal(module, voice()[: minimum - 1], options)


def test_another_rate_is_refused(named: tuple[str, ModuleType, dict[str, Any]]) -> None:
    _, module, options = named
    with pytest.raises(SerError, match=r"16000 Hz.*48000"):
        module.extract(voice(), 48000, **options)


def test_stereo_is_refused(named: tuple[str, ModuleType, dict[str, Any]]) -> None:
    _, module, options = named
    with pytest.raises(SerError, match="mono"):
        module.extract(np.zeros((2, RATE), np.float32), RATE, **options)


@pytest.mark.parametrize("name", ["spectrogram", "spectrogram_10hz"])
def test_magnitude_scales_with_gain(name: str) -> None:
    loud, quiet = (extracted(name, signal).astype(np.float32) for signal in (voice(), voice() / 4))
    strong = loud > 0.01
    np.testing.assert_allclose(quiet[strong] * 4, loud[strong], rtol=2e-3)


@pytest.mark.parametrize(("name", "spacing"), [("spectrogram", 40), ("spectrogram_10hz", 10)])
def test_a_tone_peaks_in_its_own_bin(name: str, spacing: int) -> None:
    tone = np.sin(2 * np.pi * 1000 * np.arange(RATE) / RATE).astype(np.float32)
    matrix = extracted(name, tone)
    assert (matrix[3:-3].argmax(axis=1) == 1000 // spacing).all()


def test_two_seconds_give_two_hundred_frames_of_the_10_hz_grid() -> None:
    assert extracted("spectrogram_10hz", voice(2.0)).shape == (200, 400)


@pytest.mark.parametrize(
    "options", [{"window": 0}, {"window": 401}, {"bins": 202}, {"bins": 0}, {"pad": 200}, {"pad": -1}]
)
def test_spectrogram_options_that_do_not_fit_are_refused(options: dict[str, int]) -> None:
    with pytest.raises(SerError, match=r"window=.*points=400.*bins="):
        extracted("spectrogram", voice(), **options)


def test_gain_moves_only_the_first_cepstrum() -> None:
    extract = catalog.load("features", "mfcc").extract
    loud, quiet = extract(voice(), RATE), extract(voice() / 2, RATE)
    shift = 20 * np.log10(2) * np.sqrt(128)  # a constant c over 128 bands is c·√128 in the orthonormal c0
    np.testing.assert_allclose(loud[:, 0] - quiet[:, 0], shift, rtol=1e-3)
    np.testing.assert_allclose(loud[:, 1:], quiet[:, 1:], atol=2e-2)


def test_mfcc_options_are_checked_and_obeyed() -> None:
    extract = catalog.load("features", "mfcc").extract
    assert extract(voice(), RATE, coefficients=13, mels=40, n_fft=400).shape == (101, 39)
    with pytest.raises(SerError, match="mels=20"):
        extract(voice(), RATE, mels=20)
    with pytest.raises(SerError, match="n_fft=256"):
        extract(voice(), RATE, n_fft=256)


def test_gain_does_not_move_the_embedding(weights: Path) -> None:
    extract = catalog.load("features", "xvector").extract
    loud = extract(voice(), RATE, weights=weights)
    assert np.abs(loud).max() > 0
    np.testing.assert_allclose(extract(voice() / 8, RATE, weights=weights), loud, rtol=1e-2, atol=1e-4)


@pytest.mark.parametrize(
    ("name", "dims"),
    [("spectrogram", 201), ("mfcc", 96), ("compare_lld", 130), ("compare_functionals", 6373), ("egemaps", 88)],
)
def test_dimensions(name: str, dims: int) -> None:
    assert extracted(name, voice(0.3)).shape[1] == dims
