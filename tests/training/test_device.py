"""The device is the one asked for, or an error that lists what there is."""

import subprocess
import sys

import pytest
import torch

from ser.errors import SerError
from ser.training import device


def test_auto_takes_cuda_where_there_is_one() -> None:
    assert device.prepare("auto", 1).type == ("cuda" if torch.cuda.is_available() else "cpu")


def test_threads_are_fixed() -> None:
    before = torch.get_num_threads()
    device.prepare("cpu", 1)
    assert torch.get_num_threads() == 1
    torch.set_num_threads(before)


@pytest.mark.parametrize(("name", "message"), [("gpu", "unknown device 'gpu'"), ("cuda:99", "torch finds")])
def test_a_device_that_is_not_there_is_an_error(name: str, message: str) -> None:
    with pytest.raises(SerError, match=message):
        device.prepare(name, 1)


@pytest.mark.parametrize(
    ("wanted", "there", "used"),
    [
        ("auto", False, torch.float32),
        ("auto", True, torch.bfloat16),
        ("float32", True, torch.float32),
        ("bfloat16", True, torch.bfloat16),
    ],
)
def test_a_step_on_the_cpu_is_in_bfloat16_where_the_processor_has_it(
    wanted: str, there: bool, used: torch.dtype, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(device, "has_bfloat16", lambda _: there)
    cpu = torch.device("cpu")
    with device.autocast(cpu, wanted):
        assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype == used
    assert device.precision(cpu, wanted) == ("float32" if used == torch.float32 else "bfloat16 autocast")


def test_bfloat16_is_refused_where_it_would_be_emulated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device, "has_bfloat16", lambda _: False)
    with pytest.raises(SerError, match="set auto or float32"):
        device.autocast(torch.device("cpu"), "bfloat16")


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device on this machine")
def test_torch_computes_on_the_gpu_that_the_job_took() -> None:
    script = """
import os
from ser.jobs.devices import granted, installed
with granted(1, f"cuda:{sum(map(len, installed())) - 1}") as name:
    import torch
    from ser.jobs.run_record import gpu_id
    from ser.training.device import gpu_uuid, prepare
    device = prepare(name, 1)
    assert torch.cuda.device_count() == 1
    print(gpu_id(device.index or 0), gpu_uuid(device), float(torch.ones(3, device=device).sum()))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr
    taken, seen, total = done.stdout.split()
    assert taken.partition("-")[2] == seen.removeprefix("GPU-").removeprefix("MIG-")
    assert total == "3.0"
