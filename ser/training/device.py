"""Where a run computes, and the switches that make two runs of one seed equal."""

import ctypes
import os
import platform
from contextlib import AbstractContextManager
from pathlib import Path

import torch
from torch.utils import deterministic

from ser.errors import SerError, unknown

CPU_MODEL = Path("/proc/cpuinfo")
# Parameters of glibc's mallopt. Maps that are returned to the system after every step are zeroed again at the next one:
# keeping them made the time-frequency CNN a third faster and the others 10 to 30 %, for 1.6 times the peak memory.
TRIM_THRESHOLD, MMAP_MAX = -1, -4


def prepare(name: str, threads: int) -> torch.device:
    """Return the device called ``name`` (auto, cpu, cuda, cuda:<n>) after fixing threads and determinism.

    ``auto`` is the first visible CUDA device (``CUDA_VISIBLE_DEVICES`` is respected) or else the CPU. On the CPU the
    same seed gives the same bits; on CUDA an operation without a deterministic kernel only warns. SerError for an
    unknown name or for CUDA where there is none.
    """
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # cuBLAS reads it when its first handle is made
    device = _device(name)
    if device.type == "cpu":
        _keep_memory()
    torch.set_num_threads(max(1, threads))
    torch.set_flush_denormal(True)
    # The same switch as use_deterministic_algorithms, which would import torch's compiler first: seconds in every job.
    torch.set_deterministic_debug_mode("warn" if device.type == "cuda" else "error")
    deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]  # a write per allocation, and nothing here reads it
    if device.type == "cuda":
        torch.cuda.set_device(device.index or 0)  # random states are saved for the current device
        torch.backends.cudnn.benchmark = False
        torch.set_float32_matmul_precision("high")
    return device


def _keep_memory() -> None:
    """Let the allocator keep what it has once obtained, where the C library is glibc."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if os.name == "posix" else None
    if mallopt is not None:
        mallopt(MMAP_MAX, 0)
        mallopt(TRIM_THRESHOLD, 2**31 - 1)


def _device(name: str) -> torch.device:
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    kind, _, index = name.partition(":")
    if kind not in ("cpu", "cuda") or (index and not index.isdigit()):
        raise unknown("device", name, ("auto", "cpu", "cuda", "cuda:0"))
    if kind == "cuda" and int(index or 0) >= torch.cuda.device_count():
        raise SerError(f"device '{name}' was asked for, but torch sees {torch.cuda.device_count()} CUDA devices.")
    return torch.device(name)


def mixed(device: torch.device) -> AbstractContextManager[object]:
    """Return the autocast context of the forward pass: bfloat16 on CUDA that has it, float32 everywhere else."""
    on = device.type == "cuda" and torch.cuda.is_bf16_supported()
    return torch.autocast(device.type, dtype=torch.bfloat16, enabled=on)


def precision(device: torch.device) -> str:
    """Return in which arithmetic a network is trained on ``device``, for the record of a run."""
    if device.type != "cuda":
        return "float32"
    return "bfloat16 autocast, TF32" if torch.cuda.is_bf16_supported() else "float32, TF32"


def describe(device: torch.device) -> str:
    """Return the processor's name, for the record of a run."""
    if device.type == "cuda":
        return str(torch.cuda.get_device_name(device))
    if CPU_MODEL.is_file():
        for line in CPU_MODEL.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def identity(device: torch.device) -> str:
    """Return which of the machine's GPUs it is, as ``CUDA_VISIBLE_DEVICES`` names it; empty where nothing does."""
    if device.type != "cuda":
        return ""
    named = os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",")
    return "".join(named[device.index or 0 :][:1])
