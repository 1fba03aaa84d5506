"""The length of a recording is that of its sound, whatever its header declares, estimates or leaves open."""

import errno
import io
import struct
import tempfile
from pathlib import Path

import numpy as np
import pytest
import soundfile
from test_formats import CODED, decoded_seconds, encode, tone

from ser.audio import decoding, reading

RATE = 32_000


def noise(seconds: float, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(-0.5, 0.5, round(seconds * RATE)).astype(np.float32)


def put(path: Path, signal: np.ndarray, kind: str, **options: object) -> Path:
    soundfile.write(path, signal, RATE, format=kind, **options)
    return path


def changed(path: Path, name: bytes, size: int, order: str, riff: int | None = None) -> Path:
    """Write another size of data into the header."""
    content = bytearray(path.read_bytes())
    at = content.index(name) + len(name)
    content[at : at + 4] = struct.pack(f"{order}I", size)
    if riff is not None:
        content[4:8] = struct.pack(f"{order}I", riff)
    path.write_bytes(content)
    return path


OPEN = [0, 0x7FFFF000, 0x7FFFFFFF, 0x7FFFFFDB, 0x80000000, 0xFFFFFFFF, 0xFFFFFFDB]


@pytest.mark.parametrize("riff", [0, 36, 0x7FFFF024, 0xFFFFFFFF])
@pytest.mark.parametrize("size", OPEN)
def test_a_wav_whose_size_was_left_open_is_read_to_its_end(tmp_path: Path, size: int, riff: int) -> None:
    signal = noise(0.9)
    path = changed(put(tmp_path / "a.wav", signal, "WAV", subtype="PCM_24"), b"data", size, "<", riff)
    samples, rate = reading.read(path)
    assert rate == RATE
    assert samples[:, 0] == pytest.approx(signal, abs=2e-7)
    assert reading.inspect(path, 0.25).seconds == pytest.approx(0.65)


@pytest.mark.parametrize("size", [0, 8, 0x7F000008, 0x7FFFFFFF, 0xFFFFFFFF])
def test_an_aiff_whose_size_was_left_open(tmp_path: Path, size: int) -> None:
    path = changed(put(tmp_path / "a.aiff", noise(0.9), "AIFF", subtype="PCM_16"), b"SSND", size, ">")
    assert len(reading.read(path)[0]) == round(0.9 * RATE)


@pytest.mark.parametrize("size", [0, 0x7FFFFFFF, 0xFFFFFFFF])
def test_an_au_whose_size_was_left_open(tmp_path: Path, size: int) -> None:
    path = put(tmp_path / "a.au", noise(0.9), "AU", subtype="PCM_16")
    content = bytearray(path.read_bytes())
    content[8:12] = struct.pack(">I", size)
    path.write_bytes(content)
    assert len(reading.read(path)[0]) == round(0.9 * RATE)


def test_a_flac_and_a_caf_from_a_pipe(tmp_path: Path) -> None:
    path = put(tmp_path / "a.flac", noise(0.9), "FLAC")
    content = bytearray(path.read_bytes())
    content[21] &= 0xF0
    content[22:26] = bytes(4)
    path.write_bytes(content)
    assert len(reading.read(path)[0]) == round(0.9 * RATE)
    path = put(tmp_path / "a.caf", noise(0.9), "CAF", subtype="PCM_16")
    content = bytearray(path.read_bytes())
    at = content.index(b"data") + 4
    content[at : at + 8] = struct.pack(">q", -1)
    path.write_bytes(content)
    assert len(reading.read(path)[0]) == round(0.9 * RATE)


@pytest.mark.parametrize("size", [0, 0x7FFFFFFFFFFFFFFF, 0xFFFFFFFFFFFFFFFF])
def test_sizes_of_64_bits_that_were_left_open(tmp_path: Path, size: int) -> None:
    signal = noise(0.9)
    for kind, name, after in (("RF64", b"ds64", 4), ("W64", b"data\xf3\xac\xd3\x11\x8c\xd1\x00\xc0O\x8e\xdb\x8a", 0)):
        path = put(tmp_path / kind, signal, kind, subtype="PCM_16")
        content = bytearray(path.read_bytes())
        at, fields = content.index(name) + len(name) + after, 3 if kind == "RF64" else 1
        content[at : at + 8 * fields] = struct.pack("<Q", size) * fields
        path.write_bytes(content)
        assert reading.read(path)[0][:, 0] == pytest.approx(signal, abs=4e-5), kind
        path.write_bytes(content + b"\x01\x00" * 500)
        assert len(reading.read(path)[0]) == len(signal) + 500, kind


def test_a_little_endian_au(tmp_path: Path) -> None:
    path, signal = tmp_path / "a.au", noise(0.9)
    soundfile.write(path, signal, RATE, subtype="PCM_16", endian="LITTLE")
    content = path.read_bytes()
    path.write_bytes(content[:8] + b"\xff" * 4 + content[12:])
    assert len(reading.read(path)[0]) == len(signal)
    path.write_bytes(content[:-3000])
    assert "truncated" in str(reading.inspect(path).fault)


@pytest.mark.parametrize("subtype", ["VORBIS", "OPUS"])
def test_an_ogg_that_lost_its_end_is_a_fault(tmp_path: Path, subtype: str) -> None:
    path = tmp_path / "a"
    soundfile.write(path, tone(48_000, 400.0, 3.0), 48_000, format="OGG", subtype=subtype)
    whole = path.read_bytes()
    last = whole.rindex(b"OggS")
    for size in (len(whole) - 1, last + 40, last + 20, whole.rindex(b"OggS", 0, last) + 50):
        path.write_bytes(whole[:size])
        assert "truncated" in str(reading.inspect(path).fault), size
    path.write_bytes(whole + b"no page")
    assert reading.inspect(path).seconds == pytest.approx(3.0)


def test_an_mp3_with_lyrics_at_its_end(tmp_path: Path) -> None:
    path = encode(tmp_path / "a", "libmp3lame", RATE, "mp3", tone(RATE, 500, 1.5))
    before = decoded_seconds(path)
    lyrics = b"LYRICSBEGIN" + b"IND00003110" + b"LYR00900" + b"la " * 300
    path.write_bytes(path.read_bytes() + lyrics + b"%06dLYRICS200" % len(lyrics) + b"TAG" + bytes(125))
    assert reading.inspect(path).seconds == pytest.approx(before, abs=0.08)  # with the padding of the encoder


def test_a_file_that_cannot_be_decoded_is_tried_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, decoded, real = tmp_path / "a.m4a", [], decoding._by_ffmpeg
    whole = encode(path, "aac", 24_000, "ipod", tone(24_000, 500, 4.0), movflags="faststart").read_bytes()
    path.write_bytes(whole[: len(whole) * 2 // 3])
    monkeypatch.setattr(decoding, "_by_ffmpeg", lambda *given: decoded.append(given) or real(*given))
    faults = {reading.inspect(path, start, start + 0.2).fault for start in (0.0, 0.3, 0.1, 2.5)}
    assert len(faults) == len(decoded) == 1
    assert "truncated" in str(faults.pop())
    path.write_bytes(whole)
    assert reading.inspect(path).fault is None


def test_an_empty_wav_with_a_chunk_after_its_data_is_empty(tmp_path: Path) -> None:
    path = put(tmp_path / "a.wav", noise(0.0), "WAV", subtype="PCM_16")
    path.write_bytes(path.read_bytes() + b"LIST" + struct.pack("<I", 40) + b"INFOISFT" + bytes(32))
    assert reading.inspect(path).fault == "holds no samples"
    put(tmp_path / "b.wav", noise(0.0), "WAV", subtype="PCM_16")
    assert reading.inspect(tmp_path / "b.wav").fault == "holds no samples"


def test_a_wav_that_lost_its_end_stays_a_fault(tmp_path: Path) -> None:
    path = put(tmp_path / "a.wav", noise(0.9), "WAV", subtype="PCM_16")
    path.write_bytes(path.read_bytes()[:-300])
    assert "truncated" in str(reading.inspect(path).fault)


@pytest.mark.parametrize(("kind", "subtype"), [("MP3", None), ("FLAC", None), ("OGG", "VORBIS"), ("OGG", "OPUS")])
def test_files_joined_by_cat_have_the_length_of_both(tmp_path: Path, kind: str, subtype: str | None) -> None:
    rate = 48_000 if subtype == "OPUS" else RATE
    for name, hertz, seconds in (("a", 400.0, 1.3), ("b", 900.0, 2.1)):
        soundfile.write(tmp_path / name, tone(rate, hertz, seconds), rate, format=kind, subtype=subtype)
    path = tmp_path / "both"
    path.write_bytes((tmp_path / "a").read_bytes() + (tmp_path / "b").read_bytes())
    found = reading.inspect(path)
    assert found.seconds == pytest.approx(decoded_seconds(path))
    assert found.seconds == pytest.approx(3.4, abs=0.2)
    assert np.argmax(np.abs(np.fft.rfft(reading.load(path, 2.0, 3.0)))) == 900


def test_mp3_with_tags_in_the_middle(tmp_path: Path) -> None:
    parts = [encode(tmp_path / name, "libmp3lame", 44_100, "mp3", tone(44_100, 500, 1.5)) for name in ("a", "b", "c")]
    tag = b"TAG" + bytes(125)
    (tmp_path / "all.mp3").write_bytes(b"".join(part.read_bytes() + tag for part in parts))
    assert reading.inspect(parts[0]).seconds == pytest.approx(1.5)
    assert reading.inspect(tmp_path / "all.mp3").seconds == pytest.approx(4.5, abs=0.3)


@pytest.mark.parametrize("riff", [False, True])
def test_a_vbr_mp3_without_a_xing_header_has_the_length_that_ffmpeg_decodes(tmp_path: Path, riff: bool) -> None:
    signal = np.concatenate([noise(1.5), np.zeros(4 * RATE, np.float32), noise(1.0)])
    path = put(tmp_path / "a.mp3", signal, "MP3", bitrate_mode="VARIABLE", compression_level=0.3)
    content = path.read_bytes()
    content = content[content.index(b"\xff", 200) :]
    while content[:2] not in (b"\xff\xfb", b"\xff\xfa"):  # the next frame
        content = content[content.index(b"\xff", 1) :]
    assert b"Xing" not in content
    path.write_bytes(content)
    expected = decoded_seconds(path)
    assert expected == pytest.approx(6.5, abs=0.15)
    if riff:
        form = struct.pack("<HHIIHHHHIHHH", 0x55, 1, RATE, 16_000, 1, 0, 12, 1, 2, 1152, 1, 1393)
        chunks = b"WAVEfmt " + struct.pack("<I", len(form)) + form + b"data" + struct.pack("<I", len(content)) + content
        path = tmp_path / "a.wav"
        path.write_bytes(b"RIFF" + struct.pack("<I", len(chunks)) + chunks)
    found = reading.inspect(path)
    assert (found.fault, found.rate, found.seconds) == (None, RATE, pytest.approx(expected))


def test_an_mp3_with_a_right_header_is_read_as_libsndfile_reads_it(tmp_path: Path) -> None:
    path = put(tmp_path / "a.mp3", noise(1.7), "MP3")
    expected = soundfile.read(path, dtype="float32")[0]
    assert np.array_equal(reading.read(path)[0][:, 0], expected)
    path.write_bytes(path.read_bytes() + b"TAG" + bytes(125))
    assert np.array_equal(reading.read(path)[0][:, 0], expected)
    part = reading.read(path, 0.5, 1.0)[0][:, 0]
    assert np.array_equal(part, expected[RATE // 2 : RATE])
    path.write_bytes(path.read_bytes()[:-4000])
    assert "truncated" in str(reading.inspect(path).fault)


@pytest.mark.parametrize("kind", ["WAV", "AIFF"])
def test_joined_files_of_which_only_the_first_could_be_read_are_a_fault(tmp_path: Path, kind: str) -> None:
    one, two = (put(tmp_path / str(n), noise(0.5 + n), kind, subtype="PCM_16").read_bytes() for n in (0, 1))
    (tmp_path / "both").write_bytes(one + two)
    assert "joined" in str(reading.inspect(tmp_path / "both").fault)


def test_joined_mp3s_of_two_rates_are_named_with_the_time_of_the_change(tmp_path: Path) -> None:
    parts = [encode(tmp_path / str(rate), "libmp3lame", rate, "mp3", tone(rate, 500, 1.5)) for rate in (44_100, 48_000)]
    (tmp_path / "both.mp3").write_bytes(b"".join(part.read_bytes() for part in parts))
    fault = str(reading.inspect(tmp_path / "both.mp3").fault)
    assert "changes from 1 channels at 44100 Hz to 1 channels at 48000 Hz after 1." in fault


@pytest.mark.parametrize("kind", ["WAV", "AIFF", "AU"])
def test_sound_after_what_the_header_declares_is_noticed(tmp_path: Path, kind: str) -> None:
    path = put(tmp_path / "a", noise(0.5), kind, subtype="PCM_16")
    assert reading.inspect(path).notes == ()
    content = path.read_bytes()
    tag = (b"LIST" + struct.pack("<I", 4) + b"INFO") if kind == "WAV" else b"TAG" + bytes(125)
    path.write_bytes(content + tag)
    assert reading.inspect(path).notes == ()
    path.write_bytes(content + bytes(9000))
    assert reading.inspect(path).notes == ()
    path.write_bytes(content + np.random.default_rng(7).integers(0, 256, round(0.8 * RATE) * 2, np.uint8).tobytes())
    found = reading.inspect(path)
    assert (found.fault, found.seconds) == (None, pytest.approx(0.5))
    assert found.notes == (("undeclared-sound", "0.80 s may follow what the header of its file declares"),)


def test_an_mp3_after_bytes_that_are_none_has_its_whole_length(tmp_path: Path) -> None:
    path = encode(tmp_path / "a.mp3", "libmp3lame", 44_100, "mp3", tone(44_100, 500, 1.5), write_xing="0")
    path.write_bytes(bytes(300) + path.read_bytes())
    assert reading.inspect(path).seconds == pytest.approx(decoded_seconds(path), abs=0.06)


def test_a_full_disk_is_no_fault_of_a_recording(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = put(tmp_path / "a.mp3", noise(0.5), "MP3")

    class Full(io.BytesIO):
        def write(self, _: object) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(decoding, "TemporaryFile", Full)
    with pytest.raises(OSError, match="No space left") as error:
        reading.inspect(path)
    assert error.value.filename == tempfile.gettempdir()
    monkeypatch.undo()
    assert reading.inspect(path).fault is None


@pytest.mark.parametrize("suffix", [".m4a", ".3gp", ".flv", ".tta", ".mov", ".caf"])
def test_joined_files_of_ffmpeg_are_a_fault_where_it_reads_only_the_first(tmp_path: Path, suffix: str) -> None:
    codec, rate, muxer = CODED[suffix]
    parts = [encode(tmp_path / str(n), codec, rate, muxer, tone(rate, 500, 0.5 + n)) for n in (0, 1)]
    assert [reading.inspect(part).fault for part in parts] == [None, None]
    (tmp_path / "both").write_bytes(b"".join(part.read_bytes() for part in parts))
    assert decoded_seconds(tmp_path / "both") < 0.6
    assert "joined" in str(reading.inspect(tmp_path / "both").fault)


@pytest.mark.parametrize("suffix", [".m4a", ".3gp", ".mov"])
def test_joined_films_of_two_kinds_are_a_fault(tmp_path: Path, suffix: str) -> None:
    codec, rate, muxer = CODED[suffix]
    one = encode(tmp_path / "one", codec, rate, muxer, tone(rate, 500, 0.5))
    two = encode(tmp_path / "two", "aac", 16_000, "mp4", tone(16_000, 500, 1.5), movflags="faststart")
    for parts in ((one, two), (two, one)):
        (tmp_path / "both").write_bytes(b"".join(part.read_bytes() for part in parts))
        assert "joined" in str(reading.inspect(tmp_path / "both").fault)


def test_joined_amr_and_wma_are_a_fault(tmp_path: Path) -> None:
    amr = b"#!AMR\n" + (b"\x3c" + b"\x55" * 31) * 20
    wma = encode(tmp_path / "a.wma", "wmav2", 44_100, "asf", tone(44_100, 500, 0.5)).read_bytes()
    for content in (amr, wma):
        (tmp_path / "one").write_bytes(content)
        (tmp_path / "both").write_bytes(content * 2)
        assert reading.inspect(tmp_path / "one").fault is None
        assert "joined" in str(reading.inspect(tmp_path / "both").fault)


@pytest.mark.parametrize("kind", ["W64", "CAF", "RF64", "NIST", "VOC"])
def test_joined_files_of_libsndfile_are_a_fault(tmp_path: Path, kind: str) -> None:
    parts = [put(tmp_path / str(n), noise(0.5 + n), kind, subtype="PCM_16") for n in (0, 1)]
    assert [reading.inspect(part).fault for part in parts] == [None, None]
    (tmp_path / "both").write_bytes(b"".join(part.read_bytes() for part in parts))
    assert "joined" in str(reading.inspect(tmp_path / "both").fault)
