"""What every network of config/systems must do, in one loop over the recipes; small inputs, so that it stays quick."""

from collections.abc import Callable

import pytest
import torch
from networks import CLASSES, DIMS, LENGTH, chosen, every

from ser import catalog
from ser.checks.network import CHECKS, SmallNetwork
from ser.errors import SerError
from ser.layers.interface import Batch, Shape
from ser.models import multiscale_cnn
from ser.training import network


@every
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_every_network_keeps_the_contract(small: SmallNetwork, check: Callable[[SmallNetwork], None]) -> None:
    check(small)


@every
def test_too_short_an_input_is_refused_by_the_models_name(small: SmallNetwork) -> None:
    shortest = next(length for length in range(1, 17) if refusal(small, length) is None)
    if shortest > 1:
        assert small.recipe.model in str(refusal(small, shortest - 1))


def refusal(small: SmallNetwork, length: int) -> SerError | None:
    try:
        small.build(length)
    except SerError as error:
        return error
    return None


@every
def test_a_missing_modality_is_named(small: SmallNetwork) -> None:
    with pytest.raises(SerError, match=rf"'{small.recipe.model}': .*inputs\.(frames|vector|words)"):
        network.build(small.recipe, small.recipe.load(), Shape(), len(CLASSES))


def test_a_masked_multi_scale_network_ignores_padding() -> None:
    torch.manual_seed(0)
    model = multiscale_cnn.build(Shape(DIMS), 4, masked=True).eval()
    frames = torch.randn(1, 14, DIMS)
    padded = torch.cat([frames, torch.zeros(1, 9, DIMS)], dim=1)
    for length in (14, 3):
        mask = torch.arange(23)[None] < length
        kept = padded * mask.unsqueeze(-1)
        alone = model(Batch(kept[:, :length], mask[:, :length]))
        torch.testing.assert_close(model(Batch(kept, mask)), alone, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize(
    ("model", "option"),
    [
        ("pyramid_fsmn", {"attention": "time"}),
        ("pyramid_fsmn", {"orders": [4, 8]}),
        ("dense_lstm", {"attention": "timestep"}),
        ("multiscale_cnn", {"statistics": ["median"]}),
        ("time_frequency_cnn", {"head": "max"}),
    ],
)
def test_a_wrong_option_is_answered_with_the_known_ones(model: str, option: dict[str, object]) -> None:
    with pytest.raises(SerError, match=next(iter(option))):
        chosen(catalog.load("models", model), Shape(DIMS, LENGTH), **option)


@pytest.mark.parametrize("options", [{"taps": "vector"}, {"attention": "none", "pooling": "last"}, {"padding": 0}])
def test_variants_of_the_pyramid_learn(options: dict[str, object]) -> None:
    model = catalog.load("models", "pyramid_fsmn").build(Shape(DIMS, LENGTH), 4, **options)
    model(Batch(torch.randn(4, LENGTH, DIMS))).square().sum().backward()
    assert all(parameter.grad is not None for parameter in model.parameters())


def test_a_mask_over_a_view_of_fixed_length_is_refused_not_ignored() -> None:
    with pytest.raises(SerError, match=r"inputs\.frames\.limit"):
        catalog.load("models", "multiscale_cnn").build(Shape(96, 750), 4, masked=True)
