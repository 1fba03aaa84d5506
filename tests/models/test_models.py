"""What every network of config/systems must do, in one loop over the recipes; small inputs, so that it stays quick."""

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ser import catalog
from ser.config import read
from ser.config.schema import Recipe
from ser.errors import SerError
from ser.layers.batch import Batch, Shape
from ser.models import multiscale_cnn

RECIPES: dict[str, Recipe] = {
    name: recipe
    for name, recipe in read.shipped(Path(__file__).parents[2] / "config")[1].items()
    if getattr(catalog.load("models", recipe.model), "KIND", "network") == "network"
}
DIMS, LENGTH, VECTOR, CLASSES = 24, 24, 7, 4
every = pytest.mark.parametrize("recipe", RECIPES.values(), ids=list(RECIPES))


def fixed(recipe: Recipe) -> bool:
    view = recipe.inputs.frames
    return view is not None and (view.length is not None or view.segments is not None)


def build(recipe: Recipe, length: int = LENGTH, seed: int = 0) -> nn.Module:
    torch.manual_seed(seed)
    shape = Shape(DIMS, length if fixed(recipe) else None, VECTOR if recipe.inputs.vector else None)
    model: nn.Module = catalog.load("models", recipe.model).build(shape, CLASSES, **recipe.options)
    return model


def batch(recipe: Recipe, lengths: list[int], seed: int = 1) -> Batch:
    """Return random utterances, padded to the longest; where the recipe fixes the length, padding counts as real."""
    generator = torch.Generator().manual_seed(seed)
    frames = torch.randn(len(lengths), max(lengths), DIMS, generator=generator)
    mask = torch.arange(max(lengths)) < torch.tensor(lengths)[:, None]
    frames = frames * mask.unsqueeze(-1)
    vector = torch.randn(len(lengths), VECTOR, generator=generator) if recipe.inputs.vector else None
    return Batch(frames, torch.ones_like(mask) if fixed(recipe) else mask, vector)


def part(whole: Batch, rows: slice, length: int) -> Batch:
    assert whole.frames is not None
    assert whole.mask is not None
    return Batch(
        whole.frames[rows, :length], whole.mask[rows, :length], None if whole.vector is None else whole.vector[rows]
    )


def warmed(model: nn.Module, recipe: Recipe) -> nn.Module:
    """Return the model in evaluation mode after one training pass, so that batch normalisation has statistics."""
    model(batch(recipe, [LENGTH] * 8, seed=2))
    return model.eval()


@every
def test_logits_have_one_column_per_class(recipe: Recipe) -> None:
    logits = build(recipe)(batch(recipe, [LENGTH] * 3))
    assert logits.shape == (3, CLASSES)
    assert logits.isfinite().all()


@every
def test_every_parameter_gets_a_gradient(recipe: Recipe) -> None:
    model = build(recipe)
    F.cross_entropy(model(batch(recipe, [LENGTH] * 8)), torch.arange(8) % CLASSES).backward()
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
            alone = model(part(together, slice(n, n + 1), length))
            torch.testing.assert_close(alone[0], logits[n], atol=1e-5, rtol=1e-4)
    assert not torch.allclose(logits[0], logits[1], atol=1e-5), "the model does not look at its input"


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
def test_a_tiny_batch_is_learnt_by_heart(recipe: Recipe) -> None:
    model, items, labels = build(recipe), batch(recipe, [LENGTH] * 16), torch.arange(16) % CLASSES
    descent = torch.optim.Adam(model.parameters(), lr=3e-3)
    for _ in range(150):
        logits: Tensor = model(items)
        descent.zero_grad()
        loss = F.cross_entropy(logits, labels)
        loss.backward()
        descent.step()
        if loss < 0.05:
            break
    assert loss < 0.1
    assert (logits.argmax(1) == labels).all()


@every
def test_missing_frames_are_named(recipe: Recipe) -> None:
    with pytest.raises(SerError, match=r"inputs\.frames"):
        catalog.load("models", recipe.model).build(Shape(), CLASSES, **recipe.options)


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
        catalog.load("models", model).build(Shape(DIMS, LENGTH), CLASSES, **option)


@pytest.mark.parametrize("options", [{"taps": "vector"}, {"attention": "none", "pooling": "last"}, {"padding": 0}])
def test_variants_of_the_pyramid_learn(options: dict[str, object]) -> None:
    model = catalog.load("models", "pyramid_fsmn").build(Shape(DIMS, LENGTH), CLASSES, **options)
    model(Batch(torch.randn(4, LENGTH, DIMS))).square().sum().backward()
    assert all(parameter.grad is not None for parameter in model.parameters())


def test_a_mask_over_a_view_of_fixed_length_is_refused_not_ignored() -> None:
    with pytest.raises(SerError, match=r"inputs\.frames\.limit"):
        catalog.load("models", "multiscale_cnn").build(Shape(96, 750), 4, masked=True)
