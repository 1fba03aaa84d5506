"""A failure of the machine gives a one-line message; a mistake in the code keeps its traceback."""

import errno
import os
from collections.abc import Callable

import numpy as np
import pytest
import torch
from typer.testing import CliRunner, Result

from ser.cli import app
from ser.jobs import failures
from ser.stages import fingerprint as stage


def failing(monkeypatch: pytest.MonkeyPatch, error: Exception) -> Result:
    """Call a verb whose stage raises ``error``."""

    def fail(job: stage.FingerprintJob) -> None:  # noqa: ARG001
        raise error

    monkeypatch.setattr(stage, "fingerprint", fail)
    return CliRunner().invoke(app, ["fingerprint", "--audio", "0.parquet", "--out", "out.parquet"])


@pytest.mark.parametrize("greedy", [lambda: torch.empty(10**15), lambda: np.empty(10**15), lambda: bytearray(10**15)])
def test_a_lack_of_memory_is_an_error_with_advice(
    greedy: Callable[[], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    """torch, numpy and Python itself report it in three different ways."""
    with pytest.raises((MemoryError, RuntimeError)) as found:
        greedy()
    done = failing(monkeypatch, found.value)
    assert done.exit_code == 2
    assert done.output.startswith("error: no memory was left")
    assert "mem_mb" in done.output
    assert "Traceback" not in done.output


def test_the_gpus_lack_of_memory_is_one_too() -> None:
    assert "no memory was left (CUDA out of memory" in str(
        failures.memory(torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB"))
    )


def test_a_disk_that_fails_outside_of_a_table_is_an_error_too(monkeypatch: pytest.MonkeyPatch) -> None:
    done = failing(monkeypatch, OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "somewhere/file"))
    assert done.exit_code == 2
    assert done.output.startswith("error: somewhere/file: No space left on device")


@pytest.mark.parametrize("error", [RuntimeError("shapes differ"), FileNotFoundError(errno.ENOENT, "gone", "x")])
def test_a_mistake_in_the_code_is_not_hidden(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    assert failing(monkeypatch, error).exception is error
