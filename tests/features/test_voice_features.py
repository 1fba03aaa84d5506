"""Pitch, voicing and what is built on them: the frames of Cho, Lee and Han, the prosody set, emobase."""

import numpy as np
import pytest
from scipy.signal import lfilter

from ser import catalog
from ser.features import _opensmile, prosody

RATE = 16000


def vowel(hertz: float = 140.0, glide: float = 0.0, seconds: float = 1.0) -> np.ndarray:
    """Return pulses of ``hertz`` + ``glide`` · time through the resonances of an open vowel, float32, peak 0.3."""
    time = np.arange(round(seconds * RATE)) / RATE
    periods = hertz * time + glide * time**2 / 2
    top = hertz + max(glide, 0) * seconds
    sound = sum(np.cos(2 * np.pi * k * periods) for k in range(1, int(7000 / top)))
    for formant, bandwidth in ((700, 130), (1100, 140), (2500, 200)):
        radius = np.exp(-np.pi * bandwidth / RATE)
        sound = lfilter([1], [1, -2 * radius * np.cos(2 * np.pi * formant / RATE), radius**2], sound)
    return (0.3 * sound / np.abs(sound).max()).astype(np.float32)


def noise(smooth: int = 1, seconds: float = 1.0, seed: int = 0) -> np.ndarray:
    """Return white noise, or its moving average over ``smooth`` samples, float32, rms 0.05."""
    white = np.random.default_rng(seed).standard_normal(round(seconds * RATE) + smooth - 1)
    low = np.convolve(white, np.ones(smooth), mode="valid")
    return (0.05 * low / low.std()).astype(np.float32)


def extract(name: str, signal: np.ndarray) -> np.ndarray:
    return catalog.load("features", name).extract(signal, RATE)


@pytest.mark.parametrize("hertz", [110, 140, 260])
def test_pitch_is_that_of_the_pulses(hertz: int) -> None:
    sound = vowel(hertz)
    assert np.median(extract("cho_frames", sound)[:, 0]) == pytest.approx(hertz, rel=0.01)
    lee, han = extract("lee_frames", sound), extract("han_frames", sound)
    np.testing.assert_allclose(lee[5:-5, 0], hertz, rtol=0.01)
    np.testing.assert_allclose(han[5:-5, 13], 1 / hertz, rtol=0.01)
    assert extract("prosody", sound)[0, 1] == pytest.approx(hertz, rel=0.01)


def test_the_voiced_flag_distinguishes_pulses_from_noise_and_silence() -> None:
    assert (extract("lee_frames", vowel())[5:-5, 32] == 1).all()
    for unvoiced in (noise(), noise(9), np.zeros(RATE, np.float32)):
        assert (extract("lee_frames", unvoiced)[:, 32] == 0).all()


def test_the_voiced_flag_is_where_the_sound_is() -> None:
    """A frame's middle counts, though pitch is sought in more than twice the frame."""
    pause = np.zeros(RATE // 2, np.float32)
    voiced = extract("lee_frames", np.concatenate([pause, vowel(200, seconds=0.5), pause]))[:, 32]
    middles = np.arange(len(voiced)) * 0.01 + 0.0125
    found = middles[voiced == 1]
    assert found.min() == pytest.approx(0.5, abs=0.03)
    assert found.max() == pytest.approx(1.0, abs=0.03)
    assert (found.min() - 0.5) + (found.max() - 1.0) == pytest.approx(0, abs=0.021)  # no shift to either side
    assert len(found) == round((found.max() - found.min()) * 100) + 1


def test_the_pitch_period_is_zero_where_unvoiced_and_one_over_f0_elsewhere() -> None:
    sound = np.concatenate([vowel(seconds=0.4), noise(seconds=0.4)])
    lee, han = extract("lee_frames", sound), extract("han_frames", sound)
    voiced = lee[:, 32] == 1
    assert 20 < voiced.sum() < len(voiced) - 20
    np.testing.assert_allclose(han[voiced, 13], 1 / lee[voiced, 0], rtol=1e-6)
    assert (han[~voiced, 13:15] == 0).all()


@pytest.mark.parametrize(("name", "width"), [("lee_frames", 16), ("cho_frames", 22)])
def test_the_delta_of_f0_is_the_glide_and_no_jump(name: str, width: int) -> None:
    sound = np.concatenate([noise(seconds=0.3), vowel(120, glide=50, seconds=1.0), noise(seconds=0.3, seed=1)])
    matrix = extract(name, sound)
    voiced, slope = matrix[:, 0] > 0, matrix[:, width]
    inside = np.flatnonzero(voiced)[8:-8]
    assert np.median(slope[inside]) == pytest.approx(0.5, rel=0.05)  # 50 Hz in 100 frames
    assert (slope[~voiced] == 0).all()
    edges = np.flatnonzero(np.diff(voiced))
    assert len(edges) >= 2
    assert all((slope[edge - 1 : edge + 3] == 0).all() for edge in edges)


def test_zero_crossings_of_a_tone_are_two_a_period() -> None:
    tone = np.sin(2 * np.pi * 1000 * np.arange(RATE) / RATE + 0.3).astype(np.float32)
    np.testing.assert_allclose(extract("lee_frames", tone)[:, 2], 2 * 1000 / RATE, atol=1 / 399)


def test_cepstra_and_energy_are_those_of_htk() -> None:
    htk, lee, han = (extract(name, vowel()) for name in ("mfcc12_e_d_a", "lee_frames", "han_frames"))
    assert np.array_equal(lee[:, 3:16], htk[:, :13])
    assert np.array_equal(lee[:, 19:32], htk[:, 13:26])
    assert np.array_equal(han[:, :13], htk[:, :13])
    assert np.array_equal(han[:, 15:28], htk[:, 13:26])


def test_the_harmonics_to_noise_ratio_is_hans_formula() -> None:
    """10·log10(R(τ) / (R(0) − R(τ))) of the Gaussian frame of 55 ms around the middle, smoothed over three frames."""
    sound = vowel(210) + noise() / 10
    han = extract("han_frames", sound)
    window = np.exp(-0.5 * ((np.arange(880) - 439.5) / (0.4 * 440)) ** 2)
    for row in (30, 60):
        ratios = []
        for near in (row - 1, row, row + 1):
            frame = sound[160 * near - 240 : 160 * near + 640].astype(np.float64) * window
            lag = round(RATE * han[near, 13])
            energy, shifted = frame @ frame, frame[:-lag] @ frame[lag:]
            ratios.append(10 * np.log10(shifted / (energy - shifted)))
        assert han[row, 14] == pytest.approx(np.mean(ratios), abs=0.3)


def test_noise_lowers_the_harmonics_to_noise_ratio() -> None:
    medians = [np.median(extract("han_frames", vowel(200) + gain * noise())[:, 14]) for gain in (0, 0.3, 1)]
    assert medians[0] > medians[1] + 1 > medians[2] + 2


def test_long_speech_is_tracked_to_its_end() -> None:
    sound = np.tile(np.concatenate([vowel(seconds=0.5), noise(seconds=0.5)]), 20)
    voiced = extract("lee_frames", sound)[:, 32]
    assert len(voiced) == (len(sound) - 400) // 160 + 1
    assert voiced[-100:-50].mean() > 0.8
    assert voiced[-40:].mean() < 0.2


def test_cho_frames_have_the_columns_that_opensmile_names() -> None:
    import opensmile

    smile = opensmile.Smile(opensmile.FeatureSet.ComParE_2016, opensmile.FeatureLevel.LowLevelDescriptors)
    frame = smile.process_signal(vowel(), RATE)
    families = ("F0final", "voicing", "jitter", "shimmer", "logHNR", "pcm_RMSenergy", "pcm_zcr", "mfcc")
    wanted = frame[[name for name in frame.columns if name.startswith(families)]].to_numpy()
    matrix = extract("cho_frames", vowel())
    assert wanted.shape[1] == 22
    assert np.array_equal(matrix[:, :22], wanted)
    slope = (wanted[3:-1] - wanted[1:-3] + 2 * (wanted[4:] - wanted[:-4])) / 10
    free = [22 + column for column in (1, *range(6, 22))]
    np.testing.assert_allclose(matrix[2:-2, free], slope[:, [column - 22 for column in free]], rtol=1e-3, atol=1e-4)


def seven(contour: np.ndarray) -> list[float]:
    """Return sd, mean, slope per frame, centroid in time, 10th and 90th percentile, their distance."""
    time = np.arange(len(contour))
    low, high = np.percentile(contour, [10, 90])
    slope = np.polyfit(time, contour, 1)[0]
    return [contour.std(), contour.mean(), slope, time @ contour / contour.sum() / len(time), low, high, high - low]


def test_prosody_is_seven_statistics_of_five_contours() -> None:
    sound = np.concatenate([vowel(120, glide=60), noise(seconds=0.4) / 4, vowel(200, glide=-40, seconds=0.6)])
    voice, loudness = (
        _opensmile.run(_opensmile.configured(prosody.COMPONENTS, level), sound, RATE).T.astype(np.float64)
        for level in ("voice", "smooth_loudness")
    )
    assert len(voice) == 4
    wanted = [seven(contour[contour != 0]) for contour in voice[:, :-3]]  # openSMILE ignores the last frames
    wanted.append(seven(loudness[0, :-1]))  # of the signal
    np.testing.assert_allclose(extract("prosody", sound)[0].reshape(5, 7), wanted, rtol=5e-3, atol=2e-5)


def test_prosody_of_a_steady_vowel() -> None:
    loud, quiet = (extract("prosody", gain * vowel(150))[0].reshape(5, 7) for gain in (1.0, 0.25))
    hertz, semitones, voicing, ratio, loudness = loud
    assert hertz[0] < 3
    assert semitones[1] == pytest.approx(12 * np.log2(150 / 27.5), abs=0.1)
    assert 0.7 < voicing[1] <= 1
    assert ratio[1] > 5
    np.testing.assert_allclose(loud[:4, 1], quiet[:4, 1], rtol=0.02)
    assert loudness[1] / quiet[4, 1] == pytest.approx(4 ** (2 * 0.33), rel=0.02)  # power to 0.33


def test_prosody_of_silence_is_zero() -> None:
    assert (extract("prosody", np.zeros(RATE, np.float32))[0, :28] == 0).all()
