"""The signals of an AUDIO shard, one after the other."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ser.jobs.progress import progress
from ser.tables import contracts


def signals(path: Path) -> Iterator[tuple[str, NDArray[np.float32], int]]:
    """Yield the name, the samples (read-only) and the rate in Hz of every utterance; progress is printed."""
    table = contracts.read(contracts.AUDIO, path)
    for row, name in enumerate(progress(table["utterance"].to_pylist(), total=table.num_rows, unit="utterances")):
        yield name, np.frombuffer(table["samples"][row].as_buffer(), dtype="<f4"), table["rate"][row].as_py()
