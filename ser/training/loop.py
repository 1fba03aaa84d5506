"""Gradient descent over epochs: one code path for CPU and CUDA, nothing read back from the device within a step."""

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim import Optimizer

from ser.config.schema import Training
from ser.errors import SerError
from ser.jobs import progress
from ser.layers.batch import Batch
from ser.training import buckets, device, optimiser, predict
from ser.training.checkpoint import Checkpoint
from ser.training.fold import balanced
from ser.training.history import Epoch, best, finished
from ser.training.material import Examples, Material, to_device

Objective = Callable[[Batch, Tensor, Tensor | None], Tensor]  # batch, labels, class weights -> loss of the step


@dataclass(frozen=True)
class Fitted:
    """What ``fit`` did; the model itself holds the weights of ``best_epoch``."""

    history: list[Epoch]
    best_epoch: int
    resumes: int


def fit(
    model: nn.Module,
    material: Material,
    training: Training,
    selection: str,
    *,
    seed: int,
    checkpoint: Checkpoint,
    curves: bool = False,
) -> Fitted:
    """Train ``model`` in place on the train part and leave it with the weights that ``selection`` keeps.

    ``selection``: dev_ua, dev_wa, dev_loss (best epoch on the dev part, the earlier of equals) or last. Goes on from
    ``checkpoint`` where that holds an earlier attempt. ``curves`` scores the test part after every epoch too, for the
    record only. A model with a method ``loss(batch, labels, weights)`` is trained by that instead of cross-entropy.
    SerError where a loss is not finite, naming epoch and step.
    """
    model.to(material.device)
    stepper = optimiser.make(model, training, material.device)
    examples = material.examples("train")
    weights = _class_weights(examples, material, training)
    state = checkpoint.load(model, stepper)
    log = _Log(training, len(state.history))
    while not finished(state.history, training, selection):
        row = _epoch(model, stepper, material, examples, weights, training, state.history, seed, log)
        if curves:
            test = predict.evaluate(model, material, "test", training.batch)
            row = replace(row, test_wa=test.wa, test_ua=test.ua)
        state.history.append(row)
        if selection != "last" and best(state.history, selection) == row.epoch:
            state.best = {name: value.detach().clone() for name, value in model.state_dict().items()}
        if checkpoint.due():
            checkpoint.save(model, stepper, state)
        log.epoch(row, finished(state.history, training, selection))
    if state.best:
        model.load_state_dict(state.best)
    return Fitted(state.history, best(state.history, selection), state.resumes)


def _class_weights(examples: Examples, material: Material, training: Training) -> Tensor | None:
    if training.class_weights == "none":
        return None
    return to_device(balanced(examples.label, len(material.fold.classes)), material.device)


def _epoch(
    model: nn.Module,
    stepper: Optimizer,
    material: Material,
    examples: Examples,
    weights: Tensor | None,
    training: Training,
    history: list[Epoch],
    seed: int,
    log: "_Log",
) -> Epoch:
    """Run one epoch, or what ``training.steps`` leaves of it, and evaluate the dev part if there is one."""
    began = time.monotonic()
    epoch, step = len(history) + 1, history[-1].step if history else 0
    rate = optimiser.rate(training, epoch)
    optimiser.set_rate(stepper, rate)
    order = buckets.shuffled(examples.frames, training.batch, seed, epoch)
    order = order[: training.steps - step] if training.steps else order
    losses: list[Tensor] = []
    objective: Objective = getattr(model, "loss", None) or partial(_cross_entropy, model)
    model.train()
    for batch, labels in material.batches(examples, order):
        with device.mixed(material.device):
            loss = objective(batch, labels, weights)
        stepper.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        if training.clip_norm is not None:
            nn.utils.clip_grad_norm_(model.parameters(), training.clip_norm)
        if training.clip_value is not None:
            nn.utils.clip_grad_value_(model.parameters(), training.clip_value)
        optimiser.step(stepper)
        losses.append(loss.detach())
        if log.due():
            log.step(epoch, len(losses), len(order), float(_finite(losses, epoch, step).mean()), began)
    sizes = np.array([len(indices) for indices in order])
    loss_of_epoch = float(np.average(_finite(losses, epoch, step), weights=sizes))
    dev = predict.evaluate(model, material, "dev", training.batch) if material.fold.rows("dev").size else None
    seconds = time.monotonic() - began
    measured = (None, None, None) if dev is None else (dev.loss, dev.wa, dev.ua)
    return Epoch(epoch, step + len(losses), seconds, rate, loss_of_epoch, *measured)


def _cross_entropy(model: nn.Module, batch: Batch, labels: Tensor, weights: Tensor | None) -> Tensor:
    return F.cross_entropy(model(batch).float(), labels, weight=weights)


def _finite(losses: list[Tensor], epoch: int, before: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Return the losses on the host; SerError naming the first step whose loss is not finite."""
    values = torch.stack(losses).double().cpu().numpy()
    bad = np.flatnonzero(~np.isfinite(values))
    if bad.size:
        step = before + int(bad[0]) + 1
        raise SerError(
            f"the training loss is {values[bad[0]]} in epoch {epoch}, step {step}; "
            "lower training.learning_rate or set training.clip_norm."
        )
    return np.asarray(values)


class _Log:
    """A line in the log every ``ser.jobs.progress.EVERY`` seconds, and one at the end."""

    def __init__(self, training: Training, done: int):
        self.training = training
        self.began = self.spoke = time.monotonic()
        self.skipped = done

    def due(self) -> bool:
        """Return whether it is time for a line."""
        return time.monotonic() - self.spoke >= progress.EVERY

    def step(self, epoch: int, done: int, total: int, loss: float, began: float) -> None:
        """Report the middle of an epoch."""
        rate = done / (time.monotonic() - began)
        left = (total - done) / rate
        self._say(
            f"epoch {epoch}/{self.training.epochs}, step {done}/{total}, {rate:.3g} steps/s, "
            f"{left:.0f} s left of the epoch, loss {loss:.4f}"
        )

    def epoch(self, row: Epoch, last: bool) -> None:
        """Report the end of an epoch, at most every ``EVERY`` seconds, and always the last."""
        if not (last or self.due()):
            return
        each = (time.monotonic() - self.began) / max(row.epoch - self.skipped, 1)
        left = 0.0 if last else (self.training.epochs - row.epoch) * each
        dev = "" if row.dev_ua is None else f", dev loss {row.dev_loss:.4f}, dev UA {100 * row.dev_ua:.1f} %"
        self._say(
            f"epoch {row.epoch}/{self.training.epochs}, step {row.step}, {each:.3g} s/epoch, "
            f"at most {left:.0f} s left, loss {row.train_loss:.4f}{dev}"
        )

    def _say(self, text: str) -> None:
        self.spoke = time.monotonic()
        print(text, file=sys.stderr, flush=True)
