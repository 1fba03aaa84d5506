"""The device of a run, and the switches that make two runs of one seed equal."""

import ctypes
import inspect
import math
import os
import warnings
from contextlib import AbstractContextManager

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.optim import Optimizer
from torch.utils import deterministic

from ser.errors import SerError, unknown
from ser.jobs.memory import SHARE

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
    deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]  # a write per allocation, never read
    if device.type == "cuda":
        torch.cuda.set_device(device.index or 0)  # random states are saved for the current device
        torch.backends.cudnn.benchmark = False
        torch.set_float32_matmul_precision("high")
    return device


def named(name: str) -> torch.device:
    """Return the device called ``name``, as ``prepare`` does, and change no switch of torch."""
    return _device(name)


def _device(name: str) -> torch.device:
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    kind, _, index = name.partition(":")
    if kind not in ("cpu", "cuda") or (index and not index.isdigit()):
        raise unknown("device", name, ("auto", "cpu", "cuda", "cuda:0"))
    if kind == "cuda" and int(index or 0) >= torch.cuda.device_count():
        raise SerError(f"device '{name}' was asked for, but torch finds {torch.cuda.device_count()} CUDA devices.")
    return torch.device(name)


def _keep_memory() -> None:
    """Make the allocator keep the memory that it has obtained, where the C library is glibc."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if os.name == "posix" else None
    if mallopt is not None:
        mallopt(MMAP_MAX, 0)
        mallopt(TRIM_THRESHOLD, 2**31 - 1)


def in_bfloat16(device: torch.device, wanted: str) -> bool:
    """Return whether training steps on ``device`` compute in bfloat16 where the recipe's precision is ``wanted``.

    ``auto``: wherever the device has it. SerError where bfloat16 is asked for and the device does not have it.
    """
    if wanted == "bfloat16" and not has_bfloat16(device):
        raise SerError(f"training.precision is bfloat16, which {device} does not compute in; set auto or float32.")
    return wanted == "bfloat16" or (wanted == "auto" and has_bfloat16(device))


def has_bfloat16(device: torch.device) -> bool:
    """Return whether ``device`` has bfloat16 in hardware, a CPU as AVX512-BF16 or AMX.

    Other CPUs emulate it, more slowly than float32, and torch has no LSTM in it for them.
    """
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported()
    return bool(torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported())


def autocast(device: torch.device, wanted: str) -> AbstractContextManager[object]:
    """Return the context of a training step's forward pass; weights, gradients and all scoring are float32."""
    return torch.autocast(device.type, dtype=torch.bfloat16, enabled=in_bfloat16(device, wanted))


def precision(device: torch.device, wanted: str) -> str:
    """Return the arithmetic in which a network is trained on ``device``, for the record of a run."""
    steps = "bfloat16 autocast" if in_bfloat16(device, wanted) else "float32"
    return f"{steps}, TF32" if device.type == "cuda" else steps


def gpu_uuid(device: torch.device) -> str | None:
    """Return the UUID of a CUDA device; None for the CPU and where torch does not know it."""
    if device.type != "cuda":
        return None
    found = getattr(torch.cuda.get_device_properties(device), "uuid", None)
    return None if found is None else str(found)


def skip_compiler_import() -> None:
    """Keep torch's optimisers from importing torch's compiler, which costs every job seconds.

    torch wraps some methods of ``Optimizer`` so that the compiler skips them, and imports the compiler to do so.
    Nothing is compiled here. An attribute declares each wrapped method as its own uncompiled form. Where another
    version of torch has no such attribute, only the seconds come back.
    """
    for method in vars(Optimizer).values():
        plain = getattr(method, "__wrapped__", None)
        if callable(plain) and getattr(method, "__module__", "") == Optimizer.__module__:
            setattr(plain, "__dynamo_disable", plain)


def plain_step(optimiser: Optimizer) -> None:
    """Take one step of ``optimiser`` without the wrappers that import torch's compiler."""
    with torch.no_grad():
        inspect.unwrap(type(optimiser).step)(optimiser)


def room(device: torch.device) -> float:
    """Return the bytes of the largest feature that is kept on ``device``: a share of what is free on a GPU."""
    return torch.cuda.mem_get_info(device)[0] * SHARE if device.type == "cuda" else math.inf


def move(values: NDArray[np.generic], device: torch.device) -> Tensor:
    """Return ``values`` on ``device``, through pinned memory where that is CUDA."""
    return transfer(as_tensor(values), device)


def as_tensor(values: NDArray[np.generic]) -> Tensor:
    """Return ``values`` as a tensor on the host, which shares their memory; nothing may write to it."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The given NumPy array is not writable")  # a mapped file
        return torch.from_numpy(np.ascontiguousarray(values))


def transfer(values: Tensor, device: torch.device) -> Tensor:
    """Return ``values`` on ``device``, through pinned memory from the host to CUDA; as they are if they are there."""
    if values.device.type == device.type:
        return values
    return (values.pin_memory() if device.type == "cuda" else values).to(device, non_blocking=True)
