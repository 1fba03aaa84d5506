"""Spectra, mel bands, HTK's cepstra and the raw waveform against formulas and libraries."""

from collections.abc import Callable
from math import ceil
from pathlib import Path

import numpy as np
import pytest

from ser import catalog
from ser.config import read
from ser.errors import SerError
from ser.features import _htk

RATE = 16000
FEATURES = read.features(Path(__file__).parents[2] / "config")


def sound(seconds: float = 1.0) -> np.ndarray:
    """Return a gliding harmonic sound with noise, float32, exact in 16 bits as recordings are."""
    time = np.arange(round(seconds * RATE)) / RATE
    phase = 2 * np.pi * (110 * time + 25 * time**2)
    noise = np.random.default_rng(5).standard_normal(len(time))
    wave = 0.1 * sum(np.sin(k * phase) / k for k in range(1, 25)) + 0.01 * noise
    return (np.round(wave * 32768) / 32768).astype(np.float32)


def tone(hertz: float) -> np.ndarray:
    return np.sin(2 * np.pi * hertz * np.arange(RATE) / RATE).astype(np.float32)


def extract(name: str, signal: np.ndarray, **options: object) -> np.ndarray:
    feature = FEATURES[name]
    return catalog.load("features", feature.extractor).extract(signal, RATE, **{**feature.options, **options})


def whole_frames(window: int) -> Callable[[int], int]:
    return lambda samples: (samples - window) // 160 + 1


SHAPES = {
    "spectrogram_20hz": (200, whole_frames(160), 160),
    "log_mel": (40, whole_frames(400), 400),
    "power_spectrum": (257, whole_frames(400), 400),
    "mfcc12_e_d_a": (39, whole_frames(400), 400),
    "lee_frames": (33, whole_frames(400), 400),
    "han_frames": (30, whole_frames(400), 400),
    "waveform": (512, lambda samples: ceil(samples / 512), 1),
    "prosody": (35, lambda _: 1, 960),
    "emobase": (988, lambda _: 1, 960),
    "cho_frames": (44, lambda samples: (samples - 960) // 160 + 2, 960),  # openSMILE fills up a last frame
}


@pytest.mark.parametrize("name", SHAPES)
def test_width_and_length_are_as_documented(name: str) -> None:
    width, frames, minimum = SHAPES[name]
    assert catalog.load("features", FEATURES[name].extractor).dims(**FEATURES[name].options) == width
    for samples in (minimum, minimum + 159, 8000, 8161):
        matrix = extract(name, sound()[:samples])
        assert matrix.shape == (frames(samples), width)
        assert np.isfinite(matrix).all()
    with pytest.raises(SerError, match=f"needs at least {minimum} samples"):
        extract(name, sound()[: minimum - 1])


def test_three_seconds_give_three_hundred_frames_of_the_20_hz_grid() -> None:
    assert extract("spectrogram_20hz", sound(3.0)).shape == (300, 200)


@pytest.mark.parametrize(("name", "spacing"), [("spectrogram_20hz", 20), ("power_spectrum", 31.25)])
@pytest.mark.parametrize("hertz", [500, 1000, 3500])
def test_a_tone_peaks_in_its_own_bin(name: str, spacing: float, hertz: int) -> None:
    assert (extract(name, tone(hertz))[2:-2].argmax(axis=1) == hertz / spacing).all()


def test_a_tone_peaks_in_the_mel_band_around_it() -> None:
    import librosa

    centres = librosa.mel_frequencies(42, fmin=0, fmax=8000)[1:-1]
    for band in (10, 20, 30):
        assert (extract("log_mel", tone(centres[band])).argmax(axis=1) == band).all()


def test_spectra_equal_librosa() -> None:
    import librosa

    wave = np.pad(sound(), 80 + (800 - 320) // 2)  # librosa centres a short window in the DFT
    fine = librosa.stft(wave, n_fft=800, win_length=320, hop_length=160, window="hamming", center=False)
    np.testing.assert_allclose(extract("spectrogram_20hz", sound()), np.abs(fine).T[:, :200], rtol=1e-3, atol=1e-4)

    emphasised = np.append(sound()[:1], sound()[1:] - 0.97 * sound()[:-1])
    keys = {"n_fft": 512, "win_length": 400, "hop_length": 160, "window": "hamming", "center": False}
    power = np.abs(librosa.stft(np.pad(emphasised, 56), **keys)) ** 2
    np.testing.assert_allclose(extract("power_spectrum", sound()), power.T, rtol=1e-3, atol=1e-6)

    mel = librosa.feature.melspectrogram(y=np.pad(sound(), 56), sr=RATE, n_mels=40, **keys)
    level = librosa.power_to_db(mel, top_db=None)
    np.testing.assert_allclose(extract("log_mel", sound()), level.T, atol=1e-3)


def test_the_power_spectrum_keeps_the_energy_of_a_frame() -> None:
    emphasised = np.append(sound()[:1], sound()[1:] - 0.97 * sound()[:-1]).astype(np.float64)
    window = 0.54 - 0.46 * np.cos(2 * np.pi * np.arange(400) / 400)
    power = extract("power_spectrum", sound())
    both_sides = power[:, 0] + 2 * power[:, 1:-1].sum(axis=1) + power[:, -1]
    energy = [np.sum((window * emphasised[160 * t : 160 * t + 400]) ** 2) for t in range(len(power))]
    np.testing.assert_allclose(both_sides / 512, energy, rtol=1e-4)


def test_gain_moves_every_log_mel_band_by_its_decibels() -> None:
    np.testing.assert_allclose(
        extract("log_mel", sound()) - extract("log_mel", sound() / 4), 20 * np.log10(4), atol=1e-3
    )


def test_silence_is_at_the_floor() -> None:
    np.testing.assert_allclose(extract("log_mel", np.zeros(RATE, np.float32)), -100, atol=1e-4)
    assert (extract("power_spectrum", np.zeros(RATE, np.float32)) == 0).all()
    assert (extract("mfcc12_e_d_a", np.zeros(RATE, np.float32))[:, 12:] == 0).all()


def test_mel_bands_can_be_chosen_and_are_checked() -> None:
    assert extract("log_mel", sound(), mels=64).shape[1] == catalog.load("features", "log_mel").dims(mels=64) == 64
    with pytest.raises(SerError, match="mels=0"):
        extract("log_mel", sound(), mels=0)


@pytest.mark.parametrize("samples", [1, 511, 512, 513, 5000])
def test_the_rows_of_the_waveform_join_to_the_signal(samples: int) -> None:
    rows = extract("waveform", sound()[:samples])
    assert rows.dtype == np.float32
    assert np.array_equal(rows.ravel()[:samples], sound()[:samples])
    assert (rows.ravel()[samples:] == 0).all()
    assert len(rows.ravel()) - samples < 512


def htk_static(signal: np.ndarray) -> np.ndarray:
    """Return c1 to c12 and log energy from the formulas of the HTK Book, number by number, in float64."""
    signal = signal.astype(np.float64) * 32767
    edges = np.arange(28) * 1127 * np.log(1 + 8000 / 700) / 27
    mels = 1127 * np.log(1 + np.arange(257) * 31.25 / 700)
    rows = []
    for start in range(0, len(signal) - 399, 160):
        frame = signal[start : start + 400]
        emphasised = [frame[n] - 0.97 * frame[max(n - 1, 0)] for n in range(400)]
        windowed = [x * (0.54 - 0.46 * np.cos(2 * np.pi * n / 399)) for n, x in enumerate(emphasised)]
        power = np.abs(np.fft.fft(windowed, 512)) ** 2
        bands = []
        for left, centre, right in zip(edges, edges[1:], edges[2:], strict=False):
            weights = np.interp(mels, [left, centre, right], [0, 1, 0])
            bands.append(np.log(max(1.0, weights @ power[:257])))
        row = []
        for order in range(1, 13):
            sum_of_bands = sum(band * np.cos(np.pi * order / 26 * (m + 0.5)) for m, band in enumerate(bands))
            row.append(np.sqrt(2 / 26) * sum_of_bands * (1 + 11 * np.sin(np.pi * order / 22)))
        rows.append([*row, np.log(max(1.0, np.sum(frame**2)))])
    return np.array(rows)


def test_cepstra_and_energy_equal_the_htk_book() -> None:
    signal = np.concatenate([sound(0.1), np.zeros(1000, np.float32)])
    np.testing.assert_allclose(extract("mfcc12_e_d_a", signal)[:, :13], htk_static(signal), atol=2e-3)


def test_cepstra_equal_those_of_opensmile() -> None:
    """Its emobase set has the same cepstra, smoothed over three frames."""
    import opensmile

    smile = opensmile.Smile(opensmile.FeatureSet.emobase, opensmile.FeatureLevel.LowLevelDescriptors)
    wanted = [smile.feature_names.index(f"mfcc_sma[{order}]") for order in range(1, 13)]
    theirs = smile(sound(), RATE)[0][wanted].T
    ours = extract("mfcc12_e_d_a", sound())[:, :12]
    smooth = (ours[:-2] + ours[1:-1] + ours[2:]) / 3
    np.testing.assert_allclose(smooth, theirs[1 : 1 + len(smooth)], atol=5e-3)


@pytest.mark.parametrize(("name", "column"), [("mfcc12_e_d_a", 12), ("han_frames", 12), ("lee_frames", 15)])
def test_gain_moves_the_log_energy_and_no_cepstrum(name: str, column: int) -> None:
    loud, quiet = extract(name, sound()), extract(name, sound() / 8)
    decibels = 10 / np.log(10) * (loud - quiet)[:, column]
    np.testing.assert_allclose(decibels, 20 * np.log10(8), atol=1e-3)
    cepstra = slice(column - 12, column)
    np.testing.assert_allclose(loud[:, cepstra], quiet[:, cepstra], atol=2e-2)


def test_the_delta_of_a_ramp_is_its_slope_and_the_acceleration_is_zero() -> None:
    ramp = np.outer(np.arange(20), [3.0, -1.0]).astype(np.float32)
    slope = _htk.deltas(ramp)
    np.testing.assert_allclose(slope[2:-2], np.tile([3.0, -1.0], (16, 1)), rtol=1e-6)
    np.testing.assert_allclose(slope[0], [1.5, -0.5], rtol=1e-6)  # (1·3 + 2·6) / 10: the first frame is repeated
    np.testing.assert_allclose(_htk.deltas(slope)[4:-4], 0, atol=1e-6)
    assert (_htk.deltas(ramp[:1]) == 0).all()


def test_deltas_and_accelerations_are_those_of_the_columns_before() -> None:
    matrix = extract("mfcc12_e_d_a", sound()).astype(np.float64)
    for start in (0, 13):
        values = matrix[:, start : start + 13]
        wanted = [(values[t + 1] - values[t - 1] + 2 * (values[t + 2] - values[t - 2])) / 10 for t in range(2, 96)]
        np.testing.assert_allclose(matrix[2:96, start + 13 : start + 26], wanted, atol=1e-4)


def test_mfcc_120_is_the_extractor_with_forty_cepstra() -> None:
    assert FEATURES["mfcc_120"].extractor == "mfcc"
    wide, narrow = extract("mfcc_120", sound()), extract("mfcc", sound())
    assert wide.shape == (101, 120)
    np.testing.assert_allclose(wide[:, :32], narrow[:, :32], atol=1e-4)
