"""Every network of config/systems with small random inputs: what the tests of all models share."""

from pathlib import Path
from types import ModuleType

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ser import catalog
from ser.config import read
from ser.config.options import with_options
from ser.config.schema import Recipe
from ser.layers.batch import Batch, Shape
from ser.training import network

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
    return network.build(recipe, catalog.load("models", recipe.model), shape(recipe, length), CLASSES)


def chosen(model: ModuleType, shape: Shape, **options: object) -> nn.Module:
    """Build as the pipeline does: options are checked against their annotations, then the model is built."""
    name = model.__name__.rpartition(".")[2]
    recipe = Recipe.model_validate({"model": name, "inputs": {}, "options": options})
    return network.build(with_options(recipe, "models", name, name), model, shape, CLASSES)


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
