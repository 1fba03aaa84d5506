"""What the process of a worker does: one recording to its answers."""

import errno
import resource
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ser.audio import decoding, reading
from ser.errors import SerError
from ser.inference import output, predictions
from ser.inference.recordings import LONGEST, Request
from ser.inference.system import System, ready
from ser.inference.trained import Trained
from ser.server.limits import MOST_WINDOWS, RefusedError

LARGEST_FILE = 1 << 30  # bytes, 1 GiB: what a recording may be decoded to on disk


@dataclass(frozen=True)
class Posted:
    """A recording that was sent. name: for the answer; windows: sliding windows, None for the whole."""

    path: Path
    name: str
    windows: predictions.Windows | None = None
    text: str | None = None
    speaker: str | None = None


def answering(
    trained: Trained, device: str, threads: int, longest: float, scratch: Path
) -> Callable[[Posted], dict[str, Any] | RefusedError]:
    """Return the function that answers for a recording, in a process that it prepares for this.

    longest: seconds of a recording; scratch: a folder for temporary files, which is emptied.
    """
    shutil.rmtree(scratch, ignore_errors=True)  # of a process that was ended
    scratch.mkdir()
    tempfile.tempdir = str(scratch)
    resource.setrlimit(resource.RLIMIT_FSIZE, (LARGEST_FILE, LARGEST_FILE))
    system = ready(trained, device, threads)
    _try(system)

    def answer(posted: Posted) -> dict[str, Any] | RefusedError:
        try:
            return _answered(system, posted, longest)
        except RefusedError as refused:
            return refused
        finally:
            decoding.close()  # nothing of it stays on the disk

    return answer


def _try(system: System) -> None:
    """Predict noise, so that what is missing is an error at the start, and the first recording does not wait."""
    seconds = max(1.0, system.trained.contents.audio.minimum_seconds)
    noise = np.random.default_rng(0).normal(0, 0.1, round(seconds * reading.RATE)).astype(np.float32)
    system.answers([system.prepare(noise, "yes" if system.needs_text else None, "any")])


def _answered(system: System, posted: Posted, longest: float) -> dict[str, Any]:
    """Return the content of an answer; RefusedError where there is none."""
    length = _seconds(posted, longest)
    if posted.windows is not None and length / posted.windows.step > MOST_WINDOWS:
        raise RefusedError(422, f"'step' of {posted.windows.step:g} s makes more than {MOST_WINDOWS} windows.")
    failures = predictions.Failures()
    wanted = [Request(posted.path, posted.name, text=posted.text, speaker=posted.speaker)]
    found = [
        output.record(request, answer, system.classes)
        for request, answer in predictions.predict(system, wanted, failures, posted.windows)
    ]
    if not found:
        raise RefusedError(400, f"{failures.lines()[0]}.")
    return {"model": system.name, "seconds": round(length, 3), "answers": found, "left_out": failures.lines()}


def _seconds(posted: Posted, longest: float) -> float:
    """Return how long the recording lasts, after decoding it once for all; RefusedError where it is unusable."""
    if posted.windows is None:
        longest = min(longest, LONGEST)
    try:
        file = decoding.opened(posted.path, longest)
    except decoding.TooLongError as error:
        remedy = "; 'window' predicts it in parts" if posted.windows is None and longest == LONGEST else ""
        raise RefusedError(413, f"{posted.name}: lasts more than {longest:g} s{remedy}.") from error
    except SerError as error:
        raise RefusedError(400, f"{posted.name}: {str(error).removeprefix(f'{posted.path}: ')}") from error
    except OSError as error:
        if error.errno != errno.EFBIG:
            raise
        raise RefusedError(413, f"{posted.name}: is more than {LARGEST_FILE >> 30} GiB after decoding.") from error
    return float(file.frames / file.samplerate)
