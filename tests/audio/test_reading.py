"""Recordings: what is read, which faults are found, what resampling keeps."""

import struct
from pathlib import Path

import numpy as np
import pytest
import soundfile

from ser.audio import decoding, reading
from ser.audio.formats import LOSSLESS
from ser.errors import SerError

ORIGINALS = Path(__file__).parents[3] / "shared/data/ravdess_original_48k"
RESAMPLED = Path(__file__).parents[3] / "shared/data/ravdess"


def tone(hertz: float, seconds: float = 1.0, rate: int = 48_000, level: float = 0.5) -> np.ndarray:
    return (level * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate)).astype(np.float32)


def put(path: Path, signal: np.ndarray, rate: int = 48_000, subtype: str | None = "PCM_16") -> Path:
    soundfile.write(path, signal, rate, subtype=subtype)
    return path


@pytest.mark.parametrize("rate", [8_000, 16_000, 22_050, 24_414, 44_100, 48_000, 96_000])
def test_resampling_keeps_frequency_level_and_length(rate: int) -> None:
    signal = reading.resample(tone(1000, rate=rate), rate)
    assert abs(len(signal) - 16_000) <= 1
    middle = signal[2000:14_000]
    spectrum = np.abs(np.fft.rfft(middle * np.hanning(len(middle))))
    assert np.argmax(spectrum) * 16_000 / len(middle) == pytest.approx(1000, abs=1.5)
    assert np.sqrt(2 * np.mean(middle**2)) == pytest.approx(0.5, rel=2e-3)


def test_resampling_removes_frequencies_that_would_alias() -> None:
    assert np.abs(reading.resample(tone(10_000), 48_000)[1000:-1000]).max() < 1e-4


def test_mono_is_the_mean_of_the_channels() -> None:
    left, right = tone(300, 0.1), tone(500, 0.1)
    assert reading.mono(np.stack([left, right], axis=1)) == pytest.approx((left + right) / 2, abs=1e-6)


@pytest.mark.parametrize("suffix", sorted(LOSSLESS))
def test_every_lossless_suffix_of_the_table_adapter_is_read(tmp_path: Path, suffix: str) -> None:
    kind = {".aif": "AIFF", ".aifc": "AIFF", ".snd": "AU", ".sph": "NIST", ".wave": "WAV"}.get(suffix)
    soundfile.write(tmp_path / f"a{suffix}", tone(440, 0.5), 48_000, subtype="PCM_16", format=kind)
    found = reading.inspect(tmp_path / f"a{suffix}")
    assert (found.fault, found.rate, found.channels, found.seconds) == (None, 48_000, 1, pytest.approx(0.5))


@pytest.mark.parametrize(
    ("suffix", "kind", "subtype"), [(".mp3", "MP3", None), (".ogg", "OGG", None), (".opus", "OGG", "OPUS")]
)
def test_compressed_formats_are_read(tmp_path: Path, suffix: str, kind: str, subtype: str | None) -> None:
    path = tmp_path / f"a{suffix}"
    soundfile.write(path, tone(440, 1.0), 48_000, format=kind, subtype=subtype)
    assert reading.inspect(path).fault is None
    assert len(reading.load(path)) == pytest.approx(16_000, abs=1200)


def test_a_part_of_a_file(tmp_path: Path) -> None:
    ramp = np.arange(48_000, dtype=np.float32) / 48_000
    path = put(tmp_path / "a.wav", ramp, subtype="FLOAT")
    part, rate = reading.read(path, 0.25, 0.5)
    assert (part.shape, rate) == ((12_000, 1), 48_000)
    assert part[0, 0] == pytest.approx(0.25)
    assert reading.inspect(path, 0.25, 0.5).seconds == pytest.approx(0.25)
    assert len(reading.read(path, 0.9, 1.009)[0]) == 4800  # an end rounded up to the next hundredth is the file's end


@pytest.mark.parametrize(
    ("start", "end"), [(1.0, None), (-0.1, None), (0.0, 1.5), (None, 2.0), (0.5, 0.5), (0.6, 0.4), (None, 1e-6)]
)
def test_a_part_outside_the_file_is_a_fault(tmp_path: Path, start: float | None, end: float | None) -> None:
    path = put(tmp_path / "a.wav", tone(440))
    found = reading.inspect(path, start, end)
    assert found.kind == "unreadable"
    assert "outside" in str(found.fault) or "not after" in str(found.fault)
    with pytest.raises(SerError, match=r"a\.wav"):
        reading.read(path, start, end)


def test_faults_of_a_file_that_is_missing_or_not_audio(tmp_path: Path) -> None:
    (tmp_path / "empty.wav").touch()
    (tmp_path / "text.wav").write_text("not audio at all, but some text that is long enough for a header")
    (tmp_path / "a.raw").write_bytes(bytes(100))
    put(tmp_path / "none.wav", np.zeros(0, np.float32))
    faults = {
        name: reading.inspect(tmp_path / name) for name in ("no.wav", "empty.wav", "text.wav", "a.raw", "none.wav", ".")
    }
    assert {found.kind for found in faults.values()} == {"unreadable"}
    assert faults["no.wav"].fault == "does not exist"
    assert faults["empty.wav"].fault == "is an empty file"
    assert faults["none.wav"].fault == "holds no samples"
    assert str(faults["text.wav"].fault).startswith("cannot be read as audio")
    assert "sox -t raw" in str(faults["a.raw"].fault)


@pytest.mark.parametrize("suffix", [".wav", ".aiff", ".au", ".flac", ".rf64", ".w64", ".caf"])
def test_a_truncated_file_is_a_fault(tmp_path: Path, suffix: str) -> None:
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, 48_000).astype(np.float32)
    path = put(tmp_path / f"a{suffix}", noise)
    assert reading.inspect(path).fault is None
    path.write_bytes(path.read_bytes()[:-20_000])
    assert reading.inspect(path).kind == "unreadable"


def test_a_streamed_wav_of_unknown_length_is_no_fault(tmp_path: Path) -> None:
    path = put(tmp_path / "a.wav", tone(440))
    content = bytearray(path.read_bytes())
    at = content.index(b"data") + 4
    content[4:8] = content[at : at + 4] = struct.pack("<I", 0xFFFFFFFF)
    path.write_bytes(content)
    assert reading.inspect(path).fault is None


def test_silent_short_and_not_finite(tmp_path: Path) -> None:
    put(tmp_path / "silent.wav", np.zeros(48_000, np.float32))
    put(tmp_path / "opposite.wav", np.stack([tone(440), -tone(440)], axis=1), subtype="FLOAT")
    put(tmp_path / "quiet.wav", tone(440, level=1e-4))
    put(tmp_path / "short.wav", tone(440, 0.1))
    put(tmp_path / "nan.wav", np.append(tone(440), np.float32(np.nan)), subtype="FLOAT")
    put(tmp_path / "late.wav", np.append(np.zeros(3 * decoding.BLOCK, np.float32), tone(440, 0.1)))
    kinds = {path.stem: reading.inspect(path, minimum_seconds=0.2).kind for path in tmp_path.iterdir()}
    expected = {"silent": "silent", "opposite": "opposite-phase", "quiet": None, "short": "short", "nan": "unreadable"}
    assert kinds == expected | {"late": None}


def test_original_48_khz_recordings_match_the_published_16_khz_ones() -> None:
    originals = sorted(ORIGINALS.glob("Actor_*/*.wav"))
    if not originals:
        pytest.skip(f"no original recordings at {ORIGINALS}")
    channels = set()
    for original in originals:
        found = reading.inspect(original)
        assert (found.fault, found.rate) == (None, 48_000)
        channels.add(found.channels)
        mine = reading.load(original)
        theirs = reading.load((RESAMPLED / original.relative_to(ORIGINALS)).with_suffix(".flac"))
        assert abs(len(mine) - len(theirs)) <= 1
        length = min(len(mine), len(theirs))
        assert np.corrcoef(mine[:length], theirs[:length])[0, 1] > 0.999
        assert np.linalg.norm(mine[:length]) == pytest.approx(np.linalg.norm(theirs[:length]), rel=0.01)
    assert channels == {1, 2}
