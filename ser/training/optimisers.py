"""The optimisers that a recipe can name, and the learning rate of each step."""

import inspect
import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _NormBase
from torch.optim import Optimizer

from ser.choices import Choices
from ser.config.recipe import Training
from ser.errors import SerError
from ser.training.device import plain_step, skip_compiler_import

NORMS = (_NormBase, nn.LayerNorm, nn.GroupNorm)

Groups = list[dict[str, object]]


def _sgd(groups: Groups, training: Training, fused: bool) -> Optimizer:
    return torch.optim.SGD(
        groups, lr=training.learning_rate, momentum=training.momentum, nesterov=training.nesterov, fused=fused
    )


def _adam(groups: Groups, training: Training, fused: bool) -> Optimizer:
    return torch.optim.Adam(groups, lr=training.learning_rate, betas=(training.beta1, training.beta2), fused=fused)


def _adamw(groups: Groups, training: Training, fused: bool) -> Optimizer:
    return torch.optim.AdamW(groups, lr=training.learning_rate, betas=(training.beta1, training.beta2), fused=fused)


class LayerwiseAdamW(torch.optim.AdamW):
    """AdamW in which each group's rate is multiplied by its ``factor``."""

    def step(self, closure: Any = None) -> Any:
        """Take one step at the rate of each group times its factor; afterwards the groups have their rates again."""
        rates = [group["lr"] for group in self.param_groups]
        for group in self.param_groups:
            group["lr"] *= group["factor"]
        inspect.unwrap(torch.optim.AdamW.step)(self, closure)
        for group, whole in zip(self.param_groups, rates, strict=True):
            group["lr"] = whole


def _layerwise_adamw(groups: Groups, training: Training, fused: bool) -> Optimizer:
    """Bao et al., "BEiT", 2022: a parameter ``depth`` layers below the head has the rate times layer_decay ** depth."""
    found: dict[tuple[int, int], list[nn.Parameter]] = {}
    for k, group in enumerate(groups):
        for parameter in group["params"]:  # type: ignore[attr-defined]
            if parameter.requires_grad:
                found.setdefault((k, getattr(parameter, "depth", 0)), []).append(parameter)
    if not any(depth for _, depth in found):
        raise SerError("optimiser 'layerwise_adamw': the model states no depth of its layers; use adamw.")
    split: Groups = [
        {**groups[k], "params": parameters, "factor": training.layer_decay**depth}
        for (k, depth), parameters in found.items()
    ]
    betas = (training.beta1, training.beta2)
    return LayerwiseAdamW(split, lr=training.learning_rate, betas=betas, fused=fused)


OPTIMISERS: Choices[Callable[[Groups, Training, bool], Optimizer]] = Choices(
    {"sgd": _sgd, "adam": _adam, "adamw": _adamw, "layerwise_adamw": _layerwise_adamw}
)


def make(model: nn.Module, training: Training, device: torch.device) -> Optimizer:
    """Return the recipe's optimiser for the parameters of ``model``, fused on CUDA.

    The weight decay λ of ``sgd`` and ``adam`` is an L2 term in the gradient. That of ``adamw`` is decoupled from the
    gradient: each step multiplies a parameter by 1 − rate · λ (Loshchilov & Hutter 2019, algorithm 2, with α·η as one
    rate). ``decay: all`` (the default, also for adamw) decays every parameter; ``decay: weights`` decays neither biases
    nor the parameters of normalisation layers.
    """
    skip_compiler_import()
    norms = {id(own) for module in model.modules() if isinstance(module, NORMS) for own in module.parameters(False)}
    decayed: list[nn.Parameter] = []
    plain: list[nn.Parameter] = []
    for name, parameter in model.named_parameters():
        bias = name.rpartition(".")[2].startswith("bias")
        (plain if training.decay == "weights" and (bias or id(parameter) in norms) else decayed).append(parameter)
    both = ((decayed, training.weight_decay), (plain, 0.0))
    groups: Groups = [{"params": parameters, "weight_decay": decay} for parameters, decay in both if parameters]
    return OPTIMISERS[training.optimiser](groups, training, device.type == "cuda")


def _cosine(progress: float) -> float:
    """Loshchilov & Hutter 2017, equation 5, one period without restarts, from η = 1 to 0."""
    return 0.5 * (1 + math.cos(math.pi * progress))


def _last_quarter(progress: float) -> float:
    """Return 1 up to three quarters of the training, then a line to 0."""
    return min(1.0, 4 * (1 - progress))


# Share of training behind a step (0…1) -> factor of the learning rate.
SCHEDULES: Choices[Callable[[float], float]] = Choices({"cosine": _cosine, "last_quarter": _last_quarter})


def rate(training: Training, epoch: int, step: int, total: int) -> float:
    """Return the learning rate of ``step`` (from 0) of ``total``, in ``epoch`` (from 1).

    It is divided by ten before each milestone, an epoch, or below 1 a share of ``total``, and multiplied by
    ``training.epoch_factor`` after each epoch. Over the first
    ``training.warmup`` steps it rises linearly and reaches the full rate at step ``warmup`` − 1: step t has the share
    (t + 1) / warmup, so that step 0 is not lost.
    ``training.schedule`` multiplies it by a factor of p = (step − warmup) / (total − warmup) from step ``warmup`` on,
    which would reach 0 at step ``total``, one after the last: ``cosine`` ½ (1 + cos π p), ``last_quarter`` 4 (1 − p)
    where that is below 1.
    """
    passed = sum(step >= one * total if one < 1 else epoch >= one for one in training.milestones)
    full = training.learning_rate * 0.1**passed * training.epoch_factor ** (epoch - 1)
    if step < training.warmup:
        return full * (step + 1) / training.warmup
    if training.schedule is None:
        return full
    return full * SCHEDULES[training.schedule]((step - training.warmup) / (total - training.warmup))


def step(optimiser: Optimizer, model: nn.Module, loss: Tensor, training: Training, rate: float) -> None:
    """Compute the gradient of ``loss``, clip it as the recipe asks, and take one step at the learning rate ``rate``."""
    optimiser.zero_grad(set_to_none=True)
    torch.autograd.backward(loss)
    if training.clip_norm is not None:
        nn.utils.clip_grad_norm_(model.parameters(), training.clip_norm)
    if training.clip_value is not None:
        nn.utils.clip_grad_value_(model.parameters(), training.clip_value)
    for group in optimiser.param_groups:
        group["lr"] = rate
    plain_step(optimiser)
