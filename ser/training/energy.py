"""The energy that a run's processor and GPU take, where the machine lets it be read."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType

import pynvml
import torch

POWERCAP = Path("/sys/class/powercap")  # the processor's counters; most systems let only root read them
INTERVAL = 60.0  # seconds between two looks: a processor's counter starts again from 0 within minutes

Counter = Callable[[], float]  # joules since some moment


class Meter:
    """Counts joules between entering and leaving, of the whole device: other jobs on it are counted, too."""

    def __init__(self, place: torch.device) -> None:
        """``place``: the GPU to be counted beside the processor, if it is one."""
        self._counters = {"processor": list(_processor(POWERCAP))}
        if place.type == "cuda":
            self._counters["gpu"] = list(_gpu(place))
        self._total = {name: 0.0 for name, found in self._counters.items() if found}
        self._last: dict[str, list[float]] = {}
        self._left = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> "Meter":
        """Begin to count."""
        self._look()
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
        self._look()

    @property
    def joules(self) -> dict[str, float]:
        """Device (processor, gpu): joules; one that cannot be read is not in it."""
        return {name: round(value, 1) for name, value in self._total.items()}

    def _watch(self) -> None:
        while not self._left.wait(INTERVAL):
            self._look()

    def _look(self) -> None:
        """Add what has been used since the last look; a counter that fails is given up, and its device with it."""
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
    for place in sorted(folder.glob("*-rapl:*")):
        counter = place / "energy_uj"
        if place.name.count(":") == 1 and counter.is_file():
            try:
                counter.read_text(encoding="ascii")
                span = int((place / "max_energy_range_uj").read_text(encoding="ascii"))
            except (OSError, ValueError):
                continue
            yield _unwrapped(counter, span)


def _unwrapped(path: Path, span: int) -> Counter:
    """Return a counter of joules from a file in microjoules that starts again from 0 after ``span``."""
    last = int(path.read_text(encoding="ascii"))
    whole = 0

    def read() -> float:
        nonlocal last, whole
        now = int(path.read_text(encoding="ascii"))
        whole += (now - last) % (span + 1)
        last = now
        return whole / 1e6

    return read


def _gpu(place: torch.device) -> Iterator[Counter]:
    """Yield the counter of a CUDA device, if its driver has one (Volta and later)."""
    try:
        pynvml.nvmlInit()
        uuid = torch.cuda.get_device_properties(place).uuid
        handle = pynvml.nvmlDeviceGetHandleByUUID(f"GPU-{uuid}")
        pynvml.nvmlDeviceGetTotalEnergyConsumption(handle)
    except (pynvml.NVMLError, AttributeError):
        return
    yield lambda: float(pynvml.nvmlDeviceGetTotalEnergyConsumption(handle)) / 1e3
