"""Many utterances in one film: read one after the other, and each as if the film had not been opened before.

Run: python benchmarks/films.py [--seconds 600] [--utterances 120]

The film is an MP4 with a track of noise in AAC. A thread of its own knows no film that was opened before. Prints the
seconds of both, and their ratio.
"""

import argparse
import tempfile
from pathlib import Path
from threading import Thread

import coded_audio
import numpy as np
from spent import row, seconds

from ser.audio import reading

RATE = 48_000  # Hz


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=600)
    parser.add_argument("--utterances", type=int, default=120)
    arguments = parser.parse_args()
    starts = np.linspace(0, arguments.seconds - 2, arguments.utterances)
    with tempfile.TemporaryDirectory() as folder:
        noise = np.random.default_rng(0).uniform(-0.3, 0.3, arguments.seconds * RATE).astype(np.float32)
        path = coded_audio.write(Path(folder, "film.mp4"), noise, RATE, "aac")
        row("read", "s")
        row(":--", "--:")
        together = seconds(lambda: [reading.load(path, start, start + 1) for start in starts])
        row("one after the other", together)
        apart = seconds(lambda: [alone(path, start) for start in starts])
        row("each anew", apart)
        row("ratio", apart / together)


def alone(path: Path, start: float) -> None:
    """Read one utterance in a thread of its own."""
    thread = Thread(target=reading.load, args=(path, start, start + 1))
    thread.start()
    thread.join()


if __name__ == "__main__":
    main()
