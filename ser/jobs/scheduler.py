"""A job ends when the Snakemake that started it is gone, so that it does not overwrite the files of a later run.

The Snakefile sets ``SER_SCHEDULER`` to ``<scheduler>:<shell>``, the process ids of Snakemake and of the job's shell.
"""

import os
import select
import sys
from contextlib import suppress
from threading import Thread

VARIABLE = "SER_SCHEDULER"
ENDED = 143  # exit code, as after SIGTERM


def follow() -> None:
    """Watch the scheduler from a thread; do nothing where none started this process, or it is not visible from here."""
    scheduler, _, shell = os.environ.get(VARIABLE, "").partition(":")
    if not (scheduler.isdecimal() and shell.isdecimal() and hasattr(os, "pidfd_open")):
        return
    if int(shell) not in (os.getpid(), os.getppid()):  # in a container with process numbers of its own
        return
    try:
        watched = os.pidfd_open(int(scheduler))
    except ProcessLookupError:
        _end(scheduler)
    except OSError:  # an old kernel
        return
    Thread(target=_wait, args=(watched, scheduler), daemon=True).start()


def _wait(watched: int, scheduler: str) -> None:
    select.select([watched], [], [])  # readable once the process has ended
    _end(scheduler)


def _end(scheduler: str) -> None:
    with suppress(OSError):
        print(f"the scheduler, process {scheduler}, is gone; this job ends with it", file=sys.stderr, flush=True)
    os._exit(ENDED)
