"""Several processes of one job: order, what they raise, and their end."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ser.errors import SerError
from ser.jobs.processes import AHEAD, in_order

JOB = """
import time
from ser.jobs.processes import in_order
from test_processes import pid
if __name__ == "__main__":
    pids = in_order(pid, range(100), 2)
    print(next(pids), flush=True)
    time.sleep(600)
"""


def late_if_first(number: int) -> int:
    time.sleep(0.3 * (number == 0))
    return number**2


def refuses_three(number: int) -> int:
    if number == 3:
        raise SerError("three is refused.")
    return number


def pid(_: int) -> int:
    return os.getpid()


def killed(_: int) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.parametrize("processes", [1, 2])
def test_results_are_in_order(processes: int) -> None:
    assert list(in_order(late_if_first, range(20), processes)) == [number**2 for number in range(20)]


def test_few_items_wait_in_memory() -> None:
    taken: list[int] = []

    def items() -> Iterator[int]:
        for number in range(50):
            taken.append(number)
            yield number

    results = in_order(late_if_first, items(), 2)
    next(results)
    assert len(taken) == 2 * AHEAD
    results.close()  # type: ignore[attr-defined]


def test_two_processes_work_and_neither_is_this_one() -> None:
    assert os.getpid() not in set(in_order(pid, range(4), 2))
    assert set(in_order(pid, range(4), 1)) == {os.getpid()}


@pytest.mark.parametrize("processes", [1, 2])
def test_an_error_of_a_process_is_raised_here(processes: int) -> None:
    results = in_order(refuses_three, range(20), processes)
    assert [next(results) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(SerError, match="three is refused"):
        next(results)


def test_a_killed_process_is_a_lack_of_memory() -> None:
    with pytest.raises(MemoryError, match="was killed"):
        list(in_order(killed, range(3), 2))


def test_processes_end_when_their_job_is_killed(tmp_path: Path) -> None:
    script, root = tmp_path / "job.py", Path(__file__).parents[2]
    script.write_text(JOB)
    path = {"PYTHONPATH": f"{root}:{Path(__file__).parent}"}
    job = subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, text=True, env=os.environ | path)
    assert job.stdout is not None
    worker = int(job.stdout.readline())
    assert Path(f"/proc/{worker}").exists()
    job.kill()
    job.wait()
    deadline = time.monotonic() + 60
    while _runs(worker) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not _runs(worker)


def _runs(process: int) -> bool:
    """Return whether a process exists and is no zombie that waits for its parent."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
