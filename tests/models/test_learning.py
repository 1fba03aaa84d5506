"""Every network of config/systems learns a tiny batch by heart."""

import torch
from networks import CLASSES, every
from torch import nn

from ser.checks.network import SmallNetwork
from ser.layers.time_delay import Perturbation


def settled(model: nn.Module) -> nn.Module:
    """Return the model in training mode without dropout and perturbation, which speak against learning by heart."""
    for part in model.train().modules():
        if isinstance(part, nn.Dropout | Perturbation):
            part.eval()
    return model


@every
def test_a_tiny_batch_is_overfitted(small: SmallNetwork) -> None:
    model = settled(small.build())
    size = 16 if sum(p.numel() for p in model.parameters()) > 1000 else 8  # a few hundred weights learn no more noise
    items, labels = small.batch([small.side] * size), torch.arange(size) % len(CLASSES)
    descent = torch.optim.Adam(model.parameters(), lr=3e-3)
    for _ in range(400):  # most stop long before
        value = small.loss(model, items, labels)
        if value < 0.05:  # before another step: one may overshoot
            break
        descent.zero_grad()
        value.backward()
        descent.step()
    with torch.no_grad():  # still in training mode: the statistics of batch normalisation have not settled
        assert (model(items).argmax(1) == labels).all()
