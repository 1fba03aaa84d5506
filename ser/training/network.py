"""Train a network of ``ser.models`` on a fold and let it speak on the test part."""

from collections.abc import Callable
from functools import partial
from types import ModuleType

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ser.config.schema import Protocol, Recipe
from ser.errors import SerError
from ser.layers.back_end_classifier import BackEnd
from ser.layers.batch import Batch, Shape
from ser.tables.contracts import PARTS
from ser.training import focus, loop, predict
from ser.training.checkpoint import Checkpoint
from ser.training.material import Material
from ser.training.outcome import Outcome, softmax


def build(recipe: Recipe, module: ModuleType, shape: Shape, classes: int) -> nn.Module:
    """Return the untrained network of ``recipe``, which checks the shape of its logits in every forward pass.

    SerError with the model's name where the recipe's options or inputs do not fit the model.
    """
    try:
        model: nn.Module = module.build(shape, classes, **recipe.options)
    except SerError as error:
        raise SerError(f"model '{recipe.model}': {error}") from error
    model.register_forward_hook(partial(_check_logits, recipe.model, classes))
    return model


def _check_logits(name: str, classes: int, _model: nn.Module, arguments: tuple[Batch], logits: Tensor) -> None:
    given = arguments[0]
    size = next(len(part) for part in (given.frames, given.vector, given.words) if part is not None)
    if logits.shape != (size, classes):
        raise SerError(
            f"model '{name}' returns logits of shape {tuple(logits.shape)}; for {size} utterances and {classes} "
            f"classes it must be {(size, classes)}."
        )


def train(
    recipe: Recipe, protocol: Protocol, module: ModuleType, material: Material, *, seed: int, checkpoint: Checkpoint
) -> Outcome:
    """Return what the network of ``recipe`` learned and what it says of the test part."""
    torch.manual_seed(seed)
    model = build(recipe, module, material.shape, len(material.fold.classes))
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
