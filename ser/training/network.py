"""Train a network of ``ser.models`` on a fold and let it speak on the test part."""

from collections.abc import Callable
from types import ModuleType

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ser.config.schema import Protocol, Recipe, View, Words
from ser.errors import SerError
from ser.layers.back_end import BackEnd
from ser.tables.contracts import PARTS
from ser.training import focus, loop, predict
from ser.training.checkpoint import Checkpoint
from ser.training.material import Material
from ser.training.outcome import Outcome, softmax


def inputs(recipe: Recipe, module: ModuleType) -> dict[str, View]:
    """Return the views that the model needs, by modality; SerError where the recipe does not feed what it needs."""
    needed = _needed(recipe, module)
    given = recipe.inputs.modalities()
    lacking = [name for name in needed if name not in given]
    if lacking:
        raise SerError(
            f"the model '{recipe.model}' needs {' and '.join(needed)}, but the recipe's inputs lack "
            f"{' and '.join(lacking)}; given: {', '.join(given) or 'none'}."
        )
    return {name: view for name, view in recipe.inputs.views().items() if name in needed}


def words(recipe: Recipe, module: ModuleType) -> Words | None:
    """Return how the model reads transcripts; None where it reads none."""
    return recipe.inputs.words if "words" in _needed(recipe, module) else None


def _needed(recipe: Recipe, module: ModuleType) -> tuple[str, ...]:
    modalities: Callable[..., tuple[str, ...]] = module.modalities
    return modalities(**recipe.options)


def train(
    recipe: Recipe, protocol: Protocol, module: ModuleType, material: Material, *, seed: int, checkpoint: Checkpoint
) -> Outcome:
    """Return what the network of ``recipe`` learned and what it says of the test part."""
    torch.manual_seed(seed)
    model: nn.Module = module.build(material.shape, len(material.fold.classes), **recipe.options)
    fitted = loop.fit(
        model,
        material,
        recipe.training,
        protocol.selection,
        seed=seed,
        checkpoint=checkpoint,
        curves=protocol.curves,
    )
    held = {name: value.detach().cpu().clone().contiguous() for name, value in model.state_dict().items()}
    notes = _notes(recipe, protocol, fitted)
    end = back_end(recipe, module, len(material.fold.classes))
    if end is None:
        said = predict.probabilities(model, material, "test", recipe.training.batch)
    else:
        said, remarks = _second(end, model, material, recipe.training.batch)
        held |= {f"back_end.{name}": torch.from_numpy(np.array(value)) for name, value in end.weights().items()}
        notes += remarks
    return Outcome(
        said,
        fitted.history,
        held | _statistics(material),
        sum(parameter.numel() for parameter in model.parameters()),
        fitted.best_epoch,
        fitted.resumes,
        notes,
        focus.look(model, material),
    )


def back_end(recipe: Recipe, module: ModuleType, classes: int) -> BackEnd | None:
    """Return what learns from the network's answers, if the model has such."""
    make: Callable[..., BackEnd | None] | None = getattr(module, "back_end", None)
    return None if make is None else make(classes, **recipe.options)


def _second(end: BackEnd, model: nn.Module, material: Material, size: int) -> tuple[NDArray[np.float32], list[str]]:
    """Return (test utterances, classes) as probabilities from the ``end`` fitted on the network's summaries."""
    fold = material.fold
    vectors = {part: predict.summaries(model, material, part, size) for part in PARTS if fold.rows(part).size}
    seen = {part: vectors[part] for part in vectors if part != "test"}
    remarks = end.fit(seen, {part: fold.labels[fold.rows(part)] for part in seen})
    return softmax(end.scores(vectors["test"])), remarks


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
