"""First weights of the LSTM systems: what they are, and how far back the last output can see with them."""

from typing import Any

import pytest
import torch
from networks import SYSTEMS
from torch import Tensor, nn

from ser import catalog
from ser.layers.interface import Batch, Shape

DIMS, TIME = 24, 60
BUILT: dict[str, dict[str, Any]] = {
    "dense_lstm": {"cells": (32, 16), "attention": "none"},
    "frame_lstm": {"cells": 32, "pooling": "last"},
    "tdnn_lstm": {"width": 32, "front_end": "frames", "augment": False},
}
models = pytest.mark.parametrize("name", BUILT)


def built(name: str, **options: Any) -> nn.Module:
    torch.manual_seed(0)
    model: nn.Module = catalog.load("models", name).build(Shape(frames=DIMS), 4, **{**BUILT[name], **options})
    return model.eval()


def layers(model: nn.Module) -> list[nn.LSTM]:
    found = [layer for layer in model.modules() if isinstance(layer, nn.LSTM)]
    assert len(found) >= 2
    return found


def gates(layer: nn.LSTM) -> Tensor:
    """Return the bias of every cell, (input, forget, candidate, output; cells): torch adds two vectors."""
    return (layer.bias_ih_l0 + layer.bias_hh_l0).detach().view(4, -1)


@models
def test_by_default_a_cell_starts_by_remembering_and_its_state_matrix_is_orthogonal(name: str) -> None:
    for layer in layers(built(name)):
        ahead, state = layer.weight_ih_l0.detach(), layer.weight_hh_l0.detach()
        assert state.shape == (4 * layer.hidden_size, layer.hidden_size)
        torch.testing.assert_close(state.T @ state, torch.eye(layer.hidden_size), atol=1e-5, rtol=0)
        bound = (6 / sum(ahead.shape)) ** 0.5
        assert 0.95 * bound < ahead.abs().max() <= bound
        wanted = torch.tensor([0.0, 1.0, 0.0, 0.0]).unsqueeze(1).expand(4, layer.hidden_size)
        assert torch.equal(gates(layer), wanted)


@models
def test_uniform_is_torchs_own_start(name: str) -> None:
    for layer in layers(built(name, initial="uniform")):
        bound = layer.hidden_size**-0.5
        for value in layer.parameters():
            assert 0.8 * bound < value.detach().abs().max() <= bound
        assert gates(layer)[1].mean().abs() < bound / 2  # the forget gate is as often open as closed


def seen(initial: str) -> float:
    """Return the first frame's share of the gradient of the last output, relative to the last frame's."""
    model = built("dense_lstm", initial=initial)
    x = torch.randn(8, TIME, DIMS, generator=torch.Generator().manual_seed(1), requires_grad=True)
    outputs, _ = model._outputs(Batch(x))  # type: ignore[operator]
    outputs[-1][:, -1].square().sum().backward()
    assert x.grad is not None
    size = x.grad.double().square().sum((0, 2)).sqrt()
    return float(size[0] / size[-1])


def test_the_last_output_depends_on_early_frames_only_if_cells_remember() -> None:
    forgetful, remembering = seen("uniform"), seen("glorot")
    assert forgetful < 1e-8
    assert remembering > 1e-5
    assert remembering > 1e4 * forgetful


@pytest.mark.parametrize("system", [name for name, recipe in SYSTEMS.items() if recipe.model in BUILT])
def test_every_recipe_of_these_models_says_how_it_starts(system: str) -> None:
    recipe = SYSTEMS[system]
    assert recipe.options["initial"] == ("uniform" if system.endswith("-uniform") else "glorot")
    assert "options.initial" in recipe.defaults
