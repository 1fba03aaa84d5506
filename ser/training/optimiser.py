"""Gradient descent as the recipe asks for it."""

import inspect

import torch
from torch import nn
from torch.nn.modules.batchnorm import _NormBase
from torch.optim import Optimizer

from ser.config.schema import Training

NORMS = (_NormBase, nn.LayerNorm, nn.GroupNorm)


def _spare_the_compiler() -> None:
    """Keep the first call of an optimiser from importing torch's compiler, which costs every job seconds.

    torch wraps some methods of Optimizer so that its compiler leaves them alone, and imports the compiler to do so.
    Nothing is compiled here: each wrapped method is named as its own uncompiled form. Another torch loses nothing but
    the seconds.
    """
    for method in vars(Optimizer).values():
        plain = getattr(method, "__wrapped__", None)
        if callable(plain) and getattr(method, "__module__", "") == Optimizer.__module__:
            setattr(plain, "__dynamo_disable", plain)


_spare_the_compiler()


def make(model: nn.Module, training: Training, device: torch.device) -> Optimizer:
    """Return SGD or Adam with coupled weight decay (an L2 term in the gradient), fused on CUDA.

    ``decay: weights`` spares biases and the scales of normalisation layers.
    """
    groups = _groups(model, training)
    fused = device.type == "cuda"
    if training.optimiser == "sgd":
        return torch.optim.SGD(
            groups, lr=training.learning_rate, momentum=training.momentum, nesterov=training.nesterov, fused=fused
        )
    return torch.optim.Adam(groups, lr=training.learning_rate, betas=(training.beta1, training.beta2), fused=fused)


def _groups(model: nn.Module, training: Training) -> list[dict[str, object]]:
    decayed: list[nn.Parameter] = []
    spared: list[nn.Parameter] = []
    seen: set[int] = set()
    for module in model.modules():
        for name, parameter in module.named_parameters(recurse=False):
            if id(parameter) in seen:
                continue
            seen.add(id(parameter))
            spare = training.decay == "weights" and (name.startswith("bias") or isinstance(module, NORMS))
            (spared if spare else decayed).append(parameter)
    both = ((decayed, training.weight_decay), (spared, 0.0))
    return [{"params": parameters, "weight_decay": decay} for parameters, decay in both if parameters]


def rate(training: Training, epoch: int) -> float:
    """Return the learning rate of ``epoch`` (from 1): divided by ten before each milestone epoch."""
    return training.learning_rate * 0.1 ** sum(milestone <= epoch for milestone in training.milestones)


def set_rate(optimiser: Optimizer, value: float) -> None:
    """Let the next steps use the learning rate ``value``."""
    for group in optimiser.param_groups:
        group["lr"] = value


def step(optimiser: Optimizer) -> None:
    """Take one step of ``optimiser``, around the wrappers that import torch's compiler."""
    with torch.no_grad():
        inspect.unwrap(type(optimiser).step)(optimiser)
