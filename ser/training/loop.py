"""Gradient descent over epochs: one code path for CPU and CUDA, nothing read back from the device within a step."""

import time
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from ser.config.recipe import Training
from ser.errors import SerError
from ser.jobs import tracking
from ser.jobs.trackers.interface import Row
from ser.jobs.training_log import TrainingLog
from ser.layers.interface import Batch
from ser.training import (
    batch_changes,
    batch_order,
    device,
    mixup,
    norm_statistics,
    optimisers,
    predict,
    sampling,
    training_state,
)
from ser.training.epoch_selection import Epoch, best, finished
from ser.training.fold_data import FoldData
from ser.training.losses import DIMENSION_LOSSES, LOSSES, sigmoid_cross_entropy, soft_cross_entropy
from ser.training.task import TrainingTask
from ser.training.training_state import TrainingState


def fit(model: nn.Module, data: FoldData, task: TrainingTask) -> TrainingState:
    """Train ``model`` in place on the train part; it ends with the weights of the epoch that the protocol selects.

    Continues an earlier attempt in ``task.checkpoint``. WA and UA of the test part are recorded and select nothing.
    SerError, with epoch and step, where a loss is not finite.
    """
    training, protocol, examples = task.recipe.training, data.fold.protocol, data.examples("train")
    model.to(data.device)
    optimiser, loss_of = optimisers.make(model, training, data.device), loss_function(model, data, training)
    state = training_state.load(task.checkpoint, model, optimiser)
    kind = batch_order.kind_of(training.batches, data.length)
    tracking.start([_tracked(state.history[: epoch + 1], protocol.selection) for epoch in range(len(state.history))])
    history, log = state.history, TrainingLog(training.epochs, len(state.history))
    while not finished(history, training, protocol.selection):
        began, epoch, step = time.monotonic(), len(history) + 1, history[-1].step if history else 0
        order = sampling.batches(examples, training, task.seed, epoch, kind)
        total = min(training.epochs * len(order), training.steps or training.epochs * len(order))
        order = order[: total - step]  # training.steps may end within an epoch
        losses: list[Tensor] = []  # left on the device: reading one would wait for its step
        model.train()
        for batch, labels in batch_changes.batches(data, examples, order, training, task.seed, epoch):
            with device.autocast(data.device, training.precision):
                loss = loss_of(batch, labels)
            rate = optimisers.rate(training, epoch, step + len(losses), total)
            optimisers.step(optimiser, model, loss, training, rate)
            losses.append(loss.detach())
            if log.due():
                log.step(epoch, len(losses), len(order), float(_finite(losses, epoch, step).mean()))
        train_loss = float(np.average(_finite(losses, epoch, step), weights=[len(indices) for indices in order]))
        if training.batch_norm == "train":
            norm_statistics.reestimate(model, data, training.batch)
        scores = {f"dev_{name}": value for name, value in predict.measured(model, data, "dev", training.batch).items()}
        seconds = time.monotonic() - began
        if protocol.curves:
            of_test = predict.measured(model, data, "test", training.batch)
            scores |= {f"test_{name}": of_test[name] for name in ("wa", "ua")}
        history.append(now := Epoch(epoch, step + len(losses), seconds, rate, train_loss, **scores))
        if protocol.selection != "last" and best(history, protocol.selection) == epoch:
            state.best = {name: value.detach().clone() for name, value in model.state_dict().items()}
        if task.checkpoint.due():
            training_state.save(task.checkpoint, model, optimiser, state)
        tracking.epoch(_tracked(history, protocol.selection))
        last = finished(history, training, protocol.selection)
        log.epoch(epoch, now.step, train_loss, _selects(now, protocol.selection), last=last)
    if state.best:
        model.load_state_dict(state.best)
    return state


def _tracked(history: list[Epoch], selection: str) -> Row:
    """Return the last epoch for trackers, with the epoch that is kept so far and without the test part."""
    row = {name: value for name, value in asdict(history[-1]).items() if not name.startswith("test_")}
    return row | {"best": best(history, selection)}


def _selects(epoch: Epoch, selection: str) -> tuple[str, float | None]:
    """Return the name and the value of the dev score that selects, of dev UA or CCC where none does."""
    of_last = "dev_ccc" if epoch.dev_ccc is not None else "dev_ua"
    key = of_last if selection == "last" else selection
    names = {"dev_ua": "dev UA (%)", "dev_wa": "dev WA (%)", "dev_loss": "dev loss", "dev_ccc": "dev CCC"}
    return names[key], getattr(epoch, key)


def _finite(losses: list[Tensor], epoch: int, before: int) -> NDArray[np.float64]:
    """Return the losses on the host; SerError naming the first step whose loss is not finite."""
    values: NDArray[np.float64] = torch.stack(losses).double().cpu().numpy()
    bad = np.flatnonzero(~np.isfinite(values))
    if bad.size:
        step = before + int(bad[0]) + 1
        raise SerError(
            f"the training loss is {values[bad[0]]} in epoch {epoch}, step {step}; "
            "lower training.learning_rate or set training.clip_norm."
        )
    return values


def loss_function(model: nn.Module, data: FoldData, training: Training) -> Callable[[Batch, Tensor], Tensor]:
    """Return the loss of a batch and its labels: the model's own ``loss(batch, labels, weights)`` or cross-entropy.

    A loss that the recipe names replaces cross-entropy, and mixup mixes either; SerError where the model has its own.
    Of targets it is the loss of their kind, summed over the outputs that a model with ``heads`` trains apart.
    """
    own: Callable[[Batch, Tensor, Tensor | None], Tensor] | None = getattr(model, "loss", None)
    truth, classes = data.examples("train").label, len(data.fold.classes)
    weights = None
    if training.class_weights != "none" and classes:
        weights = device.move(balanced_weights(truth[truth >= 0], classes), data.device)
    if data.fold.targets is not None:
        return _loss_of_targets(model, data.fold.protocol.target.kind, training, weights)
    if own is not None:
        if training.loss is not None:
            raise SerError(f"training.loss '{training.loss}' does not apply: the model has a loss of its own.")
        if training.mixup is not None:
            raise SerError("training.mixup does not apply: the model has a loss of its own.")
        return lambda batch, labels: own(batch, labels, weights)
    loss: Callable[[Tensor, Any], Tensor] = partial(F.cross_entropy, weight=weights)
    if training.loss is not None:
        shares = device.move((np.bincount(truth, minlength=classes) / truth.size).astype(np.float32), data.device)
        loss = LOSSES[training.loss](training, shares, weights)
    if training.mixup is not None:
        loss = mixup.mixed_loss(loss)
    return lambda batch, labels: loss(model(batch).float(), labels)


def _loss_of_targets(
    model: nn.Module, kind: str, training: Training, weights: Tensor | None
) -> Callable[[Batch, Tensor], Tensor]:
    """Return the loss of a batch and its targets; kind: of the target."""
    of_kind = {"distribution": soft_cross_entropy, "several": sigmoid_cross_entropy}
    plain = of_kind[kind](weights) if kind in of_kind else DIMENSION_LOSSES[training.loss or "ccc"]
    loss: Callable[[Tensor, Any], Tensor] = plain if training.mixup is None else mixup.mixed_loss(plain)
    heads = predict.heads_of(model)
    return lambda batch, targets: torch.stack([loss(output.float(), targets) for output in heads(batch)]).sum()


def balanced_weights(labels: NDArray[np.int64], classes: int) -> NDArray[np.float32]:
    """Return n / (classes · n_c) per class over the training examples ``labels``: the mean weight of an example is 1.

    King and Zeng (2001), "Logistic regression in rare events data". Every class must occur.
    """
    counts = np.bincount(labels, minlength=classes)
    return (labels.size / (classes * counts)).astype(np.float32)
