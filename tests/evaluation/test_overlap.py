"""Overlaps are counted as plain loops count them, and a part of a recording is found in another by its sound."""

import io
from itertools import permutations

import numpy as np
import pandas as pd
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.signal import resample_poly

from ser.evaluation import overlap, tracks
from ser.evaluation.tracks import Alignment, alignments, track

RATE = 16000
Signal = NDArray[np.float32]
Place = tuple[int, float, float]  # recording, start, seconds


def placed(places: list[Place], first: int = 0) -> pd.DataFrame:
    rows = [
        {
            "utterance": f"u{first + number}",
            "audio": f"{file}.wav",
            "recording": file,
            "start": start,
            "seconds": seconds,
        }
        for number, (file, start, seconds) in enumerate(places)
    ]
    table = pd.DataFrame(rows, columns=["utterance", "audio", "recording", "start", "seconds"])
    return table.assign(end=(table["start"] + table["seconds"]).where(table["recording"] != 1))


PLACE = st.tuples(st.integers(0, 2), st.integers(0, 60).map(lambda tenth: tenth / 10), st.sampled_from([0.1, 0.7, 2.5]))


@settings(deadline=None, max_examples=60)
@given(st.lists(PLACE, max_size=12), st.lists(PLACE, max_size=12))
def test_overlaps_are_those_of_a_loop_over_all_pairs(mine: list[Place], theirs: list[Place]) -> None:
    def tenths(place: Place) -> tuple[int, int]:
        return round(10 * place[1]), round(10 * (place[1] + place[2]))

    wanted = {
        f"u{number}"
        for number, one in enumerate(mine)
        for other in theirs
        if one[0] == other[0] and tenths(one)[0] < tenths(other)[1] and tenths(other)[0] < tenths(one)[1]
    }
    shared = overlap.shared(*(overlap.stretches(placed(side, first)) for side, first in ((mine, 0), (theirs, 50))))
    assert set(shared["utterance"]) == wanted
    for row in shared.itertuples():
        one, other = mine[int(row.utterance[1:])], theirs[int(row.like[1:]) - 50]
        low, high = max(tenths(one)[0], tenths(other)[0]), min(tenths(one)[1], tenths(other)[1])
        assert row.stretch == f"{one[0]}.wav {low / 10:.2f}–{high / 10:.2f} s"
        assert high > low


def test_a_stretch_is_also_in_the_recording_that_holds_the_same_sound() -> None:
    table = placed([(0, 0.0, 4.0), (0, 4.0, 4.0), (2, 1.0, 2.0), (2, 5.0, 2.0)])
    every = overlap.stretches(
        table, [Alignment(0, 2, -3.0, 3.0, 7.5)]
    )  # second 3 of the first is second 0 of the other
    more = every[every["utterance"].isin(["u2", "u3"]) & (every["recording"] == 0)]
    assert more[["utterance", "start", "end"]].to_numpy().tolist() == [["u2", 4_100_000, 5_900_000]]
    first, second = every[every["utterance"].isin(["u0", "u1"])], every[every["utterance"].isin(["u2", "u3"])]
    assert overlap.shared(second, first)[["utterance", "like"]].to_numpy().tolist() == [["u2", "u1"]]


def voice(seed: int, seconds: float) -> Signal:
    """Noise through bands that change every 30 to 120 ms, with pauses, over a floor 50 dB below."""
    draw = np.random.default_rng(seed)
    pieces: list[NDArray[np.float64]] = []
    while sum(map(len, pieces)) < seconds * RATE:
        time = np.arange(int(draw.uniform(0.03, 0.12) * RATE)) / RATE
        tones = [np.sin(2 * np.pi * draw.uniform(120, 3500) * time + draw.uniform(0, 6)) for _ in range(6)]
        pieces.append(draw.uniform(0.05, 1) * np.hanning(len(time)) * sum(tones))
    signal = np.concatenate(pieces)[: int(seconds * RATE)]
    return (0.3 * signal / np.abs(signal).max() + 1e-3 * draw.standard_normal(len(signal))).astype(np.float32)


def encoded(signal: Signal, kind: str, subtype: str) -> Signal:
    file = io.BytesIO()
    soundfile.write(file, signal, RATE, format=kind, subtype=subtype)
    file.seek(0)
    return np.asarray(soundfile.read(file, dtype="float32")[0], dtype=np.float32)


COPIES = {
    "equal": lambda signal: signal,
    "a tenth of the level": lambda signal: np.rint(0.1 * signal * 32768).astype(np.float32) / 32768,
    "half a sample later": lambda signal: resample_poly(resample_poly(signal, 2, 1)[1:], 1, 2).astype(np.float32),
    "µ-law": lambda signal: encoded(signal, "WAV", "ULAW"),
    "MP3": lambda signal: encoded(signal, "MP3", "MPEG_LAYER_III"),
}


@pytest.mark.parametrize("kind", COPIES)
def test_a_part_of_a_recording_is_found_where_it_is(kind: str) -> None:
    whole, others = voice(1, 7), [voice(seed, 3) for seed in range(2, 6)]
    begin, size = 2.3171, 1.9
    cut = COPIES[kind](whole)[int(begin * RATE) :][: int(size * RATE)]
    signals = [others[0], whole, others[1], np.concatenate([others[2][:RATE], cut]), others[3]]
    (found,) = alignments([track(signal) for signal in signals], range(5), [0.0] * 5)
    assert (found.recording, found.other) == (1, 3)
    assert found.offset == pytest.approx(1 - begin, abs=0.02)
    assert found.start == pytest.approx(begin, abs=0.2)
    assert found.end == pytest.approx(begin + size, abs=0.2)


def test_windows_of_one_file_are_placed_in_a_copy_of_it() -> None:
    whole = voice(7, 9)
    starts = np.arange(0, 7.1, 0.5)
    windows = [whole[int(start * RATE) :][: 2 * RATE] for start in starts]
    copy = COPIES["MP3"](whole)
    (found,) = alignments([track(one) for one in (*windows, copy)], [3] * len(windows) + [8], [*starts, 0.0])
    assert (found.recording, found.other) == (3, 8)
    assert abs(found.offset) < 0.1, "the delay of the encoder"
    assert found.end - found.start > 8


def test_steady_sounds_and_silence_share_nothing() -> None:
    time = np.arange(2 * RATE) / RATE
    tone = (0.3 * np.sin(2 * np.pi * 440 * time)).astype(np.float32)
    silence = np.zeros(RATE, np.float32)
    assert not track(silence).any()
    assert track(tone[:100]).dtype == np.uint32
    assert alignments([track(tone), track(0.5 * tone), track(silence), track(silence)], range(4), [0.0] * 4) == []
    assert alignments([], [], []) == []


def test_every_copy_of_many_is_found() -> None:
    part = voice(3, 1.5)
    signals = [np.concatenate([voice(100 + number, 0.3 + number / 20), part]) for number in range(12)]
    found = alignments([track(signal) for signal in signals], range(12), [0.0] * 12)
    joined = {frozenset((one.recording, one.other)) for one in found}
    assert {number for pair in joined for number in pair} == set(range(12))
    assert all(frozenset((0, number)) in joined for number in range(1, 12))
    assert tracks.SPAN / tracks.TICKS < 0.5


def test_overlaps_within_one_set_of_utterances_are_those_of_all_pairs() -> None:
    rng = np.random.default_rng(3)
    start = rng.uniform(0, 60, 80).round(2)
    length, recording = rng.choice([0.5, 2.0, 9.0], 80), rng.integers(4, size=80)
    table = pd.DataFrame({"start": start, "end": start + length, "seconds": length, "recording": recording})
    table = table.assign(utterance=[f"u{n:02d}" for n in range(80)], audio="a.wav")
    pairs = {
        (one.utterance, other.utterance)
        for one, other in permutations(table.itertuples(), 2)
        if one.recording == other.recording and min(one.end, other.end) - max(one.start, other.start) > 1e-3
    }
    found = overlap.within(overlap.stretches(table))
    assert set(found) == {one for one, _ in pairs}
    assert set(found.items()) <= pairs
