"""Copies are found whatever was done to their level, cut and encoding; other recordings are not."""

import io
from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray
from scipy.signal import butter, sosfilt

from ser.errors import SerError
from ser.evaluation import duplicates
from ser.evaluation.duplicates import THRESHOLD, fingerprint, recordings, sample_hash

RATE = 16000
REAL = Path(__file__).parents[3] / "shared/data/ravdess"
Signal = NDArray[np.float32]


def voice(seed: int, seconds: float = 2.0) -> Signal:
    """Bursts of noise in changing bands with pauses between them, and silence at both ends."""
    draw = np.random.default_rng(seed)
    pieces = [np.zeros(int(0.3 * RATE))]
    while sum(map(len, pieces)) < seconds * RATE:
        low = draw.uniform(100, 3000)
        band = butter(2, [low, low * draw.uniform(1.3, 2.5)], "bandpass", fs=RATE, output="sos")
        piece = sosfilt(band, draw.standard_normal(int(draw.uniform(0.05, 0.2) * RATE)))
        pieces += [piece * draw.uniform(0.1, 1), np.zeros(int(draw.uniform(0, 0.1) * RATE))]
    signal = np.concatenate([*pieces, np.zeros(int(0.3 * RATE))])
    return sixteen_bit(signal * 0.5 / np.abs(signal).max() + 1e-4 * draw.standard_normal(len(signal)))


def sixteen_bit(signal: NDArray[np.floating]) -> Signal:
    return (np.rint(signal * 32768).clip(-32768, 32767) / 32768).astype(np.float32)


def encoded(signal: Signal, kind: str, subtype: str) -> Signal:
    file = io.BytesIO()
    soundfile.write(file, signal, RATE, format=kind, subtype=subtype)
    file.seek(0)
    return np.asarray(soundfile.read(file, dtype="float32")[0], dtype=np.float32)


def likeness(one: Signal, other: Signal) -> float:
    return float(fingerprint(one, RATE)[0] @ fingerprint(other, RATE)[0])


COPIES = {
    "a tenth of the level": lambda signal: sixteen_bit(0.1 * signal),
    "turned over": lambda signal: -signal,
    "cut at the beginning": lambda signal: signal[800:],
    "cut at the end": lambda signal: signal[:-800],
    "cut at both": lambda signal: signal[780:-780],
    "silence around it": lambda signal: np.pad(signal, (9001, 4000)),
    "MP3": lambda signal: encoded(signal, "MP3", "MPEG_LAYER_III"),
    "µ-law": lambda signal: encoded(signal, "WAV", "ULAW"),
}
OF_SPEECH = {  # what these leave out is chosen for speech, not for bursts of noise
    "Vorbis": lambda signal: encoded(signal, "OGG", "VORBIS"),
    "ADPCM": lambda signal: encoded(signal, "WAV", "IMA_ADPCM"),
}


@pytest.mark.parametrize("kind", COPIES)
def test_a_copy_is_near_its_original(kind: str) -> None:
    for seed in range(3):
        original = voice(seed)
        copy = COPIES[kind](original)
        (one, extent), (other, other_extent) = fingerprint(original, RATE), fingerprint(copy, RATE)
        assert float(one @ other) >= THRESHOLD
        assert extent == pytest.approx(other_extent, rel=0.05)


def test_different_signals_are_far_apart() -> None:
    every = np.stack([fingerprint(voice(seed), RATE)[0] for seed in range(12)])
    assert np.triu(every @ every.T, 1).max() < 0.7


def test_steady_tones_are_not_duplicates() -> None:
    draw, time = np.random.default_rng(0), np.arange(int(0.9 * RATE)) / RATE
    tones = [
        0.2 * sum(np.sin(2 * np.pi * draw.uniform(110, 220) * harmonic * time) / harmonic for harmonic in range(1, 6))
        + 5e-4 * draw.standard_normal(len(time))
        for _ in range(10)
    ]
    every = [fingerprint(tone.astype(np.float32), RATE) for tone in tones]
    groups = recordings(np.stack([vector for vector, _ in every]), np.array([extent for _, extent in every]))
    assert len(set(groups)) == len(tones)


def test_a_fingerprint_has_unit_length_and_the_extent_of_the_energy() -> None:
    for seed in range(3):
        vector, extent = fingerprint(voice(seed), RATE)
        assert vector.shape == (duplicates.STEPS * duplicates.BANDS,)
        assert vector.dtype == np.float32
        assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-5)
        assert np.abs(vector.reshape(duplicates.STEPS, -1).mean(axis=0)).max() < 1e-6
        assert 0.5 < extent < 3
    noise = np.random.default_rng(0).standard_normal(4 * RATE).astype(np.float32)
    assert fingerprint(noise, RATE)[1] == pytest.approx(3 * 4 / np.sqrt(12), rel=0.03), "a uniform spread over 4 s"


@pytest.mark.parametrize("samples", [1, 399, 400, 561, 3200])
def test_short_and_silent_signals_have_a_finite_fingerprint(samples: int) -> None:
    for signal in (np.zeros(samples, np.float32), voice(0)[6000 : 6000 + samples]):
        vector, extent = fingerprint(signal, RATE)
        assert np.isfinite(vector).all()
        assert np.isfinite(extent)
    assert not fingerprint(np.zeros(samples, np.float32), RATE)[0].any()


def test_another_rate_is_an_error() -> None:
    with pytest.raises(SerError, match="8000 Hz; resample it first"):
        fingerprint(voice(0), 8000)


def test_the_hash_ignores_digital_silence_and_nothing_else() -> None:
    signal = voice(1)
    digest = sample_hash(signal)
    assert digest is not None
    assert len(digest) == 32
    assert sample_hash(np.pad(signal, (77, 5))) == digest
    assert sample_hash(sixteen_bit(0.5 * signal)) != digest
    changed = signal.copy()
    changed[len(signal) // 2] += 1 / 32768
    assert sample_hash(changed) != digest
    assert sample_hash(np.zeros(100, np.float32)) is None
    assert sample_hash(np.array([0.5, 2.0, -2.0], np.float32)) == sample_hash(np.array([0.5, 1.5, -1.5], np.float32))


def brute_force(vectors: Signal, extents: NDArray[np.floating], threshold: float) -> list[set[int]]:
    """Return the groups by merging sets pair by pair."""
    groups = [{row} for row in range(len(vectors))]
    for one in range(len(vectors)):
        for other in range(one):
            low, high = sorted((extents[one], extents[other]))
            if high <= low * 1.05 and float(vectors[one] @ vectors[other]) >= threshold:
                together = next(group for group in groups if one in group) | next(g for g in groups if other in g)
                groups = [group for group in groups if not group & together] + [together]
    return sorted(groups, key=min)


@pytest.mark.parametrize(("block", "pairs"), [(3, 1_000_000), (8, 5), (100, 0), (4096, 1_000_000)])
def test_recordings_are_the_groups_of_all_pairs(block: int, pairs: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(duplicates, "EDGES", pairs)
    draw = np.random.default_rng(block)
    centres = draw.standard_normal((9, 20))
    vectors = centres[draw.integers(9, size=60)] + 0.25 * draw.standard_normal((60, 20))
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    extents = draw.uniform(1, 1.3, 60)
    wanted = brute_force(vectors, extents, 0.93)
    assert 2 < len(wanted) < 55, "the draw must hold groups and single ones"
    groups = recordings(vectors, extents, threshold=0.93, block=block)
    assert sorted(({int(row) for row in np.flatnonzero(groups == group)} for group in set(groups)), key=min) == wanted


def test_a_copy_of_a_copy_is_the_same_recording_and_silence_is_nothing() -> None:
    angle = np.deg2rad([0, 9, 18, 90])
    vectors = np.stack([np.cos(angle), np.sin(angle)], axis=1).astype(np.float32)
    vectors = np.concatenate([vectors, np.zeros((2, 2), np.float32)])
    groups = recordings(vectors, np.ones(6))
    assert groups[0] == groups[1] == groups[2]
    assert len(set(groups.tolist())) == 4
    assert vectors[0] @ vectors[2] < THRESHOLD < vectors[0] @ vectors[1]
    with pytest.raises(SerError, match="threshold"):
        recordings(vectors, np.ones(6), threshold=0)


def test_ravdess_has_one_recording_twice_and_repetitions_are_no_copies() -> None:
    if not REAL.is_dir():
        pytest.skip(f"no RAVDESS recordings at {REAL}")
    files = sorted((REAL / "Actor_07").iterdir())
    signals = [soundfile.read(file, dtype="float32")[0] for file in files]
    found = [fingerprint(signal, RATE) for signal in signals]
    groups = recordings(np.stack([vector for vector, _ in found]), np.array([extent for _, extent in found]))
    twins = [file.stem for file, group in zip(files, groups, strict=True) if (groups == group).sum() > 1]
    assert twins == ["03-01-03-01-02-01-07", "03-01-03-01-02-02-07"]
    hashes = [sample_hash(signal) for signal in signals]
    assert [file.stem for file, digest in zip(files, hashes, strict=True) if hashes.count(digest) > 1] == twins
    for kind, copy in (COPIES | OF_SPEECH).items():
        for number in range(0, 60, 15):
            assert likeness(signals[number], copy(signals[number])) >= THRESHOLD, (kind, files[number].stem)
