"""The energy that a job's processor and GPU use, where the machine allows it to be read."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

import pynvml

POWERCAP = Path("/sys/class/powercap")  # the processor's counters; most systems let only root read them
INTERVAL = 60.0  # seconds between two readings: a processor's counter starts again from 0 within minutes

Counter = tuple[Callable[[], int], int, float]  # reading, value at which it starts again from 0, joules per step


@contextmanager
def metered(gpu: str | None = None) -> Iterator[dict[str, float]]:
    """Yield device (processor, gpu): joules since the context began, final at its end; a device not readable is absent.

    Counts are of the whole device: other jobs on it are included. ``gpu``: UUID of the CUDA device, as torch gives it.
    """
    counters = {"processor": list(_processor(POWERCAP)), "gpu": [] if gpu is None else list(_gpu(gpu))}
    joules = {name: 0.0 for name, found in counters.items() if found}
    last: dict[str, list[int]] = {}

    def add() -> None:
        """Add the energy since the last reading; a device whose counter fails is dropped."""
        for name in list(joules):
            try:
                now = [read() for read, _, _ in counters[name]]
            except (OSError, ValueError, pynvml.NVMLError):
                del joules[name]
                continue
            steps = zip(now, last.get(name, now), counters[name], strict=True)
            joules[name] += sum((new - old) % end * unit for new, old, (_, end, unit) in steps)
            last[name] = now

    def poll() -> None:
        while not ended.wait(INTERVAL):
            add()

    ended = threading.Event()
    thread = threading.Thread(target=poll, daemon=True)
    add()
    thread.start()
    try:
        yield joules
    finally:
        ended.set()
        thread.join()
        add()


def _processor(folder: Path) -> Iterator[Counter]:
    """Yield a counter for every processor package under ``folder``: ``intel-rapl:0``, also on AMD."""
    for package in sorted(folder.glob("*-rapl:*")):
        if package.name.count(":") == 1:
            read = partial(_number, package / "energy_uj")
            with suppress(OSError, ValueError):
                read()
                yield read, _number(package / "max_energy_range_uj") + 1, 1e-6


def _number(path: Path) -> int:
    return int(path.read_text(encoding="ascii"))


def _gpu(uuid: str) -> Iterator[Counter]:
    """Yield the counter of a CUDA device, if its driver has one (Volta and later)."""
    with suppress(pynvml.NVMLError):
        pynvml.nvmlInit()
        read = partial(pynvml.nvmlDeviceGetTotalEnergyConsumption, pynvml.nvmlDeviceGetHandleByUUID(f"GPU-{uuid}"))
        read()
        yield read, 1 << 64, 1e-3
