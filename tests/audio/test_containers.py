"""The sound of films: what PyAV wrote is read back to the sample, and a film without sound is an error."""

import gc
import os
import struct
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile

from ser.audio import decoding, reading
from ser.errors import SerError

RATE = 48_000


def noise(seconds: float, channels: int = 2, seed: int = 0) -> np.ndarray:
    drawn = np.random.default_rng(seed).uniform(-0.5, 0.5, (round(seconds * RATE), channels))
    return np.round(drawn * 32_768).astype(np.int16)


def tone(hertz: float, seconds: float) -> np.ndarray:
    wave = 0.3 * np.sin(2 * np.pi * hertz * np.arange(round(seconds * RATE)) / RATE)
    return np.round(np.stack([wave, wave], axis=1) * 32_768).astype(np.int16)


def film(path: Path, sound: np.ndarray | None, codec: str = "pcm_s16le") -> Path:
    """Write a small mpeg4 picture with ``sound``, (frames, channels) of 16 bits at 48 kHz; None: without a track."""
    with av.open(path, "w") as container:
        video = container.add_stream("mpeg4", rate=25)
        video.width = video.height = 16
        video.pix_fmt = "yuv420p"
        track = None
        if sound is not None:
            layout = {1: "mono", 2: "stereo", 6: "5.1", 8: "7.1"}[sound.shape[1]]
            track = container.add_stream(codec, rate=RATE, layout=layout)
        for at in range(1 if sound is None else max(1, len(sound) * 25 // RATE)):
            picture = av.VideoFrame.from_ndarray(np.full((16, 16, 3), at % 256, np.uint8), format="rgb24")
            picture.pts = at
            container.mux(video.encode(picture))
        container.mux(video.encode(None))
        if track is not None and sound is not None and len(sound):
            size = track.codec_context.frame_size or 1000
            for at in range(0, len(sound), size):
                piece = sound[at : at + size].reshape(1, -1)
                frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(piece), format="s16", layout=layout)
                frame.rate, frame.pts = RATE, at
                container.mux(track.encode(frame))
            container.mux(track.encode(None))
    return path


@pytest.mark.parametrize("channels", [1, 2, 6, 8])
@pytest.mark.parametrize("name", ["a.avi", "a.AVI", "a.mkv", "a.mov"])
def test_the_samples_of_a_film_are_those_that_were_written(tmp_path: Path, name: str, channels: int) -> None:
    sound = noise(0.7, channels)
    path = film(tmp_path / name.lower(), sound).rename(tmp_path / name)
    samples, rate = reading.read(path)
    assert rate == RATE
    assert samples.dtype == np.float32
    assert np.array_equal(samples, sound / np.float32(32_768))
    found = reading.inspect(path)
    assert (found.fault, found.rate, found.channels) == (None, RATE, channels)
    assert found.seconds == pytest.approx(0.7)


def test_a_film_has_the_samples_of_the_wav_of_its_track(tmp_path: Path) -> None:
    sound = noise(0.5)
    soundfile.write(tmp_path / "a.wav", sound, RATE)
    demuxed = reading.load(tmp_path / "a.wav")
    assert np.array_equal(reading.load(film(tmp_path / "a.avi", sound)), demuxed)
    assert (demuxed.ndim, demuxed.dtype, len(demuxed)) == (1, np.float32, 8000)


def test_a_part_of_a_film_and_times_outside_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sound = noise(1.0)
    path = film(tmp_path / "a.avi", sound)
    monkeypatch.setattr(decoding, "BLOCK", 1700)  # neither a piece of the file nor a divisor of the part
    part, _ = reading.read(path, 0.25, 0.75)
    assert np.array_equal(part, sound[12_000:36_000] / np.float32(32_768))
    found = reading.inspect(path, 0.25, 0.75)
    assert (found.fault, found.seconds) == (None, pytest.approx(0.5))
    for start, end in ((1.0, None), (0.0, 1.5), (0.6, 0.4)):
        assert reading.inspect(path, start, end).kind == "unreadable"
        with pytest.raises(SerError, match=r"a\.avi: (start|end)"):
            reading.read(path, start, end)


def test_the_utterances_of_a_film_are_read_in_one_pass(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sound, opened, real = noise(4.0), [], av.open
    path = film(tmp_path / "a.mkv", sound)
    monkeypatch.setattr(av, "open", lambda *given, **more: opened.append(given) or real(*given, **more))
    starts = [0.0, 0.5, 0.4, 0.7, 1.0, 3.0, 2.0]  # two overlap, and one is far back
    for start in starts:
        part, _ = reading.read(path, start, start + 0.5)
        assert np.array_equal(part, sound[round(start * RATE) :][: RATE // 2] / np.float32(32_768))
    assert len(opened) == 1
    film(path, -sound)
    os.utime(path, ns=(1, 1))
    assert np.array_equal(reading.read(path, 3.5)[0], -sound[round(3.5 * RATE) :] / np.float32(32_768))


def test_a_film_is_closed_when_another_is_read(tmp_path: Path) -> None:
    paths = [film(tmp_path / f"{number}.avi", noise(0.1, seed=number)) for number in range(9)]
    gc.collect()
    gc.disable()
    try:
        for path in paths:
            reading.load(path, 0.0, 0.05)
            assert reading.inspect(path).fault is None
        held = [os.readlink(f"/proc/self/fd/{number}") for number in listed("/proc/self/fd")]
    finally:
        gc.enable()
    assert len([name for name in held if name.startswith(str(tmp_path))]) <= 1


def listed(folder: str) -> list[str]:
    """Return the entries of a folder, that of the listing itself left out."""
    return [name for name in os.listdir(folder) if os.path.lexists(f"{folder}/{name}")]


def test_reading_does_not_continue_after_an_error_in_a_film(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sound, real = noise(1.0), av.AudioResampler
    path = film(tmp_path / "a.mkv", sound)

    class Broken:
        def __init__(self, **given: str):
            self.whole, self.left = real(**given), 1

        def resample(self, frame: av.AudioFrame) -> object:
            self.left -= 1
            if not self.left:
                raise ValueError("a disk that hiccups")
            return self.whole.resample(frame)

    monkeypatch.setattr(av, "AudioResampler", Broken)
    with pytest.raises(SerError, match="a disk that hiccups"):
        reading.read(path, 0.0, 0.1)
    monkeypatch.setattr(av, "AudioResampler", real)
    os.utime(path, ns=(1, 1))
    assert np.array_equal(reading.read(path)[0], sound / np.float32(32_768))


@pytest.mark.parametrize(("name", "codec"), [("a.avi", "libmp3lame"), ("a.m4a", "aac"), ("a.mp4", "aac")])
def test_compressed_tracks_keep_frequency_and_level(tmp_path: Path, name: str, codec: str) -> None:
    if codec not in av.codecs_available:
        pytest.skip(f"FFmpeg was built without {codec}")
    if name.endswith("m4a"):
        film(tmp_path / "a.mp4", tone(1000, 1.0), codec).rename(tmp_path / name)
    else:
        film(tmp_path / name, tone(1000, 1.0), codec)
    assert reading.inspect(tmp_path / name).fault is None
    signal = reading.load(tmp_path / name)
    assert len(signal) == pytest.approx(16_000, abs=1200)
    middle = signal[4000:12_000]
    spectrum = np.abs(np.fft.rfft(middle * np.hanning(8000)))
    assert np.argmax(spectrum) * 2 == pytest.approx(1000, abs=2)
    assert np.sqrt(2 * np.mean(middle**2)) == pytest.approx(0.3, rel=0.06)  # LAME scales by 0.95


def test_faults_of_films_name_the_file(tmp_path: Path) -> None:
    film(tmp_path / "mute.avi", None)
    film(tmp_path / "none.avi", np.zeros((0, 2), np.int16))
    whole = film(tmp_path / "torn.avi", noise(1.0)).read_bytes()
    (tmp_path / "torn.avi").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "head.avi").write_bytes(whole[:200])
    (tmp_path / "text.avi").write_text("not a film at all, but a text that is long enough for a header" * 9)
    (tmp_path / "empty.avi").touch()
    faults = {
        "mute.avi": "has no audio track",
        "none.avi": "holds no samples",
        "torn.avi": f"is truncated: its header declares {len(whole)} bytes, it has {len(whole) // 2}",
        "head.avi": "is truncated",
        "text.avi": "cannot be read as audio",
        "empty.avi": "is an empty file",
        "gone.avi": "does not exist",
    }
    for name, reason in faults.items():
        found = reading.inspect(tmp_path / name)
        assert found.kind == "unreadable"
        assert str(found.fault).startswith(reason), name
        assert name not in str(found.fault)
        with pytest.raises(SerError) as error:
            reading.load(tmp_path / name)
        assert str(error.value).startswith(f"{tmp_path / name}: {reason}")


def test_a_film_longer_than_the_limit_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoding, "LONGEST_FILM", 0.5)  # seconds
    assert len(reading.read(film(tmp_path / "short.mkv", noise(0.4)))[0]) == round(0.4 * RATE)
    with pytest.raises(SerError, match=r"long\.mkv: has more than .* minutes of sound"):
        reading.read(film(tmp_path / "long.mkv", noise(0.7)))


@pytest.mark.parametrize("name", ["a.wav", "a.flac", "a.ogg", "a.mkv"])
def test_no_more_is_decoded_than_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    path = tmp_path / name
    if name == "a.mkv":
        film(path, noise(2.0))
    else:
        soundfile.write(path, noise(2.0), RATE)
        monkeypatch.setattr(decoding, "blocks", lambda *_: pytest.fail("it is decoded"))
    for _ in range(2):  # also where the thread knows it already
        with pytest.raises(decoding.TooLongError, match=r"has more than .* minutes of sound"):
            decoding.opened(path, 1.0)
    monkeypatch.undo()
    decoding.close()
    assert decoding.opened(path, 3.0).frames == pytest.approx(2 * RATE, abs=RATE / 10)


def test_a_film_truncated_in_a_later_chunk_is_a_fault(tmp_path: Path) -> None:
    whole = film(tmp_path / "a.avi", noise(0.5)).read_bytes()
    more = b"RIFF" + struct.pack("<I", 1000) + b"AVIX" + bytes(996)
    (tmp_path / "long.avi").write_bytes(whole + more)
    (tmp_path / "torn.avi").write_bytes(whole + more[:500])
    assert reading.inspect(tmp_path / "long.avi").fault is None
    assert f"{len(whole) + 1008} bytes" in str(reading.inspect(tmp_path / "torn.avi").fault)


def test_a_matroska_film_that_lost_its_end_is_a_fault(tmp_path: Path) -> None:
    content = film(tmp_path / "a.mkv", noise(1.5)).read_bytes()
    for share in (0.3, 0.8):
        (tmp_path / "b").write_bytes(content[: round(share * len(content))])
        assert "truncated" in str(reading.inspect(tmp_path / "b").fault)
    at = content.index(b"\x18\x53\x80\x67") + 4  # the length of the segment, here in 8 bytes
    assert content[at] == 1
    (tmp_path / "b").write_bytes(content[:at] + b"\x01" + b"\xff" * 7 + content[at + 8 : round(0.8 * len(content))])
    assert reading.inspect(tmp_path / "b").fault is None


def test_a_streamed_film_of_unknown_length_is_no_fault(tmp_path: Path) -> None:
    path = film(tmp_path / "a.avi", noise(0.5))
    content = bytearray(path.read_bytes())
    content[4:8] = bytes(4)
    path.write_bytes(content)
    assert reading.inspect(path).fault is None


def test_a_silent_film_is_silent_and_a_short_one_short(tmp_path: Path) -> None:
    assert reading.inspect(film(tmp_path / "a.avi", np.zeros((RATE, 2), np.int16))).kind == "silent"
    assert reading.inspect(film(tmp_path / "b.avi", noise(0.1)), minimum_seconds=0.2).kind == "short"
