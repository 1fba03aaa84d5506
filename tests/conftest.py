"""What all tests share: threads, and the state of floating-point arithmetic."""

import os
import sys
from collections.abc import Iterator

import pytest

# One thread per test process: processes share the cores, and threads of torch that wait for each other spin.
for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(name, "1")


@pytest.fixture(autouse=True)
def _subnormal_numbers() -> Iterator[None]:
    """Let subnormal numbers exist again after a test that trained: training flushes them to zero in its process."""
    yield
    if "torch" in sys.modules:
        sys.modules["torch"].set_flush_denormal(False)
