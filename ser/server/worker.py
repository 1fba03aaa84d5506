"""A function in a process of its own: it can be ended when it takes too long, and a crash ends nothing else."""

import signal
from collections.abc import Callable
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Any

Function = Callable[[Any], Any]


class EndedError(Exception):
    """The process ended before it answered."""


class Worker:
    """A process that makes a function once, and calls it with what it is given, one call at a time.

    make: a function of a module, or a partial of one, called in the process. What ``make`` raises is raised by
    ``ready``; what the function raises ends the process.
    """

    def __init__(self, make: Callable[[], Function]):
        self._make, self._stopped, self._ready = make, False, False
        self._start()

    @property
    def alive(self) -> bool:
        """Return whether the process runs."""
        return self._process.is_alive()

    def ready(self, timeout: float | None = None) -> None:
        """Wait until the function is made, in a new process where the last one ended.

        Raises what ``make`` raised, and TimeoutError after ``timeout`` seconds, while the process goes on.
        """
        if not self.alive:
            self._restart()
        if self._ready:
            return
        if not self._connection.poll(timeout):
            raise TimeoutError
        if (failure := self._received()) is not None:
            raise failure
        self._ready = True

    def call(self, argument: Any, timeout: float | None = None) -> Any:
        """Return the function's answer, once ``ready`` has returned.

        TimeoutError after ``timeout`` seconds and EndedError after a crash; a new process is started in both cases.
        """
        try:
            self._connection.send(argument)
            answered = self._connection.poll(timeout)
        except OSError as error:
            self._restart()
            raise EndedError from error
        if answered:
            return self._received()
        self._restart()
        raise TimeoutError

    def stop(self) -> None:
        """End the process, also while another thread waits for its answer, which then raises EndedError."""
        self._stopped = True
        self._process.kill()

    def _received(self) -> Any:
        try:
            return self._connection.recv()
        except (EOFError, OSError) as error:
            self._restart()
            raise EndedError from error

    def _start(self) -> None:
        fresh = get_context("spawn")
        self._connection, its = fresh.Pipe()
        self._process = fresh.Process(target=_work, args=(self._make, its), daemon=True)
        self._process.start()
        its.close()
        self._ready = False

    def _restart(self) -> None:
        self._process.kill()
        self._process.join()
        self._connection.close()
        if self._stopped:
            raise EndedError
        self._start()


def _work(make: Callable[[], Function], connection: Connection) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C is for the server, which ends this process
    try:
        function = make()
    except Exception as error:
        connection.send(error)
        return
    connection.send(None)
    while True:
        try:
            argument = connection.recv()
        except EOFError:  # the server is gone
            return
        connection.send(function(argument))
