"""Every network of ``ser/models`` with small random inputs: with its defaults, and as the systems configure it."""

import json
from pathlib import Path
from types import ModuleType

import pytest
from torch import nn

from ser import catalog
from ser.checks.network import CLASSES, SIDES, SmallNetwork, smallest
from ser.config import read
from ser.config.options import needed, with_options
from ser.config.recipe import Recipe
from ser.layers.interface import Shape
from ser.training import network

__all__ = ["CLASSES", "DIMS", "LENGTH", "SMALL", "chosen", "every"]

DIMS = LENGTH = SIDES[0]
NETWORKS = [
    name for name in catalog.names("models") if catalog.model_kind(name) == "network" and not needed("models", name)
]
SYSTEMS = read.shipped(Path(__file__).parents[2] / "config")[1]


def decisive(small: SmallNetwork) -> str:
    """Return what decides a small network: of systems that differ in features or training only, the first is tested."""
    recipe = small.recipe
    parts = [recipe.model, recipe.options, recipe.inputs.modalities(), small.fixed, small.fixed_words]
    return json.dumps(parts, sort_keys=True, default=str)


CONFIGURED = {name: SmallNetwork(recipe) for name, recipe in SYSTEMS.items() if recipe.model in NETWORKS}
DISTINCT = {decisive(small): name for name, small in reversed(CONFIGURED.items())}
SMALL = {
    **{f"{name} (defaults)": smallest(name, {}) for name in NETWORKS},
    **{name: small for name, small in CONFIGURED.items() if name in DISTINCT.values()},
}
every = pytest.mark.parametrize("small", SMALL.values(), ids=list(SMALL))


def chosen(model: ModuleType, shape: Shape, **options: object) -> nn.Module:
    """Build as the pipeline does: options are checked against their annotations, then the model is built."""
    name = model.__name__.rpartition(".")[2]
    recipe = Recipe.model_validate({"model": name, "inputs": {}, "options": options})
    return network.build(with_options(recipe, name), model, shape, len(CLASSES))
