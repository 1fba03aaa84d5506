"""The energy that a job's processor and GPU use, where the machine allows it to be read."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pynvml

POWERCAP = Path("/sys/class/powercap")  # the processor's counters; most systems let only root read them
INTERVAL = 60.0  # seconds between two readings: a processor's counter starts again from 0 within minutes

Counter = Callable[[], float]  # joules since some moment


@contextmanager
def metered(gpu: str | None = None) -> Iterator[dict[str, float]]:
    """Yield device (processor, gpu): joules since the context began, final at its end; a device not readable is absent.

    Counts are of the whole device: other jobs on it are included. ``gpu``: UUID of the CUDA device, as torch gives it.
    """
    counters = {"processor": list(_processor(POWERCAP)), "gpu": [] if gpu is None else list(_gpu(gpu))}
    joules = {name: 0.0 for name, found in counters.items() if found}
    last: dict[str, list[float]] = {}

    def add() -> None:
        """Add the energy since the last reading; a device whose counter fails is dropped."""
        for name in list(joules):
            try:
                now = [counter() for counter in counters[name]]
            except (OSError, ValueError, pynvml.NVMLError):
                del joules[name]
                continue
            joules[name] += sum(now) - sum(last.get(name, now))
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
        counter = package / "energy_uj"
        if package.name.count(":") == 1 and counter.is_file():
            try:
                counter.read_text(encoding="ascii")
                span = int((package / "max_energy_range_uj").read_text(encoding="ascii"))
            except (OSError, ValueError):
                continue
            yield _unwrapped(counter, span)


def _unwrapped(path: Path, span: int) -> Counter:
    """Return a counter of joules from a file in microjoules that starts again from 0 after ``span``."""
    last = int(path.read_text(encoding="ascii"))
    total = 0

    def read() -> float:
        nonlocal last, total
        now = int(path.read_text(encoding="ascii"))
        total += (now - last) % (span + 1)
        last = now
        return total / 1e6

    return read


def _gpu(uuid: str) -> Iterator[Counter]:
    """Yield the counter of a CUDA device, if its driver has one (Volta and later)."""
    try:
        pynvml.nvmlInit()
        handle = pynvml.nvmlDeviceGetHandleByUUID(f"GPU-{uuid}")
        pynvml.nvmlDeviceGetTotalEnergyConsumption(handle)
    except pynvml.NVMLError:
        return
    yield lambda: float(pynvml.nvmlDeviceGetTotalEnergyConsumption(handle)) / 1e3
