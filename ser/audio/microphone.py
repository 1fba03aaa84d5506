"""Sound from the default microphone, through PortAudio: mono at the device's own rate, block by block."""

import queue
import select
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from ser.audio.statistics import Signal
from ser.errors import SerError

BLOCK = 0.1  # seconds
BEHIND = 60.0  # seconds of sound that may wait to be read
SILENT_DEVICE = 5.0  # seconds without any block, after which a device is taken for broken


def rate() -> int:
    """Return the rate of the default microphone in Hz.

    SerError where the package or the library PortAudio is missing, or where there is no microphone.
    """
    sounddevice = _sounddevice()
    try:
        device = sounddevice.query_devices(kind="input")
    except (sounddevice.PortAudioError, ValueError) as error:
        raise SerError(f"there is no microphone ({_reason(error)}).") from error
    return int(device["default_samplerate"])


def blocks(rate: int, seconds: float, stopped: Callable[[], bool]) -> Iterator[Signal]:
    """Yield what the default microphone records, (samples,) float32, −1…1, for ``seconds`` or until ``stopped``.

    SerError where it cannot be opened, gives no sound, or is read more slowly than it records. Prints a warning where
    the system lost samples.
    """
    sounddevice = _sounddevice()
    waiting: queue.Queue[Signal] = queue.Queue(round(BEHIND / BLOCK))
    lost, left = [0, 0], round(seconds * rate)  # blocks that the system lost, and that did not fit into the queue

    def received(samples: Signal, _frames: int, _time: Any, status: Any) -> None:
        lost[0] += bool(status.input_overflow)
        try:
            waiting.put_nowait(samples[:, 0].copy())
        except queue.Full:
            lost[1] += 1

    sound = {"samplerate": rate, "channels": 1, "dtype": "float32", "blocksize": round(BLOCK * rate)}
    try:
        stream = sounddevice.InputStream(**sound, callback=received)
    except (sounddevice.PortAudioError, ValueError) as error:
        raise SerError(f"the microphone cannot be opened ({_reason(error)}).") from error
    with stream:
        while left > 0 and not stopped():
            if lost[1]:
                raise SerError("predictions take longer than the sound: give a longer --step.")
            try:
                block = waiting.get(timeout=SILENT_DEVICE)[:left]
            except queue.Empty:
                raise SerError(f"the microphone gave no sound for {SILENT_DEVICE:g} s.") from None
            left -= len(block)
            yield block
    while left > 0 and not waiting.empty():
        block = waiting.get()[:left]
        left -= len(block)
        yield block
    if lost[0]:
        print(f"warning: the system lost sound of the microphone {lost[0]} times.", file=sys.stderr, flush=True)


@contextmanager
def until_stopped() -> Iterator[Callable[[], bool]]:
    """Yield a function that returns whether the user has pressed Enter or Ctrl-C; a second Ctrl-C interrupts."""
    pressed = False

    def stop(_number: int, _frame: FrameType | None) -> None:
        nonlocal pressed
        pressed = True
        signal.signal(signal.SIGINT, before)

    def stopped() -> bool:
        nonlocal pressed
        if not pressed and sys.stdin.isatty() and select.select([sys.stdin], [], [], 0)[0]:
            sys.stdin.readline()
            pressed = True
        return pressed

    before = signal.signal(signal.SIGINT, stop)
    try:
        yield stopped
    finally:
        signal.signal(signal.SIGINT, before)


def _sounddevice() -> Any:
    try:
        import sounddevice
    except ImportError as error:
        raise SerError("a microphone needs the package sounddevice: pip install 'ser[microphone]'.") from error
    except OSError as error:
        raise SerError(
            "a microphone needs the system library PortAudio, such as Debian's package libportaudio2."
        ) from error
    return sounddevice


def _reason(error: Exception) -> str:
    return " ".join(str(error).split()).rstrip(".") or type(error).__name__
