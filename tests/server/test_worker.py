"""A process that is ended when it takes too long or crashes, and replaced."""

import os
import signal
from collections.abc import Iterator
from functools import partial
from pkgutil import resolve_name

import pytest

from ser.server.worker import EndedError, Worker


@pytest.fixture
def sleeper() -> Iterator[Worker]:
    """A process that sleeps for as many seconds as it is given."""
    worker = Worker(partial(resolve_name, "time:sleep"))
    worker.ready(60)
    yield worker
    worker.stop()


def test_what_takes_too_long_is_ended_and_the_next_is_answered(sleeper: Worker) -> None:
    first = sleeper._process.pid
    assert first is not None
    with pytest.raises(TimeoutError):
        sleeper.call(60, 0.2)
    with pytest.raises(ProcessLookupError):
        os.kill(first, 0)
    sleeper.ready(60)
    assert sleeper.alive
    assert sleeper.call(0, 60) is None


def test_a_crash_is_reported_and_the_next_is_answered(sleeper: Worker) -> None:
    with pytest.raises(EndedError):
        sleeper.call("no number", 60)  # raises in the process
    sleeper.ready(60)
    assert sleeper._process.pid is not None
    os.kill(sleeper._process.pid, signal.SIGKILL)  # as for a lack of memory
    sleeper._process.join()
    assert not sleeper.alive
    with pytest.raises(EndedError):
        sleeper.call(0, 60)
    sleeper.ready(60)
    assert sleeper.call(0, 60) is None


def test_an_error_of_the_start_is_raised_where_it_is_waited_for() -> None:
    worker = Worker(partial(resolve_name, "no_such_module:function"))
    with pytest.raises(ModuleNotFoundError, match="no_such_module"):
        worker.ready(60)
    worker.stop()


def test_a_stopped_worker_starts_no_process(sleeper: Worker) -> None:
    sleeper.stop()
    with pytest.raises(EndedError):
        sleeper.call(0, 5)
    assert not sleeper.alive
