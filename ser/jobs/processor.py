"""The name of the processor, and of the visible GPU, for the record of a run."""

import os
import platform
from pathlib import Path

CPU_INFO = Path("/proc/cpuinfo")


def name() -> str:
    """Return the processor's model name."""
    if CPU_INFO.is_file():
        for line in CPU_INFO.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def gpu_id(index: int) -> str:
    """Return the entry of ``CUDA_VISIBLE_DEVICES`` for CUDA device ``index``; empty where it is not set."""
    named = os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",")
    return "".join(named[index:][:1])
