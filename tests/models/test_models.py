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
from ser.layers.time_delay import Perturbation
from ser.models import multiscale_cnn

RECIPES: dict[str, Recipe] = {
    name: recipe
    for name, recipe in read.shipped(Path(__file__).parents[2] / "config")[1].items()
    if getattr(catalog.load("models", recipe.model), "KIND", "network") == "network"
}
DIMS, LENGTH, VECTOR, CLASSES = 24, 24, 7, 4
every = pytest.mark.parametrize("recipe", RECIPES.values(), ids=list(RECIPES))


WORDS, SENTENCE, EMBEDDED = 12, 9, 10  # rows of the table, words of a transcript, dimensions of a word


def fixed(recipe: Recipe) -> bool:
    view = recipe.inputs.frames
    return view is not None and (view.length is not None or view.segments is not None)


def fixed_words(recipe: Recipe) -> bool:
    return recipe.inputs.words is not None and recipe.inputs.words.length is not None


def shape(recipe: Recipe, length: int = LENGTH) -> Shape:
    generator = torch.Generator().manual_seed(5)
    table = torch.randn(WORDS, EMBEDDED, generator=generator).index_fill(0, torch.tensor(0), 0.0)
    return Shape(
        DIMS if recipe.inputs.frames else None,
        length if fixed(recipe) else None,
        VECTOR if recipe.inputs.vector else None,
        table if recipe.inputs.words else None,
        SENTENCE if fixed_words(recipe) else None,
        ("angry", "happy", "neutral", "sad"),
    )


def build(recipe: Recipe, length: int = LENGTH, seed: int = 0) -> nn.Module:
    torch.manual_seed(seed)
    model: nn.Module = catalog.load("models", recipe.model).build(shape(recipe, length), CLASSES, **recipe.options)
    return model


def loss(model: nn.Module, items: Batch, labels: Tensor) -> Tensor:
    """Return what training minimises."""
    objective = getattr(model, "loss", None)
    value: Tensor = F.cross_entropy(model(items), labels) if objective is None else objective(items, labels, None)
    return value


def batch(recipe: Recipe, lengths: list[int], seed: int = 1) -> Batch:
    """Return random utterances, padded to the longest; where the recipe fixes the length, padding counts as real.

    A transcript has a word per two frames, one at least.
    """
    generator = torch.Generator().manual_seed(seed)
    frames, mask = None, None
    if recipe.inputs.frames:
        frames = torch.randn(len(lengths), max(lengths), DIMS, generator=generator)
        mask = torch.arange(max(lengths)) < torch.tensor(lengths)[:, None]
        frames = frames * mask.unsqueeze(-1)
        mask = torch.ones_like(mask) if fixed(recipe) else mask
    vector = torch.randn(len(lengths), VECTOR, generator=generator) if recipe.inputs.vector else None
    words, said = None, None
    if recipe.inputs.words:
        spoken = torch.tensor([min(SENTENCE, 1 + length // 2) for length in lengths])
        width = SENTENCE if fixed_words(recipe) else int(spoken.max())
        said = torch.arange(width) < spoken[:, None]
        words = torch.randint(1, WORDS, (len(lengths), width), generator=generator) * said
        said = torch.ones_like(said) if fixed_words(recipe) else said
    return Batch(frames, mask, vector, words, said)


def alone(recipe: Recipe, whole: Batch, row: int, length: int) -> Batch:
    """Return one utterance of ``whole`` without the padding that its neighbours brought."""
    width = SENTENCE if fixed_words(recipe) else min(SENTENCE, 1 + length // 2)
    cut = {"frames": length, "mask": length, "words": width, "said": width}
    found = ((name, getattr(whole, name)) for name in ("frames", "mask", "vector", "words", "said"))
    return Batch(*(None if x is None else x[row : row + 1, : cut.get(name)] for name, x in found))


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


def settled(model: nn.Module) -> nn.Module:
    """Return the model in training mode without dropout and perturbation, which speak against learning by heart."""
    for part in model.train().modules():
        if isinstance(part, nn.Dropout | Perturbation):
            part.eval()
    return model


@every
def test_a_tiny_batch_is_learnt_by_heart(recipe: Recipe) -> None:
    model = settled(build(recipe))
    size = 16 if sum(p.numel() for p in model.parameters()) > 1000 else 8  # a few hundred weights learn no more noise
    items, labels = batch(recipe, [LENGTH] * size), torch.arange(size) % CLASSES
    descent = torch.optim.Adam(model.parameters(), lr=3e-3)
    for _ in range(150):
        value = loss(model, items, labels)
        if value < 0.05:  # before another step: one may overshoot
            break
        descent.zero_grad()
        value.backward()
        descent.step()
    with torch.no_grad():  # still in training mode: the statistics of batch normalisation have not settled
        assert (model(items).argmax(1) == labels).all()


@every
def test_a_missing_modality_is_named(recipe: Recipe) -> None:
    with pytest.raises(SerError, match=r"inputs\.(frames|vector|words)"):
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
