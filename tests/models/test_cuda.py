"""Every network of ``ser/models`` on a GPU: needs one, and is part of benchmarks/gpu.sh."""

from dataclasses import fields

import pytest
import torch
from networks import SMALL

from ser.checks.network import SmallNetwork
from ser.layers.interface import Batch


def moved(batch: Batch) -> Batch:
    parts = {part.name: getattr(batch, part.name) for part in fields(batch)}
    return Batch(**{name: value.cuda() for name, value in parts.items() if value is not None})


def away(small: SmallNetwork) -> float:
    """Return how far the logits on the GPU are from those on the CPU, in float32 without TF32."""
    model, batch = small.warmed(), small.batch([small.side] * 3)
    with torch.no_grad():
        expected = model(batch)
        found: torch.Tensor = model.cuda()(moved(batch)).cpu()
    return float((found - expected).abs().max())


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device on this machine")
def test_a_gpu_computes_the_logits_of_the_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", False)
    monkeypatch.setattr(torch.backends.cuda.matmul, "allow_tf32", False)
    found = {name: away(small) for name, small in SMALL.items()}
    assert {name: distance for name, distance in found.items() if not distance < 1e-3} == {}
