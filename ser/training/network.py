"""Train a network of ``ser.models`` on a fold and predict the test part."""

from functools import partial
from types import ModuleType

import numpy as np
import torch
from torch import Tensor, nn

from ser.config.recipe import Recipe, Training
from ser.config.schema import Protocol
from ser.errors import SerError
from ser.layers.interface import Batch, Shape
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
    recipe, outputs, size = task.recipe, len(data.fold.outputs), task.recipe.training.batch
    torch.manual_seed(task.seed)
    model = build(recipe, task.module, data.shape, outputs)
    fitted = loop.fit(model, data, task)
    weights = {name: value.detach().cpu().clone().contiguous() for name, value in model.state_dict().items()}
    notes = _notes(recipe.training, data.fold.protocol, fitted.history)
    end = task.module.back_end(outputs, **recipe.options) if hasattr(task.module, "back_end") else None
    learned: dict[str, float | None] | None = None  # the network of a back end is not the system
    if end is None:
        names = {"loss": "loss", "wa": "WA", "ua": "UA", "ccc": "CCC"}
        learned = {names[name]: value for name, value in predict.measured(model, data, "train", size).items()}
        answers = predict.answers(model, data, "test", size)
    else:
        fold = data.fold
        parts = [part for part in PARTS if fold.rows(part).size]
        vectors = {part: predict.summaries(model, data, part, size) for part in parts}
        tested = vectors.pop("test")
        notes += end.fit(vectors, {part: fold.labels[fold.rows(part)] for part in vectors})
        answers = softmax(end.scores(tested))
        weights |= {f"back_end.{name}": torch.from_numpy(np.array(value)) for name, value in end.weights().items()}
    return Outcome(
        answers,
        fitted.history,
        weights | _statistics(data),
        sum(parameter.numel() for parameter in model.parameters()),
        best(fitted.history, data.fold.protocol.selection),
        fitted.resumes,
        notes if data.words is None else [*notes, *data.words.notes],
        attention_record.record(model, data),
        learned,
    )


def _statistics(data: FoldData) -> dict[str, Tensor]:
    """Return the mean and sd fitted on the train part: without them the weights cannot be used on new recordings."""
    found = {} if data.scale is None else {name: torch.from_numpy(v) for name, v in data.scale.weights().items()}
    for name, feature in data.features.items():
        if feature.statistics is not None and len(feature.statistics[0]) == 1:
            for kind, value in zip(("mean", "sd"), feature.statistics, strict=False):
                found[f"statistics.{name}.{kind}"] = value[0].cpu().clone()
    return found


def _notes(training: Training, protocol: Protocol, history: list[Epoch]) -> list[str]:
    notes = []
    if training.patience is not None and protocol.selection == "last":
        notes.append("the recipe's patience was not used: the protocol keeps the last epoch")
    if training.steps and history[-1].step < training.steps and len(history) >= training.epochs:
        notes.append(f"stopped by epochs before the recipe's {training.steps} steps")
    return notes
