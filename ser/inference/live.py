"""Predict sound while it is recorded: a window is answered as soon as all of it is there."""

import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import soundfile

from ser.audio import microphone
from ser.errors import SerError
from ser.inference import predictions
from ser.inference.predictions import Failures, Windows
from ser.inference.recordings import LONGEST, Request
from ser.inference.system import Signal, System
from ser.inference.utterance import Answer

NAME = "microphone"
MOST_SECONDS = 4 * 3600.0  # of sound that is answered in windows


@dataclass(frozen=True)
class Recorder:
    """The default microphone. rate: its own, Hz; seconds: to record at most; windows: None for one utterance."""

    rate: int
    seconds: float
    windows: Windows | None

    def rows(
        self, system: System, wanted: Request, failures: Failures, *, attention: int = 0, unlike: bool = False
    ) -> Iterator[tuple[Request, Answer]]:
        """Record to the file of ``wanted`` and yield answers: those of windows while it records, or that of the whole.

        attention, unlike: as in ``ser.inference.predictions.predict``. SerError where the system needs all of the
        sound first.
        """
        if self.windows is not None and system.needs_speaker:
            raise SerError(
                f"{system.name} normalises by the statistics of a speaker, which are not known while the microphone "
                "records; leave --window out."
            )
        with microphone.until_stopped() as stopped:
            print(f"recording for {self.seconds:g} s; Enter or Ctrl-C stops", file=sys.stderr, flush=True)
            blocks = microphone.blocks(self.rate, self.seconds, stopped)
            if self.windows is not None:
                every = self.rate, self.windows, failures
                yield from answers(system, wanted, blocks, *every, attention=attention, unlike=unlike)
                return
            record(blocks, self.rate, wanted.path)
        yield from predictions.predict(system, [wanted], failures, attention=attention, unlike=unlike)


def recorder(seconds: float | None, windows: Windows | None) -> Recorder:
    """Return the default microphone, which records for ``seconds``, or as long as is allowed where that is None.

    SerError where there is none, or they are too many.
    """
    most = LONGEST if windows is None else MOST_SECONDS
    if seconds is not None and not 0 < seconds <= most:
        hint = "; --window predicts more in parts" if windows is None else ""
        raise SerError(f"--seconds {seconds:g}: a microphone records more than 0 and at most {most:g} s{hint}.")
    return Recorder(microphone.rate(), most if seconds is None else seconds, windows)


def record(blocks: Iterable[Signal], rate: int, path: Path) -> None:
    """Write ``blocks`` of samples, (samples,) float32, to a WAV of floats."""
    with soundfile.SoundFile(path, "w", rate, 1, "FLOAT", format="WAV") as file:
        for block in blocks:
            file.write(block)


def answers(
    system: System,
    wanted: Request,
    blocks: Iterable[Signal],
    rate: int,
    windows: Windows,
    failures: Failures,
    *,
    attention: int = 0,
    unlike: bool = False,
) -> Iterator[tuple[Request, Answer]]:
    """Yield each window of the sound with its answer, as soon as the window is complete.

    blocks: (samples,) float32 at ``rate`` Hz, which are written to the file of ``wanted`` too. The windows and answers
    are those of the finished recording: the last window ends with it. No more than a window and a block are in memory.
    """
    alone = replace(wanted, path=wanted.path.with_name("window.wav"), window=True)
    for start, samples in _windows(_written(blocks, rate, wanted.path), windows, rate):
        request = replace(wanted, start=start / rate, end=(start + len(samples)) / rate, window=True)
        record([samples], rate, alone.path)
        own = Failures()
        for _, answer in predictions.predict(system, [alone], own, attention=min(attention, 1), unlike=unlike):
            moved = tuple(replace(one, start=one.start + start / rate) for one in answer.attention)
            yield request, replace(answer, start=request.start, end=request.end, attention=moved)
        for _, reason in own.found:
            failures.add(request, SerError(reason))
        attention = max(0, attention - 1)


def _written(blocks: Iterable[Signal], rate: int, path: Path) -> Iterator[Signal]:
    with soundfile.SoundFile(path, "w", rate, 1, "FLOAT", format="WAV") as file:
        for block in blocks:
            file.write(block)
            yield block


def _windows(blocks: Iterable[Signal], windows: Windows, rate: int) -> Iterator[tuple[int, Signal]]:
    """Yield the first sample and the samples of each window, as ``ser.inference.system.window_bounds`` has them."""
    length, number = round(windows.seconds * rate), 0
    kept, first = np.empty(0, np.float32), 0  # the samples since ``first``

    def start() -> int:
        return round(number * windows.step * rate)

    for block in blocks:
        kept = np.concatenate([kept, block])
        end = first + len(kept)
        while start() + length <= end:
            yield start(), kept[start() - first :][:length]
            number += 1
        oldest = max(first, min(start(), end - length))  # the last window may begin before the next regular one
        kept, first = kept[oldest - first :], oldest
    end = first + len(kept)
    last = max(0, end - length)
    if end and (number == 0 or last > round((number - 1) * windows.step * rate)):
        yield last, kept[last - first :]
