"""What is drawn is what was measured: peaks of the samples, means of the windows, steps of the values."""

import re
from pathlib import Path

import numpy as np
import pytest
import soundfile

from ser.audio import decoding
from ser.inference.utterance import TimedAttention
from ser.prediction_page import paths, timeline
from ser.prediction_page.drawing import clock, ticks
from ser.prediction_page.peaks import peaks


@pytest.mark.parametrize(("samples", "columns"), [(10_007, 64), (64, 64), (40, 64), (1, 64)])
def test_peaks_are_those_of_all_samples_whatever_the_block(
    samples: int, columns: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    signal = np.random.default_rng(samples).uniform(-0.9, 0.9, samples).astype(np.float32)
    soundfile.write(tmp_path / "a.wav", signal, 8000, "FLOAT")
    count = min(columns, samples)
    parts = [signal[-(-k * samples // count) : -(-(k + 1) * samples // count)] for k in range(count)]
    expected = np.array([(part.min(), part.max()) for part in parts])
    for block in (7, 1000, 1 << 18):
        monkeypatch.setattr(decoding, "BLOCK", block)
        found = peaks(tmp_path / "a.wav", 0, samples / 8000, "mix", columns)
        np.testing.assert_array_equal(found, expected)


def test_no_more_than_a_block_of_a_recording_is_read_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    soundfile.write(tmp_path / "a.wav", np.zeros(50_000, np.float32), 8000)
    monkeypatch.setattr(decoding, "BLOCK", 4096)
    sizes: list[int] = []
    read = soundfile.SoundFile.read
    monkeypatch.setattr(
        soundfile.SoundFile, "read", lambda self, frames, **kind: sizes.append(frames) or read(self, frames, **kind)
    )
    peaks(tmp_path / "a.wav", 1, 6, "mix", 100)
    assert sum(sizes) == 40_000
    assert max(sizes) == 4096


def test_a_column_is_the_mean_of_the_windows_that_cover_it() -> None:
    starts, ends = np.array([0.0, 1.0, 3.0]), np.array([2.0, 3.0, 3.1])
    found = timeline.columns(starts, ends, np.array([[0.2], [0.6], [1.0]]), (0, 4), 4)[:, 0]
    np.testing.assert_allclose(found, [0.2, 0.4, 0.6, 1.0])
    gap = timeline.columns(starts[:1], ends[:1], np.array([[0.2]]), (0, 4), 4)[:, 0]
    np.testing.assert_array_equal(np.isnan(gap), [False, False, True, True])


def test_equal_weights_are_one_and_what_follows_the_end_is_left_out() -> None:
    equal = TimedAttention("time", 0.5, 1.0, np.full(8, 1 / 8, np.float32), 1 / 8).within(10, 4)
    assert (equal.start, equal.after, len(equal.weights)) == (10.5, 0.5, 4)
    found = timeline.attention([equal], (10, 16), 6)["time"]
    np.testing.assert_allclose(found, [1, 1, 1, 1, np.nan, np.nan])
    double = TimedAttention("time", 10.5, 1.0, np.array([0.25, 0.125], np.float32), 1 / 8)
    np.testing.assert_allclose(timeline.attention([double], (10, 12), 2)["time"], [2, 1])


def test_steps_have_the_heights_of_their_values() -> None:
    assert paths.stairs(np.array([0.0, 0.25, 0.25, 1.0, np.nan])) == "M0 100V100H1V75H3V0H4V100H5V100Z"
    outline = paths.waveform(np.array([[-0.5, 0.25], [0, 0]], np.float32))
    points = [tuple(map(int, one.split())) for one in re.split("[ML]", outline.rstrip("Z"))[1:]]
    assert points == [(0, 25), (1, 50), (1, 50), (0, 100)]
    assert "nan" not in paths.waveform(np.zeros((3, 2), np.float32))


@pytest.mark.parametrize(("begin", "end"), [(0, 0.4), (0, 3.2), (12.3, 20), (0, 600), (100, 3700), (0, 36_000)])
def test_an_axis_has_few_marks_inside_of_its_span(begin: float, end: float) -> None:
    marks = list(ticks(begin, end))
    assert 2 <= len(marks) <= 7
    assert all(0 <= at <= 100 for at, _ in marks)
    assert len({text for _, text in marks}) == len(marks)
    assert [clock(3725, 4000), clock(65, 70), clock(2.5, 3)] == ["1:02:05", "1:05", "2.5 s"]
