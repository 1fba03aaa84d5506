"""The device is the one asked for, or an error that says what there is."""

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


@pytest.mark.parametrize(("name", "message"), [("gpu", "unknown device 'gpu'"), ("cuda:99", "torch sees")])
def test_a_device_that_is_not_there_is_an_error(name: str, message: str) -> None:
    with pytest.raises(SerError, match=message):
        device.prepare(name, 1)


def test_the_cpu_computes_in_float32() -> None:
    with device.mixed(torch.device("cpu")):
        assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype == torch.float32
    assert device.describe(torch.device("cpu"))


def test_the_record_names_the_device_that_cuda_was_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "GPU-aaaa")
    assert device.identity(torch.device("cuda")) == "GPU-aaaa"
    assert device.identity(torch.device("cpu")) == ""
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,3")
    assert device.identity(torch.device("cuda:1")) == "3"
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES")
    assert device.identity(torch.device("cuda")) == ""


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device on this machine")
def test_torch_computes_on_the_gpu_that_the_job_took() -> None:
    script = """
import os
from ser.jobs.devices import granted, installed
with granted(1, f"cuda:{sum(map(len, installed())) - 1}") as name:
    import torch
    from ser.training.device import identity, prepare
    place = prepare(name, 1)
    assert torch.cuda.device_count() == 1
    print(identity(place), torch.cuda.get_device_properties(place).uuid, float(torch.ones(3, device=place).sum()))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    taken, seen, total = done.stdout.split()
    assert taken.partition("-")[2] == seen.removeprefix("GPU-").removeprefix("MIG-")
    assert total == "3.0"
