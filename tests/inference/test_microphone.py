"""A stand-in for sounddevice records; what is predicted is what the same sound gives as a file."""

import csv
import io
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import soundfile
from tiny_project import Project, sound
from typer.testing import CliRunner, Result

from ser import cli
from ser.audio import microphone
from ser.errors import SerError
from ser.inference import live
from ser.inference.predictions import Windows
from ser.inference.system import window_bounds

RATE = 22050


class PortAudioError(Exception):
    pass


class Stream:
    """Plays ``sound`` into the callback, as fast as it is taken."""

    sound: np.ndarray = np.empty(0)
    overflow = False

    def __init__(self, *, samplerate: int, channels: int, dtype: str, blocksize: int, callback: Callable[..., None]):
        assert (samplerate, channels, dtype) == (RATE, 1, "float32")
        self.block, self.callback, self.open = blocksize, callback, True

    def __enter__(self) -> None:
        self.player = threading.Thread(target=self.play)
        self.player.start()

    def play(self) -> None:
        for begin in range(0, len(self.sound), self.block):
            part = self.sound[begin : begin + self.block, None].astype(np.float32)
            if not self.open:
                return
            self.callback(part, len(part), None, SimpleNamespace(input_overflow=self.overflow))
            time.sleep(0.0005)

    def __exit__(self, *_: object) -> None:
        self.open = False
        self.player.join()


@pytest.fixture
def device(monkeypatch: pytest.MonkeyPatch) -> Any:
    found = {"default_samplerate": float(RATE)}
    module = SimpleNamespace(InputStream=Stream, PortAudioError=PortAudioError, query_devices=lambda **_: found)
    monkeypatch.setitem(sys.modules, "sounddevice", module)
    monkeypatch.setattr(Stream, "sound", np.concatenate([sound(k)[:, 0] for k in range(3)]))
    monkeypatch.setattr(microphone, "SILENT_DEVICE", 0.5)
    return module


def called(*arguments: object) -> Result:
    return CliRunner().invoke(cli.app, ["predict", *map(str, arguments)])


def rows(result: Result) -> list[dict[str, str]]:
    assert result.exit_code == 0, result.output
    return list(csv.DictReader(io.StringIO(result.stdout)))


@pytest.mark.usefixtures("device")
def test_what_is_recorded_is_predicted_like_its_file(project: Project, tmp_path: Path) -> None:
    run = project.train("C-pFSMN-A")
    samples = Stream.sound[: round(2.5 * RATE)].astype(np.float32)
    soundfile.write(tmp_path / "same.wav", samples, RATE, "FLOAT")
    whole = called("--microphone", "--seconds", 2.5, "--model", run)
    assert rows(whole)[0] == rows(called(tmp_path / "same.wav", "--model", run))[0] | {"recording": "microphone"}
    assert "recording for 2.5 s; Enter or Ctrl-C stops" in whole.stderr
    options = ("--window", 1, "--step", 0.4, "--model", run)
    found, expected = (
        rows(called("--microphone", "--seconds", 2.5, *options)),
        rows(called(tmp_path / "same.wav", *options)),
    )
    assert (
        [row["start"] for row in found]
        == [row["start"] for row in expected]
        == ["0.000", "0.400", "0.800", "1.200", "1.500"]
    )
    for one, other in zip(found, expected, strict=True):
        assert one["predicted"] == other["predicted"]
        assert float(one["angry"]) == pytest.approx(float(other["angry"]), abs=1e-5)
    page = tmp_path / "live.html"
    assert called("--microphone", "--seconds", 2.5, *options, "--out", page).exit_code == 0
    assert 'aria-label="Waveform, 2.5 s' in page.read_text(encoding="utf-8")
    assert 'aria-label="Attention timestep over time' in page.read_text(encoding="utf-8")
    table = called("--microphone", "--seconds", 2.5, *options, "--format", "table").stdout.splitlines()
    assert len(table) == 5
    assert len({line.index("%") for line in table}) == 1


def test_an_answer_comes_before_the_recording_ends() -> None:
    given: list[int] = []

    def blocks() -> Any:
        for k in range(100):
            given.append(k)
            yield np.ones(100, np.float32)

    found = live._windows(blocks(), Windows(1, 1), 1000)
    assert next(found)[0] == 0
    assert len(given) == 10


@pytest.mark.parametrize("total", [5, 10, 11, 37, 40])
@pytest.mark.parametrize(("length", "step"), [(1, 1), (1, 0.4), (1, 2.5), (3, 0.5)])
@pytest.mark.parametrize("block", [1, 7, 100])
def test_live_windows_are_those_of_a_file(total: int, length: float, step: float, block: int) -> None:
    signal = np.arange(total, dtype=np.float32)
    parts = (signal[at : at + block] for at in range(0, total, block))
    found = list(live._windows(parts, Windows(length, step), 10))
    expected = [(round(10 * start), round(10 * end)) for start, end in window_bounds(total / 10, length, step)]
    assert [(start, start + len(samples)) for start, samples in found] == expected
    assert all(samples.tolist() == signal[start : start + len(samples)].tolist() for start, samples in found)


@pytest.mark.usefixtures("device")
def test_ctrl_c_stops_the_recording_and_not_the_prediction() -> None:
    before = signal.getsignal(signal.SIGINT)
    got = 0
    with microphone.until_stopped() as stopped:
        for block in microphone.blocks(RATE, 600, stopped):
            got += len(block)
            if got > RATE // 2 and not stopped():
                time.sleep(0.01)  # what waits then is not lost
                signal.raise_signal(signal.SIGINT)
    assert RATE // 2 + RATE // 10 < got <= len(Stream.sound)
    assert signal.getsignal(signal.SIGINT) is before


def test_a_microphone_that_is_not_there_is_one_sentence(device: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(*_: object, **__: object) -> None:
        raise PortAudioError("Error querying device -1")

    monkeypatch.setattr(device, "query_devices", failing)
    result = called("--microphone", "--model", "no-model")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "there is no microphone (Error querying device -1)." in result.stderr
    monkeypatch.setattr(device, "InputStream", failing)
    with pytest.raises(SerError, match=r"^the microphone cannot be opened \(Error querying device -1\)\.$"):
        next(microphone.blocks(RATE, 1, lambda: False))
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    with pytest.raises(SerError, match=r"pip install 'ser\[microphone\]'\.$"):
        microphone.rate()


def test_a_missing_portaudio_is_one_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "sounddevice.py").write_text("raise OSError('PortAudio library not found')")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "sounddevice", raising=False)
    with pytest.raises(
        SerError, match=r"needs the system library PortAudio, such as Debian's package libportaudio2\.$"
    ):
        microphone.rate()


@pytest.mark.usefixtures("device")
def test_lost_sound_and_slow_predictions_are_reported(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(Stream, "overflow", True)
    assert sum(map(len, microphone.blocks(RATE, 0.5, lambda: False))) == round(0.5 * RATE)
    assert "the system lost sound of the microphone" in capsys.readouterr().err
    with pytest.raises(SerError, match=r"gave no sound for 0\.5 s"):
        list(microphone.blocks(RATE, 60, lambda: False))
    monkeypatch.setattr(microphone, "BEHIND", 0.2)
    slow = (time.sleep(0.1) for _ in microphone.blocks(RATE, 60, lambda: False))
    with pytest.raises(SerError, match="predictions take longer than the sound"):
        list(slow)


@pytest.mark.usefixtures("device")
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("a.wav", "--microphone"), "give recordings, or --microphone"),
        (("a.wav", "--seconds", 3), "give recordings, or --microphone"),
        ((), "give recordings, or --microphone"),
        (("--microphone", "--seconds", 700), "at most 600 s; --window predicts more in parts"),
        (("--microphone", "--seconds", 0), "more than 0"),
        (("--microphone", "--seconds", 1, "--step", 1), "give --window too"),
    ],
)
def test_options_that_do_not_fit_are_refused_before_the_model_is_read(arguments: Any, message: str) -> None:
    result = called(*arguments, "--model", "no-model")
    assert result.exit_code == 2
    assert message in " ".join(result.stderr.split())
