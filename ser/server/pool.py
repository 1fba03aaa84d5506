"""Several workers, and how many requests wait for them."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from ser.server.limits import RefusedError, RequestLimits
from ser.server.worker import EndedError, Worker

BUSY = "the server is busy; send the request again later."


class Pool:
    """Workers that answer requests, each one at a time."""

    def __init__(self, workers: Sequence[Worker], limits: RequestLimits):
        self._workers, self._limits = workers, limits
        self._idle: asyncio.Queue[Worker] = asyncio.Queue()
        for worker in workers:
            self._idle.put_nowait(worker)
        self._inside = 0

    @property
    def alive(self) -> bool:
        """Return whether a process runs."""
        return any(worker.alive for worker in self._workers)

    @asynccontextmanager
    async def admitted(self) -> AsyncIterator[None]:
        """Count a request from before it is received until it is answered; RefusedError where too many are inside."""
        if self._inside >= len(self._workers) + self._limits.waiting:
            raise RefusedError(503, BUSY)
        self._inside += 1
        try:
            yield
        finally:
            self._inside -= 1

    async def answer(self, job: Any) -> Any:
        """Return what a worker answers; RefusedError where none is free in time, it takes too long, or it crashes."""
        try:
            async with asyncio.timeout(self._limits.timeout):
                worker = await self._idle.get()
        except TimeoutError as error:
            raise RefusedError(503, BUSY) from error
        try:
            return await asyncio.to_thread(self._called, worker, job)
        finally:
            self._idle.put_nowait(worker)

    def stop(self) -> None:
        """End all processes."""
        for worker in self._workers:
            worker.stop()

    def _called(self, worker: Worker, job: Any) -> Any:
        seconds = self._limits.timeout
        try:
            worker.ready(seconds)
        except TimeoutError as error:
            raise RefusedError(503, BUSY) from error
        try:
            return worker.call(job, seconds)
        except TimeoutError as error:
            raise RefusedError(504, f"the recording takes more than {seconds:g} s to predict.") from error
        except EndedError as error:
            raise RefusedError(500, "the recording ended the process that reads it.") from error
