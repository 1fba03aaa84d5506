"""Where the options of a recipe against class imbalance apply, checked before any job."""

import ast

from ser import catalog
from ser.config.recipe import DIMENSION_LOSSES, Recipe, Training
from ser.errors import SerError

OF_LOSS = {"gamma": "focal", "tau": "logit_adjusted"}


def check_imbalance(recipe: Recipe, where: str) -> None:
    """Raise SerError for an option that the model cannot have, or for two that correct the same imbalance."""
    training, kind = recipe.training, catalog.model_kind(recipe.model)
    for key in ("sampling", "loss"):
        if getattr(training, key) is not None and kind != "network":
            raise SerError(
                f"{where}.training.{key}: only networks have it; the model '{recipe.model}' is {named(kind)}."
            )
    if training.loss is not None and has_own_loss(recipe.model) and training.loss not in DIMENSION_LOSSES:
        raise SerError(
            f"{where}.training.loss: the model '{recipe.model}' has a loss of its own; '{training.loss}' would "
            "replace cross-entropy, which it does not use."
        )
    for key, loss in OF_LOSS.items():
        if key in training.model_fields_set and training.loss != loss:
            raise SerError(f"{where}.training.{key}: belongs to loss '{loss}'; the loss is '{training.loss}'.")
    if len(twice := _corrections(training)) > 1:
        raise SerError(
            f"{where}.training: {' and '.join(twice)} each make up for the same imbalance; together rare classes weigh "
            "more than frequent ones. Keep one."
        )


def named(kind: str) -> str:
    """Return what a model of this kind is, of one that is no network."""
    return "an estimator, which is fitted whole" if kind == "estimator" else "a table of predictions"


def has_own_loss(model: str) -> bool:
    """Return whether a class in the model's file has a method ``loss``."""
    classes = (node for node in catalog.tree(f"ser.models.{model}").body if isinstance(node, ast.ClassDef))
    return any(isinstance(node, ast.FunctionDef) and node.name == "loss" for one in classes for node in one.body)


def _corrections(training: Training) -> list[str]:
    """Return the keys, with their values, that give every class the same weight."""
    found = {
        "sampling: balanced": training.sampling == "balanced",
        "class_weights: balanced": training.class_weights == "balanced",
        "loss: logit_adjusted": training.loss == "logit_adjusted",
    }
    return [key for key, used in found.items() if used]
