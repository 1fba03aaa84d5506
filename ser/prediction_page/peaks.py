"""The outline of a recording: its lowest and highest sample in each of some columns, read block by block."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ser.audio.decoding import blocks, opened
from ser.audio.reading import mono
from ser.bounds import Channel


def seconds(path: Path) -> float:
    """Return the length of a recording; SerError where it cannot be read."""
    file = opened(path)
    return float(file.frames / file.samplerate)


def peaks(path: Path, begin: float, end: float, channel: Channel, columns: int) -> NDArray[np.float32]:
    """Return the lowest and the highest sample of each column, (columns, 2), −1…1.

    begin, end: seconds into the file; there are fewer columns where there are fewer samples. No more than a block of
    the recording is in memory. SerError where it cannot be read.
    """
    file = opened(path)
    first, last = round(begin * file.samplerate), min(file.frames, round(end * file.samplerate))
    count = last - first
    columns = min(columns, count)
    found = np.tile(np.array([np.inf, -np.inf], np.float32), (columns, 1))
    done = 0  # samples before the block
    for block in blocks(file, first, last, path):
        samples = mono(block, channel)
        inside = np.arange(done * columns // count, (done + len(samples) - 1) * columns // count + 1)
        starts = np.maximum(-(-inside * count // columns) - done, 0)
        found[inside, 0] = np.minimum(found[inside, 0], np.minimum.reduceat(samples, starts))
        found[inside, 1] = np.maximum(found[inside, 1], np.maximum.reduceat(samples, starts))
        done += len(samples)
    return found
