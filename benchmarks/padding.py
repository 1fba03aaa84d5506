"""Frames of padding that each way of drawing batches (`training.batches`) costs, in percent of the real frames.

    python benchmarks/padding.py [MANIFEST …] [--batch 32]

For the utterances of each manifest, such as data/ravdess/manifest.parquet, and for lengths like IEMOCAP's: 4470 of a
log-normal distribution with mean 4.46 s, cut to 0.6 to 10 s. Mean over eight epochs.
"""

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ser.tables import contracts
from ser.training import batch_order

EPOCHS = 8
SPREAD = 0.62  # standard deviation of the logarithm, which gives IEMOCAP's 3 s


def padding(frames: NDArray[np.int64], size: int, kind: str) -> float:
    """Return percent of padding in batches of ``size``."""
    epochs = [batch_order.shuffled(frames, size, 0, epoch, kind) for epoch in range(EPOCHS)]
    padded = np.mean([sum(len(batch) * int(frames[batch].max()) for batch in epoch) for epoch in epochs])
    return float(100 * (padded / frames.sum() - 1))


def main() -> None:
    """Print a row per set of lengths."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("manifests", type=Path, nargs="*")
    parser.add_argument("--batch", type=int, default=32)
    given = parser.parse_args()
    drawn = np.random.default_rng(0).lognormal(np.log(4.46) - SPREAD**2 / 2, SPREAD, 4470)
    lengths = {"like IEMOCAP": drawn.clip(0.6, 10)}
    for path in given.manifests:
        lengths[str(path)] = contracts.select(path, ["seconds"])["seconds"].to_numpy()
    print(f"{'':<40}" + "".join(f"{kind:>9}" for kind in batch_order.SHARES))
    for name, seconds in lengths.items():
        frames = np.round(100 * seconds).astype(np.int64)
        cells = "".join(f"{padding(frames, given.batch, kind):>8.1f}%" for kind in batch_order.SHARES)
        print(f"{name[-40:]:<40}{cells}")


if __name__ == "__main__":
    main()
