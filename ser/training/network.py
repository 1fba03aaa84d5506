"""Train a network of ``ser.models`` on a fold and predict the test part."""

from collections.abc import Callable
from functools import partial
from types import ModuleType

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ser.config.schema import Protocol, Recipe, Training
from ser.errors import SerError
from ser.layers.back_end_classifier import BackEnd
from ser.layers.batch import Batch, Shape
from ser.tables.contracts import PARTS
from ser.training import attention_record, loop, predict
from ser.training.epoch_selection import Epoch, best
from ser.training.fold_data import FoldData
from ser.training.task import Outcome, TrainingTask, softmax


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
    batch = arguments[0]
    size = next(len(part) for part in (batch.frames, batch.vector, batch.words) if part is not None)
    if logits.shape != (size, classes):
        raise SerError(
            f"model '{name}' returns logits of shape {tuple(logits.shape)}; for {size} utterances and {classes} "
            f"classes it must be {(size, classes)}."
        )


def train(task: TrainingTask, data: FoldData) -> Outcome:
    """Return what the network of ``task.recipe`` learned from ``data`` and its predictions for the test part."""
    recipe, classes = task.recipe, len(data.fold.classes)
    torch.manual_seed(task.seed)
    model = build(recipe, task.module, data.shape, classes)
    fitted = loop.fit(model, data, task)
    weights = {name: value.detach().cpu().clone().contiguous() for name, value in model.state_dict().items()}
    notes = _notes(recipe.training, data.fold.protocol, fitted.history)
    make: Callable[..., BackEnd | None] | None = getattr(task.module, "back_end", None)
    end = None if make is None else make(classes, **recipe.options)
    if end is None:
        probabilities = predict.probabilities(model, data, "test", recipe.training.batch)
    else:
        probabilities, remarks = _second(end, model, data, recipe.training.batch)
        weights |= {f"back_end.{name}": torch.from_numpy(np.array(value)) for name, value in end.weights().items()}
        notes += remarks
    return Outcome(
        probabilities,
        fitted.history,
        weights | _statistics(data),
        sum(parameter.numel() for parameter in model.parameters()),
        best(fitted.history, data.fold.protocol.selection),
        fitted.resumes,
        notes if data.words is None else [*notes, *data.words.notes],
        attention_record.record(model, data),
    )


def _second(end: BackEnd, model: nn.Module, data: FoldData, size: int) -> tuple[NDArray[np.float32], list[str]]:
    """Return probabilities (test utterances, classes) from the ``end`` fitted on the network's summaries."""
    fold = data.fold
    vectors = {part: predict.summaries(model, data, part, size) for part in PARTS if fold.rows(part).size}
    labels = {part: fold.labels[fold.rows(part)] for part in vectors if part != "test"}
    remarks = end.fit({part: vectors[part] for part in labels}, labels)
    return softmax(end.scores(vectors["test"])), remarks


def _statistics(data: FoldData) -> dict[str, Tensor]:
    """Return the mean and sd fitted on the train part: without them the weights cannot be used on new recordings."""
    found = {}
    for name, feature in (("frames", data.frames), ("vector", data.vector)):
        if feature is not None and feature.mean is not None and feature.sd is not None and len(feature.mean) == 1:
            found[f"statistics.{name}.mean"] = feature.mean[0].cpu().clone()
            found[f"statistics.{name}.sd"] = feature.sd[0].cpu().clone()
    return found


def _notes(training: Training, protocol: Protocol, history: list[Epoch]) -> list[str]:
    notes = []
    if training.patience is not None and protocol.selection == "last":
        notes.append("the recipe's patience was not used: the protocol keeps the last epoch")
    if training.steps and history[-1].step < training.steps and len(history) >= training.epochs:
        notes.append(f"stopped by epochs before the recipe's {training.steps} steps")
    return notes
