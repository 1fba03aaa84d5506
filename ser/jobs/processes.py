"""Several processes of one job."""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context, parent_process
from multiprocessing.connection import wait
from threading import Thread
from typing import TypeVar

from threadpoolctl import threadpool_limits

AHEAD = 3  # items under way per process: what waits is in memory

Item = TypeVar("Item")
Result = TypeVar("Result")


def in_order(call: Callable[[Item], Result], items: Iterable[Item], processes: int) -> Iterator[Result]:
    """Yield ``call(item)`` of every item, in order, computed by ``processes``, or by this process itself where it is 1.

    The others are fresh interpreters with one thread: ``call`` is a function of a module, or a partial of one. What it
    raises is raised here. MemoryError if a process is killed, which is what a lack of memory does.
    """
    if processes == 1:
        yield from map(call, items)
        return
    under_way: deque[Future[Result]] = deque()
    with ProcessPoolExecutor(processes, get_context("spawn"), initializer=_begin) as pool:
        try:
            for item in items:
                under_way.append(pool.submit(call, item))
                if len(under_way) >= AHEAD * processes:
                    yield under_way.popleft().result()
            while under_way:
                yield under_way.popleft().result()
        except BrokenProcessPool as error:
            raise MemoryError("a process of the job was killed") from error
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _begin() -> None:
    """Give the numerical libraries one thread, and end this process when the one that started it is gone."""
    import numpy as np  # noqa: F401  # threadpoolctl limits the libraries that are loaded

    threadpool_limits(1)
    if (parent := parent_process()) is not None:
        Thread(target=lambda: (wait([parent.sentinel]), os._exit(1)), daemon=True).start()
