"""What all tests share: their order, threads, bytecode, and the state of floating-point arithmetic."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

# One thread per test process: processes share the cores, and threads of torch that wait for each other spin.
for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(name, "1")

# Images of containers often forbid bytecode. Without it, each process of a test compiles all that it imports: seconds.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# What takes longest comes first: at the end no process of pytest-xdist is left alone with a long file.
LONGEST = ("tests/workflow/", "tests/docs/", "tests/inference/", "tests/provenance/")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: not item.nodeid.startswith(LONGEST))


@pytest.fixture(scope="session")
def _modules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("modules")


@pytest.fixture
def read_code(_modules: Path, tmp_path: Path) -> None:
    """Let a plan in ``tmp_path`` find the summaries of the package's modules: to make them anew takes 3 s of a core."""
    from ser.provenance import code_hash

    records = tmp_path / code_hash.RECORDS
    records.mkdir(parents=True)
    (records / "modules").symlink_to(_modules)


@pytest.fixture(autouse=True)
def _subnormal_numbers() -> Iterator[None]:
    """Let subnormal numbers exist again after a test that trained: training flushes them to zero in its process."""
    yield
    if "torch" in sys.modules:
        sys.modules["torch"].set_flush_denormal(False)
