"""The energy that a job's processor and GPU use, where the machine allows it to be read."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType

import pynvml

POWERCAP = Path("/sys/class/powercap")  # the processor's counters; most systems let only root read them
INTERVAL = 60.0  # seconds between two readings: a processor's counter starts again from 0 within minutes

Counter = Callable[[], float]  # joules since some moment


class Meter:
    """Counts joules between entering and leaving, of the whole device: other jobs on it are counted, too."""

    def __init__(self, gpu: str | None = None) -> None:
        """``gpu``: UUID of the CUDA device to count beside the processor, as torch gives it; None for none."""
        self._counters = {"processor": list(_processor(POWERCAP))}
        if gpu is not None:
            self._counters["gpu"] = list(_gpu(gpu))
        self._total = {name: 0.0 for name, found in self._counters.items() if found}
        self._last: dict[str, list[float]] = {}
        self._left = threading.Event()
        self._thread = threading.Thread(target=self._poll, daemon=True)

    def __enter__(self) -> "Meter":
        """Begin to count."""
        self._add()
        if self._total:
            self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Count for the last time."""
        self._left.set()
        if self._thread.is_alive():
            self._thread.join()
        self._add()

    @property
    def joules(self) -> dict[str, float]:
        """Device (processor, gpu): joules; a device that cannot be read is absent."""
        return {name: round(value, 1) for name, value in self._total.items()}

    def _poll(self) -> None:
        while not self._left.wait(INTERVAL):
            self._add()

    def _add(self) -> None:
        """Add the energy since the last reading; a device whose counter fails is dropped."""
        for name in list(self._total):
            try:
                now = [counter() for counter in self._counters[name]]
            except (OSError, ValueError, pynvml.NVMLError):
                del self._total[name]
                continue
            for before, after in zip(self._last.get(name, now), now, strict=True):
                self._total[name] += after - before
            self._last[name] = now


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
