"""What every network of config/systems must do, in one loop over the recipes; small inputs, so that it stays quick."""

import pytest
import torch
from networks import CLASSES, DIMS, LENGTH, alone, batch, build, chosen, every, fixed, loss, warmed

from ser import catalog
from ser.config.schema import Recipe
from ser.errors import SerError
from ser.layers.batch import Batch, Shape
from ser.models import multiscale_cnn
from ser.training import network


@every
def test_logits_have_one_column_per_class(recipe: Recipe) -> None:
    logits = build(recipe)(batch(recipe, [LENGTH] * 3))
    assert logits.shape == (3, CLASSES)
    assert logits.isfinite().all()


@every
def test_every_parameter_gets_a_gradient(recipe: Recipe) -> None:
    model = build(recipe)
    loss(model, batch(recipe, [LENGTH] * 8), torch.arange(8) % CLASSES).backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.isfinite().all(), name
        if parameter.ndim > 1:  # a bias before a normalisation or a softmax rightly has none
            assert parameter.grad.any(), name


@every
def test_neighbours_and_padding_change_no_logit(recipe: Recipe) -> None:
    model = warmed(build(recipe), recipe)
    lengths = [LENGTH] * 3 if fixed(recipe) else [5, LENGTH, 1]
    together = batch(recipe, lengths)
    with torch.no_grad():
        logits = model(together)
        for n, length in enumerate(lengths):
            single = model(alone(recipe, together, n, length))
            torch.testing.assert_close(single[0], logits[n], atol=1e-5, rtol=1e-4)
    assert not torch.allclose(logits[0], logits[1], atol=1e-5), "the model does not look at its input"


@every
def test_what_a_back_end_is_told_does_not_depend_on_neighbours(recipe: Recipe) -> None:
    module = catalog.load("models", recipe.model)
    if not hasattr(module, "back_end") or module.back_end(CLASSES, **recipe.options) is None:
        return
    model = warmed(build(recipe), recipe)
    lengths = [LENGTH] * 3 if fixed(recipe) else [5, LENGTH, 1]
    together = batch(recipe, lengths)
    with torch.no_grad():
        summary = model.summary(together)
        assert summary.isfinite().all()
        for n, length in enumerate(lengths):
            single = model.summary(alone(recipe, together, n, length))
            torch.testing.assert_close(single[0], summary[n], atol=1e-5, rtol=1e-4)


def refusal(recipe: Recipe, length: int) -> SerError | None:
    try:
        build(recipe, length)
    except SerError as error:
        return error
    return None


@every
def test_the_shortest_input_works_and_a_shorter_one_is_refused_by_name(recipe: Recipe) -> None:
    shortest = next(length for length in range(1, 17) if refusal(recipe, length) is None)
    assert build(recipe, shortest).eval()(batch(recipe, [shortest])).isfinite().all()
    if shortest > 1:
        assert recipe.model in str(refusal(recipe, shortest - 1))


@every
def test_the_same_seed_gives_the_same_logits(recipe: Recipe) -> None:
    first, again, other = (build(recipe, seed=seed)(batch(recipe, [LENGTH] * 2)) for seed in (3, 3, 4))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


@every
def test_a_missing_modality_is_named(recipe: Recipe) -> None:
    with pytest.raises(SerError, match=rf"'{recipe.model}': .*inputs\.(frames|vector|words)"):
        network.build(recipe, catalog.load("models", recipe.model), Shape(), CLASSES)


def test_a_masked_multi_scale_network_ignores_padding() -> None:
    torch.manual_seed(0)
    model = multiscale_cnn.build(Shape(DIMS), CLASSES, masked=True).eval()
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
    model = catalog.load("models", "pyramid_fsmn").build(Shape(DIMS, LENGTH), CLASSES, **options)
    model(Batch(torch.randn(4, LENGTH, DIMS))).square().sum().backward()
    assert all(parameter.grad is not None for parameter in model.parameters())


def test_a_mask_over_a_view_of_fixed_length_is_refused_not_ignored() -> None:
    with pytest.raises(SerError, match=r"inputs\.frames\.limit"):
        catalog.load("models", "multiscale_cnn").build(Shape(96, 750), 4, masked=True)
