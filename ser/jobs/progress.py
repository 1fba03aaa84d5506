"""Progress of a long stage: a bar on a terminal, a plain line every ``EVERY`` seconds in a log."""

import sys
import time
from collections.abc import Iterable, Iterator
from typing import TextIO, TypeVar

from tqdm import tqdm

EVERY = 10.0  # seconds between two lines of a log

Item = TypeVar("Item")


def progress(items: Iterable[Item], *, total: int, unit: str, stream: TextIO | None = None) -> Iterator[Item]:
    """Yield ``items``, reporting how many of ``total`` are done, the rate in ``unit`` per second and the time left."""
    stream = stream or sys.stderr
    if stream.isatty():
        yield from tqdm(items, total=total, unit=f" {unit}", file=stream, dynamic_ncols=True)
        return
    began = printed = time.monotonic()
    for done, item in enumerate(items, start=1):
        yield item
        now = time.monotonic()
        if now - printed >= EVERY or done == total:
            printed = now
            rate = done / max(now - began, 1e-9)
            left = (total - done) / rate
            print(f"{done}/{total} {unit}, {rate:.3g} {unit}/s, {left:.0f} s left", file=stream, flush=True)
