"""The device is the one asked for, or an error that says what there is."""

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
