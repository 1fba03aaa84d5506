"""Train a network of ``ser.models`` on a fold and let it speak on the test part."""

from collections.abc import Callable, Mapping
from types import ModuleType

import torch
from torch import Tensor, nn

from ser.config.schema import Protocol, Recipe, View
from ser.errors import SerError
from ser.layers.batch import Shape
from ser.training import loop, predict
from ser.training.checkpoint import Checkpoint
from ser.training.material import Material, fixed_length
from ser.training.outcome import Outcome

MODALITIES = ("frames", "vector")


def inputs(recipe: Recipe, module: ModuleType) -> dict[str, View]:
    """Return the views that the model needs, by modality; SerError where the recipe does not feed one of them."""
    modalities: Callable[..., tuple[str, ...]] = module.modalities
    needed = modalities(**recipe.options)
    given = {name: view for name in MODALITIES if (view := getattr(recipe.inputs, name)) is not None}
    lacking = [name for name in needed if name not in given]
    if lacking:
        raise SerError(
            f"the model '{recipe.model}' needs {' and '.join(needed)}, but the recipe's inputs lack "
            f"{' and '.join(lacking)}; given: {', '.join(given) or 'none'}."
        )
    return {name: given[name] for name in MODALITIES if name in needed}


def shape(seen: Mapping[str, View], dims: Mapping[str, int]) -> Shape:
    """Return the shape that views of features with ``dims`` dimensions (by feature) give."""
    frames, vector = seen.get("frames"), seen.get("vector")
    return Shape(
        None if frames is None else dims[frames.feature],
        fixed_length(frames),
        None if vector is None else dims[vector.feature],
    )


def train(
    recipe: Recipe, protocol: Protocol, module: ModuleType, material: Material, *, seed: int, checkpoint: Checkpoint
) -> Outcome:
    """Return what the network of ``recipe`` learned and what it says of the test part."""
    torch.manual_seed(seed)
    model: nn.Module = module.build(material.shape, len(material.fold.classes), **recipe.options)
    fitted = loop.fit(model, material, recipe.training, protocol.selection, seed=seed, checkpoint=checkpoint)
    said = predict.probabilities(model, material, "test", recipe.training.batch)
    held = {name: value.detach().cpu().clone().contiguous() for name, value in model.state_dict().items()}
    return Outcome(
        said,
        fitted.history,
        held | _statistics(material),
        sum(parameter.numel() for parameter in model.parameters()),
        fitted.best_epoch,
        fitted.resumes,
        _notes(recipe, protocol, fitted),
    )


def _statistics(material: Material) -> dict[str, Tensor]:
    """Return the mean and sd fitted on the train part: without them the weights cannot be used on new recordings."""
    held = {}
    for name, modality in (("frames", material.frames), ("vector", material.vector)):
        if modality is not None and modality.mean is not None and modality.sd is not None and len(modality.mean) == 1:
            held[f"statistics.{name}.mean"] = modality.mean[0].cpu().clone()
            held[f"statistics.{name}.sd"] = modality.sd[0].cpu().clone()
    return held


def _notes(recipe: Recipe, protocol: Protocol, fitted: loop.Fitted) -> list[str]:
    notes, training = [], recipe.training
    if training.patience is not None and protocol.selection == "last":
        notes.append("the recipe's patience was not used: the protocol keeps the last epoch")
    if training.steps and fitted.history[-1].step < training.steps and len(fitted.history) >= training.epochs:
        notes.append(f"stopped by epochs before the recipe's {training.steps} steps")
    return notes
