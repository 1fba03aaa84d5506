"""Which decoder reads a file: its content decides, not its name; what is no recording is named, with a remedy."""

import os
import struct
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile

from ser.audio import reading
from ser.audio.formats import recognise
from ser.errors import SerError

SECONDS = 2.6


def tone(rate: int, hertz: float = 700.0, seconds: float = SECONDS) -> np.ndarray:
    return (0.3 * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate)).astype(np.float32)


def encode(path: Path, codec: str, rate: int, muxer: str, signal: np.ndarray | None = None, **options: str) -> Path:
    """Write a mono tone with FFmpeg."""
    signal = tone(rate) if signal is None else signal
    with av.open(path, "w", format=muxer, options=options) as container:
        track = container.add_stream(codec, rate=rate, layout="mono")
        track.bit_rate = 12_200 if codec == "libopencore_amrnb" else 64_000
        kind = track.codec_context.codec.audio_formats[0].name
        wanted = av.AudioResampler(format=kind, layout="mono", rate=rate)
        size = track.codec_context.frame_size or 1024
        for at in range(0, len(signal), size):
            frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(signal[None, at : at + size]), "fltp", "mono")
            frame.rate, frame.pts = rate, at
            for part in wanted.resample(frame):
                container.mux(track.encode(part))
        container.mux(track.encode(None))
    return path


def decoded_seconds(path: Path) -> float:
    """Return the length of what FFmpeg decodes when it guesses the format."""
    with av.open(path) as container:
        frames = [(frame.samples, frame.sample_rate) for frame in container.decode(audio=0)]
    return sum(count for count, _ in frames) / frames[0][1]


CODED = {  # suffix: codec, rate, muxer
    ".m4a": ("aac", 44_100, "ipod"),
    ".3gp": ("libopencore_amrnb", 8_000, "3gp"),
    ".amr": ("libopencore_amrnb", 8_000, "amr"),
    ".aac": ("aac", 32_000, "adts"),
    ".wma": ("wmav2", 22_050, "asf"),
    ".ts": ("mp2", 48_000, "mpegts"),
    ".mpg": ("mp2", 44_100, "mpeg"),
    ".flv": ("aac", 44_100, "flv"),
    ".wv": ("wavpack", 44_100, "wv"),
    ".tta": ("tta", 16_000, "tta"),
    ".webm": ("libopus", 48_000, "webm"),
    ".mka": ("flac", 24_000, "matroska"),
    ".caf": ("alac", 44_100, "caf"),
    ".mp2": ("mp2", 32_000, "mp2"),
    ".mov": ("pcm_s16le", 11_025, "mov"),
}


@pytest.mark.parametrize("suffix", CODED)
@pytest.mark.parametrize("name", ["as written", "lying"])
def test_what_phones_and_browsers_write_is_read_under_any_name(tmp_path: Path, suffix: str, name: str) -> None:
    codec, rate, muxer = CODED[suffix]
    path = encode(tmp_path / f"a{suffix}", codec, rate, muxer)
    seconds = decoded_seconds(path)
    if name == "lying":
        path = path.rename(tmp_path / ("a.wav" if suffix != ".webm" else "a.mp3"))
    found = reading.inspect(path)
    assert (found.fault, found.rate, found.channels, found.notes) == (None, rate, 1, ())
    assert found.seconds == pytest.approx(seconds, abs=1e-6)
    assert seconds == pytest.approx(SECONDS, abs=0.15)  # codecs pad to whole frames
    middle = reading.load(path)[8000:24_000]
    assert np.argmax(np.abs(np.fft.rfft(middle))) == 700
    assert np.sqrt(2 * np.mean(middle**2)) == pytest.approx(0.3, rel=0.25)


@pytest.mark.parametrize("suffix", [".mp3", ".raw", ".mp4", ".au", ".txt", ""])
@pytest.mark.parametrize("kind", ["WAV", "FLAC", "OGG", "AIFF", "MP3"])
def test_a_wrong_suffix_changes_no_sample(tmp_path: Path, kind: str, suffix: str) -> None:
    soundfile.write(tmp_path / f"a.{kind.lower()}", tone(24_000), 24_000, format=kind)
    expected = reading.read(tmp_path / f"a.{kind.lower()}")[0]
    (tmp_path / f"a.{kind.lower()}").rename(tmp_path / f"b{suffix}")
    assert np.array_equal(reading.read(tmp_path / f"b{suffix}")[0], expected)


def test_a_gsm_wav_has_the_blocks_that_it_holds(tmp_path: Path) -> None:
    path = tmp_path / "call.wav"
    soundfile.write(path, tone(8000), 8000, subtype="GSM610")
    blocks = -(-round(SECONDS * 8000) // 320)
    found = reading.inspect(path, 0.5)
    assert (found.fault, found.seconds) == (None, pytest.approx(blocks * 320 / 8000 - 0.5))
    assert np.argmax(np.abs(np.fft.rfft(reading.load(path, 1.0, 2.0)))) == 700


def test_a_name_that_is_not_utf_8_and_one_with_a_colon(tmp_path: Path) -> None:
    for name in (b"caf\xe9.dat", b"concat:a,b;c%20.dat"):
        path = Path(os.fsdecode(bytes(tmp_path) + b"/" + name))
        for codec, rate, muxer in (("aac", 44_100, "ipod"), ("pcm_s16le", 44_100, "wav")):
            encode(tmp_path / "x", codec, rate, muxer).rename(path)
            assert reading.inspect(path).fault is None


NOT_AUDIO = {
    "a.au": (b"<!DOCTYPE html>\n<html>Please log in</html>" * 50, "a web page"),
    "b.wav": (b"version https://git-lfs.github.com/spec/v1\noid sha256:1f\nsize 9\n", "git lfs pull"),
    "c.mp3": (b"PK\x03\x04" + bytes(900), "a ZIP archive; unpack it"),
    "d.m4a": ("Ein Text über Töne.\n".encode() * 60, "text"),
    "e.flac": (b"\x89PNG\r\n\x1a\n" + bytes(300), "a PNG image"),
    "f.wav": (b"MThd\x00\x00\x00\x06" + bytes(300), "notes, not sound"),
    "u.mp3": (("Ein Text, den Windows schrieb.\n" * 60).encode("utf-16"), "text"),
    "g.mp4": (b"#EXTM3U\n#EXTINF:9,\nfile:///etc/passwd\n", "text"),  # a playlist opens other files
    "._h.wav": (b"\x00\x05\x16\x07" + bytes(300), "macOS"),
}


@pytest.mark.parametrize("name", NOT_AUDIO)
def test_what_is_no_recording_is_named(tmp_path: Path, name: str) -> None:
    content, expected = NOT_AUDIO[name]
    (tmp_path / name).write_bytes(content)
    found = reading.inspect(tmp_path / name)
    assert found.kind == "unreadable"
    assert str(found.fault).startswith("cannot be read as audio")
    assert expected in str(found.fault)


def test_noise_under_the_name_of_a_format_without_a_header_is_refused(tmp_path: Path) -> None:
    drawn = np.random.default_rng(1).integers(0, 256, 4000).astype(np.uint8)
    drawn[:4] = (0x81, 0x00, 0x02, 0x99)
    (tmp_path / "a.au").write_bytes(drawn.tobytes())
    assert "no AU header" in str(reading.inspect(tmp_path / "a.au").fault)


def test_shortened_sphere_is_named_with_what_converts_it(tmp_path: Path) -> None:
    counts = b"sample_rate -i 16000\nsample_count -i 90000\nsample_n_bytes -i 2\nchannel_count -i 1\n"
    head = b"NIST_1A\n   1024\n" + counts + b"sample_coding -s26 pcm,embedded-shorten-v2.00\nend_head\n"
    (tmp_path / "si1.sph").write_bytes(head.ljust(1024) + b"ajkg\x02" + bytes(2000))
    with pytest.raises(SerError, match=r"si1\.sph: cannot be read.*SPHERE compressed with shorten.*sph2pipe"):
        reading.read(tmp_path / "si1.sph")


def test_compressed_files_that_lost_their_end_are_faults(tmp_path: Path) -> None:
    film = encode(tmp_path / "a.mp4", "aac", 44_100, "mp4", movflags="faststart")
    packed = encode(tmp_path / "a.wv", "wavpack", 44_100, "wv")
    assert (reading.inspect(film).fault, reading.inspect(packed).fault) == (None, None)
    film.write_bytes(film.read_bytes()[:-12_000])
    packed.write_bytes(packed.read_bytes()[: packed.read_bytes().rindex(b"wvpk")])
    assert reading.inspect(film).kind == "unreadable"
    assert "is truncated: 2." in str(reading.inspect(packed).fault)


def test_formats_are_known_by_their_first_bytes(tmp_path: Path) -> None:
    id3 = b"ID3\x04\x00\x00" + struct.pack(">I", 100) + bytes(100)
    begins = {b"fLaC": "FLAC", id3 + b"fLaC": "FLAC", id3 + bytes(9): "MP3", b"\xff\xf1\x50\x80": "AAC"}
    begins |= {b"\xff\xfb\x90\x64": "MP3", b"\xff\xff\xff\xff": None, b"\x00" * 64: None, b"\x01\x02": None}
    for head, title in begins.items():
        (tmp_path / "x").write_bytes(head)
        found = recognise(tmp_path / "x")
        assert (found and found.title) == title


@pytest.mark.parametrize("suffix", [".webm", ".mka", ".sph"])
def test_what_is_much_shorter_than_it_declares_is_truncated(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    if suffix == ".sph":
        soundfile.write(path, tone(16_000), 16_000, format="NIST", subtype="PCM_16")
    else:
        encode(path, CODED[suffix][0], CODED[suffix][1], CODED[suffix][2])
    assert reading.inspect(path).fault is None
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    assert "truncated" in str(reading.inspect(path).fault)


def test_a_recording_that_leaves_silence_out_is_not_truncated(tmp_path: Path) -> None:
    path = tmp_path / "a.mka"
    with av.open(path, "w", format="matroska") as container:
        track = container.add_stream("pcm_s16le", rate=16_000, layout="mono")
        for begin in (0, 8000, 48_000, 56_000):  # 2 s are left out
            frame = av.AudioFrame.from_ndarray(np.arange(8000, dtype=np.int16)[None], format="s16", layout="mono")
            frame.rate, frame.pts = 16_000, begin
            container.mux(track.encode(frame))
        container.mux(track.encode(None))
    found = reading.inspect(path)
    assert found.fault is None
    assert found.seconds == pytest.approx(decoded_seconds(path))
    assert [kind for kind, _ in found.notes] == ["gaps"]
    assert "leave out 2.00 s" in found.notes[0][1]


@pytest.mark.parametrize("late", [0.0, 0.3, 1.2])
def test_sound_that_begins_later_than_the_film_is_noticed(tmp_path: Path, late: float) -> None:
    with av.open(tmp_path / "a.mkv", "w") as container:
        streams = [container.add_stream("pcm_s16le", rate=8000, layout="mono") for _ in range(2)]
        for stream, begin in zip(streams, (late, 0.0), strict=True):
            sound = (20_000 * tone(8000, seconds=2.0)).astype(np.int16)[None]
            frame = av.AudioFrame.from_ndarray(sound, format="s16", layout="mono")
            frame.sample_rate, frame.pts, frame.time_base = 8000, round(8000 * begin), Fraction(1, 8000)
            container.mux([*stream.encode(frame), *stream.encode(None)])
    found = reading.inspect(tmp_path / "a.mkv")
    assert (found.fault, found.seconds) == (None, 2.0)
    assert [text[:30] for kind, text in found.notes if kind == "gaps"] == ["its times leave out 1.20 s, wh"] * (
        late > 1
    )


def test_a_film_with_two_tracks_is_read_with_a_warning(tmp_path: Path) -> None:
    path = tmp_path / "a.mkv"
    with av.open(path, "w", format="matroska") as container:
        tracks = [container.add_stream("pcm_s16le", rate=16_000, layout="mono") for _ in range(2)]
        for track, hertz in zip(tracks, (400, 900), strict=True):
            signal = (tone(16_000, hertz, 1.0) * 32_768).astype(np.int16)[None]
            frame = av.AudioFrame.from_ndarray(signal, format="s16", layout="mono")
            frame.rate, frame.pts = 16_000, 0
            container.mux(track.encode(frame))
            container.mux(track.encode(None))
    assert reading.inspect(path).notes == (("other-tracks", "has 2 tracks of sound, of which the first is read"),)
    assert np.argmax(np.abs(np.fft.rfft(reading.load(path)))) == 400
    assert reading.inspect(encode(tmp_path / "b.m4a", "aac", 44_100, "ipod")).notes == ()
