"""The rule of ``trim: speech``: bounds of known bursts, robust against zeros, clicks, offsets and noise."""

from pathlib import Path

import numpy as np
import pytest

from ser.audio import reading
from ser.audio.reading import RATE
from ser.audio.speech_bounds import FRAME, MARGIN, levels, speech_bounds

REAL = Path(__file__).parents[3] / "shared/data/ravdess"
BEFORE, SPEECH, AFTER = 0.8, 1.2, 0.6  # seconds


def burst(level: float = 0.3, seconds: float = SPEECH) -> np.ndarray:
    """Noise below a syllable's envelope, four times a second, which never falls below a tenth."""
    time = np.arange(round(seconds * RATE)) / RATE
    envelope = 0.55 + 0.45 * np.cos(2 * np.pi * 4 * time)
    return level * envelope * np.random.default_rng(0).uniform(-1, 1, time.size)


def recording(noise: float = 0.0, speech: np.ndarray | None = None) -> np.ndarray:
    """A burst between silences, over white noise of a peak of ``noise``."""
    inside = burst() if speech is None else speech
    clean = np.concatenate([np.zeros(round(BEFORE * RATE)), inside, np.zeros(round(AFTER * RATE))])
    return (clean + noise * np.random.default_rng(1).uniform(-1, 1, clean.size)).astype(np.float32)


def assert_bounds(found: tuple[int, int] | None) -> None:
    """0.1 s before and after the burst are kept, up to a frame."""
    assert found is not None
    assert found[0] == pytest.approx(BEFORE * RATE - MARGIN, abs=FRAME)
    assert found[1] == pytest.approx((BEFORE + SPEECH) * RATE + MARGIN, abs=FRAME)


@pytest.mark.parametrize("noise", [0.0, 1e-4, 1e-3, 1e-2], ids=lambda noise: f"noise {noise:g}")
@pytest.mark.parametrize("gain", [1.0, 0.01], ids=lambda gain: f"gain {gain:g}")
def test_silence_on_both_sides_is_cut_up_to_the_margin_at_any_gain(noise: float, gain: float) -> None:
    assert_bounds(speech_bounds(np.float32(gain) * recording(noise)))


def test_a_tone_has_the_same_bounds_as_noise() -> None:
    assert_bounds(speech_bounds(recording(1e-4, 0.3 * np.sin(2 * np.pi * 200 / RATE * np.arange(SPEECH * RATE)))))


@pytest.mark.parametrize("offset", [0.05, -0.5])
def test_an_offset_moves_no_bound(offset: float) -> None:
    plain = recording(1e-3)
    assert speech_bounds(plain + np.float32(offset)) == speech_bounds(plain)
    assert_bounds(speech_bounds(plain))


def test_clicks_are_no_speech_even_at_full_scale() -> None:
    clicked = recording(1e-4)
    for at in (0.2, 0.5, BEFORE + SPEECH + 0.4):
        clicked[round(at * RATE) : round(at * RATE) + 30] = 1.0  # 2 ms
    assert_bounds(speech_bounds(clicked))


def test_digital_silence_next_to_noise_is_not_the_noise_floor() -> None:
    noisy = recording(1e-2)  # 29 dB below the burst: only the threshold above the noise finds the burst
    noisy[: round(0.2 * RATE)] = 0
    noisy[-round(0.2 * RATE) :] = 0
    assert_bounds(speech_bounds(noisy))


def test_nothing_inside_is_cut() -> None:
    pause = np.concatenate([burst(), np.zeros(2 * RATE), burst()])
    found = speech_bounds(recording(1e-4, pause))
    assert found is not None
    assert found[0] == pytest.approx(BEFORE * RATE - MARGIN, abs=FRAME)
    assert found[1] == pytest.approx((BEFORE + 2 * SPEECH + 2) * RATE + MARGIN, abs=FRAME)


def test_speech_up_to_the_edges_is_kept_whole() -> None:
    for whole in (burst(), burst() + 0.05, burst(seconds=0.3), 0.3 * np.sin(np.arange(8000) / 8)):
        assert speech_bounds(whole.astype(np.float32)) == (0, len(whole))
    beginning = np.concatenate([burst(), np.zeros(RATE)]).astype(np.float32)
    assert speech_bounds(beginning) == (0, pytest.approx(SPEECH * RATE + MARGIN, abs=FRAME))


def test_noise_alone_is_kept_whole() -> None:
    noise = np.random.default_rng(0).normal(0, 0.01, 2 * RATE).astype(np.float32)
    assert speech_bounds(noise) == (0, len(noise))


def test_no_speech_is_found_in_silence_and_clicks_and_less_than_a_frame() -> None:
    silent = np.zeros(RATE, np.float32)
    assert speech_bounds(silent) is None
    assert speech_bounds(silent + np.float32(0.3)) is None
    silent[8000] = 1.0
    assert speech_bounds(silent) is None
    for samples in (0, 1, FRAME - 1):
        assert speech_bounds(burst()[:samples].astype(np.float32)) is None


@pytest.mark.parametrize("noise", [0.0, 1e-4, 1e-3, 1e-2])
def test_a_trimmed_recording_stays_as_it_is(noise: float) -> None:
    signal = recording(noise)
    first, last = speech_bounds(signal) or (0, 0)
    assert 0 < last - first < len(signal)
    assert speech_bounds(signal[first:last]) == (0, last - first)


def test_levels_are_those_of_a_sine_and_of_silence() -> None:
    sine = 0.5 * np.sin(2 * np.pi * 400 / RATE * np.arange(RATE)).astype(np.float32)  # whole periods in a frame
    found = levels(sine)
    assert found.shape == ((RATE - FRAME) // 160 + 1,)
    np.testing.assert_allclose(found, 10 * np.log10(0.5**2 / 2), atol=1e-3)
    assert levels(np.zeros(RATE, np.float32)).max() == pytest.approx(-120)


def test_ravdess_keeps_its_speech() -> None:
    if not REAL.is_dir():
        pytest.skip(f"no RAVDESS recordings at {REAL}")
    seconds, energy = [], []
    for path in sorted(REAL.glob("Actor_*/03-01-*"))[::7]:
        signal = reading.load(path)
        first, last = speech_bounds(signal) or (0, 0)
        squares = np.square(signal - signal.mean(), dtype=np.float64)
        seconds.append((last - first) / RATE)
        energy.append(squares[first:last].sum() / squares.sum())
        assert speech_bounds(signal[first:last]) == (0, last - first), path.name
    assert 2.0 < np.mean(seconds) < 2.6
    assert min(seconds) > 1.0  # the sentence is seven words long
    assert min(energy) > 0.99
