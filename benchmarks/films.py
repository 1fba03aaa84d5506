"""Many utterances in one film: read one after the other, and each as if the film had not been opened before.

Run: python benchmarks/films.py [--seconds 600] [--utterances 120]

The film is an MP4 with a track of noise in AAC. A thread of its own knows no film that was opened before. Prints the
seconds of both, and their ratio.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from threading import Thread

import av
import numpy as np
from spent import row

from ser.audio import reading

RATE, PIECE = 48_000, 1024  # Hz; samples of an AAC frame


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=600)
    parser.add_argument("--utterances", type=int, default=120)
    arguments = parser.parse_args()
    starts = np.linspace(0, arguments.seconds - 2, arguments.utterances)
    with tempfile.TemporaryDirectory() as folder:
        path = film(Path(folder, "film.mp4"), arguments.seconds)
        row("read", "s")
        row(":--", "--:")
        together = seconds(lambda: [reading.load(path, start, start + 1) for start in starts])
        row("one after the other", together)
        apart = seconds(lambda: [alone(path, start) for start in starts])
        row("each anew", apart)
        row("ratio", apart / together)


def film(path: Path, length: int) -> Path:
    """Write ``length`` seconds of noise to ``path``."""
    drawn = np.random.default_rng(0)
    with av.open(path, "w") as container:
        track = container.add_stream("aac", rate=RATE, layout="mono")
        for begin in range(0, length * RATE, PIECE):
            noise = drawn.uniform(-0.3, 0.3, (1, PIECE)).astype(np.float32)
            frame = av.AudioFrame.from_ndarray(noise, format="fltp", layout="mono")
            frame.rate, frame.pts = RATE, begin
            container.mux(track.encode(frame))
        container.mux(track.encode(None))
    return path


def alone(path: Path, start: float) -> None:
    """Read one utterance in a thread of its own."""
    thread = Thread(target=reading.load, args=(path, start, start + 1))
    thread.start()
    thread.join()


def seconds(work: Callable[[], object]) -> float:
    """Return how long ``work`` takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
