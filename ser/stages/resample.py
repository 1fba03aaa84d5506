"""Read one shard's recordings, mix them down and bring them to 16 kHz."""

from functools import cache
from pathlib import Path

import numpy as np
import pyarrow as pa

from ser import audio
from ser.errors import SerError
from ser.files.sources import checksum
from ser.jobs.progress import progress
from ser.tables import contracts

COLUMNS = ["utterance", "audio", "start", "end", "checksum"]


def resample(*, manifest: Path, root: Path, shard: int, out: Path) -> None:
    """Write the utterances of ``shard`` in ``manifest`` as mono float32 at 16 kHz to ``out``; none is a legal number.

    Holds one shard in memory. SerError if a recording is not the one that ``prepare`` saw.
    """
    rows = contracts.read(contracts.MANIFEST, manifest, {"shard": shard}).select(COLUMNS).to_pylist()
    seen = cache(checksum)  # several utterances may share a file
    samples: dict[str, bytes] = {}
    in_order = sorted(rows, key=lambda row: (row["audio"], row["start"] or 0.0))  # of a film, which is decoded once so
    for row in progress(in_order, total=len(rows), unit="utterances"):
        path = root / row["audio"]
        if not path.is_file() or seen(path) != row["checksum"]:
            raise SerError(f"{path}: is gone or has changed since {manifest} was written; run prepare again.")
        signal = audio.load(path, row["start"], row["end"])
        samples[row["utterance"]] = signal.astype("<f4", copy=False).tobytes()
    held = [samples[row["utterance"]] for row in rows]
    frames = [len(signal) // np.dtype("<f4").itemsize for signal in held]
    columns = [[row["utterance"] for row in rows], [audio.RATE] * len(rows), frames, held]
    contracts.write(contracts.AUDIO, pa.table(columns, schema=contracts.AUDIO.schema), out)
