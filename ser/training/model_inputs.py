"""The inputs of a recipe that its model reads."""

from types import ModuleType

from ser.config.schema import Inputs, Recipe
from ser.errors import SerError


def kind(module: ModuleType) -> str:
    """Return the kind of a model's module: network or estimator."""
    return str(getattr(module, "KIND", "network"))


def read_by(module: ModuleType, recipe: Recipe) -> Inputs:
    """Return all inputs of the recipe for a network, the vector alone for an estimator; SerError where it has none."""
    if kind(module) == "network":
        return recipe.inputs
    if recipe.inputs.vector is None:
        raise SerError(f"the model '{recipe.model}' needs inputs.vector, one row per utterance; the recipe has none.")
    return Inputs(vector=recipe.inputs.vector)
