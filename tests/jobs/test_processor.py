"""The record of a run names the processor and the GPU that the job used."""

import pytest

from ser.jobs import run_record


def test_the_processor_has_a_name() -> None:
    assert run_record.processor_name()


def test_the_record_names_the_visible_device_of_an_index(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "GPU-aaaa")
    assert run_record.gpu_id(0) == "GPU-aaaa"
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,3")
    assert run_record.gpu_id(1) == "3"
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES")
    assert run_record.gpu_id(0) == ""
