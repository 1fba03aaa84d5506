"""Each condition is measured: its SNR, decay, bands, bit rates, shares and times are what its strength says."""

import numpy as np
import pytest
from scipy.signal import correlate, welch

from ser import catalog
from ser.conditions import (
    babble,
    clipping,
    end_missing,
    gain,
    microphone,
    mp3,
    opus,
    reverberation,
    shift,
    speed,
    start_missing,
    telephone,
    white_noise,
)
from ser.errors import SerError

RATE = 16000
NAMES = catalog.names("conditions")


def random() -> np.random.Generator:
    return np.random.default_rng(7)


def voice(seed: int = 0, seconds: float = 2.0) -> np.ndarray:
    """Return a harmonic sound that comes and goes, (samples,)."""
    draw = np.random.default_rng(seed)
    time = np.arange(int(RATE * seconds)) / RATE
    pitch = 100 + 40 * draw.random() + 20 * np.sin(2 * np.pi * 0.7 * time)
    phase = 2 * np.pi * np.cumsum(pitch) / RATE
    sound = sum(np.sin(k * phase) / k for k in range(1, 40))
    return (0.05 * sound * (0.2 + np.abs(np.sin(2 * np.pi * 1.3 * time + draw.random())))).astype(np.float32)


OTHERS = [voice(seed, 1.5) for seed in range(1, 9)]


def decibels(ratio: float) -> float:
    return 10 * float(np.log10(ratio))


def level_change(disturb, strength: float, frequency: float) -> float:
    """Return the gain at a frequency, dB, by white noise."""
    noise = random().normal(0, 0.1, 20 * RATE).astype(np.float32)
    frequencies, before = welch(noise, RATE, nperseg=2048)
    after = welch(disturb(noise, strength, random(), []), RATE, nperseg=2048)[1]
    near = np.abs(frequencies - frequency) <= 20
    return decibels(after[near].mean() / before[near].mean())


@pytest.mark.parametrize("name", NAMES)
def test_a_condition_is_reproducible_finite_and_leaves_its_input_alone(name: str) -> None:
    module = catalog.load("conditions", name)
    assert module.__doc__
    low, high = module.LIMITS
    assert len(set(module.STRENGTHS)) == len(module.STRENGTHS)
    for strength in module.STRENGTHS:
        assert low <= strength <= high
        assert strength in getattr(module, "ONLY", (strength,))
        signal = voice()
        first, second = (module.disturb(signal, strength, random(), OTHERS) for _ in range(2))
        np.testing.assert_array_equal(first, second)
        np.testing.assert_array_equal(signal, voice())
        assert first.dtype == np.float32
        assert np.isfinite(first).all()
        assert not np.array_equal(first, signal)


@pytest.mark.parametrize("name", NAMES)
def test_limits_are_usable_and_silence_stays_finite(name: str) -> None:
    module = catalog.load("conditions", name)
    for strength in module.LIMITS:
        for signal in (voice(), np.zeros(RATE, np.float32)):
            assert np.isfinite(module.disturb(signal, strength, random(), OTHERS)).all()


@pytest.mark.parametrize("condition", [white_noise, babble])
@pytest.mark.parametrize("snr", [20.0, 0.0, -10.0])
def test_noise_has_the_ratio_that_was_asked_for(condition, snr: float) -> None:
    signal = voice() + np.float32(0.01)  # an offset is no signal
    added = condition.disturb(signal, snr, random(), OTHERS) - signal
    assert decibels(signal.var(dtype=float) / added.var(dtype=float)) == pytest.approx(snr, abs=0.05)


def test_white_noise_is_as_strong_in_every_band_and_the_same_at_every_strength() -> None:
    signal = voice(seconds=20.0)
    weak, strong = (white_noise.disturb(signal, snr, random(), []) - signal for snr in (20.0, 0.0))
    np.testing.assert_allclose(strong, 10 * weak, atol=1e-4)
    power = welch(strong, RATE, nperseg=512)[1][2:-2]
    assert decibels(power.max() / power.min()) < 3


def test_babble_is_made_of_the_other_voices() -> None:
    """Of six voices in one sum each has a correlation of 1/√6 with it, at the shift where it begins."""
    made = babble.babble(len(OTHERS[0]), random(), OTHERS)
    found = []
    for one in OTHERS:
        twice = np.concatenate([one, one])  # it begins anywhere and goes on at its start
        cosine = correlate(twice, made, mode="valid") / np.linalg.norm(one) / np.linalg.norm(made)
        found.append(float(cosine.max()))
    assert sum(one > 0.3 for one in found) >= babble.VOICES
    few = babble.babble(RATE, random(), OTHERS[:2])
    assert len(few) == RATE


@pytest.mark.parametrize("seconds", [0.3, 0.6, 2.0])
def test_the_sound_of_a_room_decays_by_60_db_in_its_rt60(seconds: float) -> None:
    """Schroeder's backward integration of the response, a line fitted from −5 to −25 dB after the direct sound."""
    response = reverberation.impulse_response(seconds, random())
    tail = np.cumsum(response[1:][::-1] ** 2)[::-1]
    curve = 10 * np.log10(tail / tail[0])
    part = (curve < -5) & (curve > -25)
    slope = np.polyfit(np.flatnonzero(part) / RATE, curve[part], 1)[0]
    assert -60 / slope == pytest.approx(seconds, rel=0.07)
    assert (response[1:] ** 2).sum() == pytest.approx(response[0] ** 2)  # at the critical distance


def test_a_room_changes_no_level_and_no_start() -> None:
    signal = np.pad(voice(), (RATE // 2, 0))
    wet = reverberation.disturb(signal, 1.0, random(), [])
    assert len(wet) == len(signal)
    assert decibels(wet.var() / signal.var()) == pytest.approx(0, abs=0.01)
    assert np.abs(wet[: RATE // 2 - 1]).max() < 1e-4 * np.abs(wet).max()


@pytest.mark.parametrize("edge", [2500.0, 3400.0, 7000.0])
def test_a_telephone_passes_its_band_alone(edge: float) -> None:
    for frequency in (400.0, 1000.0, edge - 100):
        assert level_change(telephone.disturb, edge, frequency) == pytest.approx(0, abs=0.3)
    for frequency in (100.0, 200.0, edge + 150, 7900.0):
        assert level_change(telephone.disturb, edge, frequency) < -45


def test_a_microphone_has_the_range_that_was_asked_for() -> None:
    assert level_change(microphone.disturb, 22.0, 4000.0) == pytest.approx(8.0, abs=0.7)
    assert level_change(microphone.disturb, 22.0, 1000.0) == pytest.approx(0.0, abs=0.3)
    assert level_change(microphone.disturb, 22.0, 100.0) == pytest.approx(-12.0, abs=1.0)
    signal = voice()
    np.testing.assert_allclose(microphone.disturb(signal, 0.0, random(), []), signal, atol=1e-5)


@pytest.mark.parametrize(("condition", "kilobits", "container"), [(mp3, 8, 0.6), (mp3, 64, 3), (opus, 32, 4)])
def test_a_codec_has_its_bit_rate(condition, kilobits: float, container: float) -> None:
    """Of 20 s, with what the container adds, kbit/s."""
    signal = (voice(seconds=20.0) + random().normal(0, 0.01, 20 * RATE)).astype(np.float32)
    rate = 8 * len(condition.file(signal, kilobits)) / 20 / 1000
    assert kilobits - 2 <= rate <= kilobits + container


def test_less_bits_are_a_worse_copy_and_a_smaller_file() -> None:
    signal = voice()
    for condition in (mp3, opus):
        sizes = [len(condition.file(signal, one)) for one in condition.STRENGTHS]
        assert sizes == sorted(sizes, reverse=True)
        errors = [
            float(np.var(condition.disturb(signal, one, random(), []) - signal))
            for one in (condition.STRENGTHS[0], condition.STRENGTHS[-1])
        ]
        assert errors[1] > 2 * errors[0]


@pytest.mark.parametrize(
    ("condition", "kilobits"), [(mp3, 8), (mp3, 32), (mp3, 40), (mp3, 64), (opus, 8), (opus, 16), (opus, 32)]
)
def test_a_codec_adds_no_delay(condition, kilobits: float) -> None:
    signal = voice()
    found = condition.disturb(signal, kilobits, random(), [])
    assert len(found) == len(signal)
    lag = int(correlate(found, signal, mode="full").argmax()) - (len(signal) - 1)
    assert abs(lag) <= 8  # half a millisecond


def test_mp3_has_no_other_rates() -> None:
    with pytest.raises(SerError, match=r"no 20 kbit/s; known: 8, 16"):
        mp3.disturb(voice(), 20.0, random(), [])


def test_gain_is_exact_and_0_db_changes_no_bit() -> None:
    signal = voice()
    assert decibels(gain.disturb(signal, 6.0, random(), []).var() / signal.var()) == pytest.approx(6, abs=1e-3)
    np.testing.assert_array_equal(gain.disturb(signal, 0.0, random(), []), signal)


@pytest.mark.parametrize("share", [1.0, 20.0])
def test_the_clipped_share_stands_at_the_limit(share: float) -> None:
    signal = voice()
    found = clipping.disturb(signal, share, random(), [])
    top = np.abs(found).max()
    assert 100 * np.mean(np.abs(found) > 0.9999 * top) == pytest.approx(share, abs=0.2)
    assert decibels(found.var() / signal.var()) == pytest.approx(0, abs=0.01)


@pytest.mark.parametrize("factor", [0.5, 0.9, 1.1, 2.0])
def test_a_faster_recording_is_shorter_and_higher(factor: float) -> None:
    tone = np.sin(2 * np.pi * 500 * np.arange(2 * RATE) / RATE).astype(np.float32)
    found = speed.disturb(tone, factor, random(), [])
    assert len(found) == pytest.approx(2 * RATE / factor, abs=1)
    frequencies, power = welch(found, RATE, nperseg=8192)
    assert frequencies[power.argmax()] == pytest.approx(500 * factor, abs=2)
    assert decibels(found.var() / tone.var()) == pytest.approx(0, abs=0.1)


def test_a_shift_loses_nothing_and_a_cut_keeps_the_rest_as_it_is() -> None:
    signal = voice()
    found = shift.disturb(signal, 0.5, random(), [])
    assert not found[: RATE // 2].any()
    np.testing.assert_array_equal(found[RATE // 2 :], signal)
    np.testing.assert_array_equal(start_missing.disturb(signal, 30.0, random(), []), signal[-22400:])
    np.testing.assert_array_equal(end_missing.disturb(signal, 30.0, random(), []), signal[:22400])
    short = signal[: RATE // 4]
    assert len(end_missing.disturb(short, 90.0, random(), [])) == RATE // 5
    assert len(start_missing.disturb(short[:100], 90.0, random(), [])) == 100
