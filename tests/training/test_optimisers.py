"""Optimisers take the recipe's numbers, and the learning rate follows its schedule."""

import math
import subprocess
import sys
from itertools import pairwise

import pytest
import torch
from pydantic import ValidationError
from torch import nn

from ser.config import recipe
from ser.config.recipe import Inputs, Recipe, Training
from ser.training import batch_order, optimisers

CPU = torch.device("cpu")


def test_decay_of_weights_spares_biases_and_norms() -> None:
    model = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.LSTM(4, 2), nn.LayerNorm(2))
    training = Training(weight_decay=0.1, decay="weights")
    decayed, spared = optimisers.make(model, training, CPU).param_groups
    assert (decayed["weight_decay"], spared["weight_decay"]) == (0.1, 0.0)
    assert [len(value.shape) for value in decayed["params"]] == [2, 2, 2]  # one linear and two LSTM matrices
    assert len(decayed["params"]) + len(spared["params"]) == len(list(model.parameters()))
    (every,) = optimisers.make(model, Training(weight_decay=0.1), CPU).param_groups
    assert len(every["params"]) == len(list(model.parameters()))


@pytest.mark.parametrize("training", [Training(optimiser="sgd", momentum=0.9, nesterov=True), Training(beta2=0.7)])
def test_optimisers_take_the_recipes_numbers(training: Training) -> None:
    made = optimisers.make(nn.Linear(2, 2), training, CPU)
    group = made.param_groups[0]
    if training.optimiser == "sgd":
        assert (group["momentum"], group["nesterov"]) == (0.9, True)
    else:
        assert group["betas"] == (0.9, 0.7)


def test_the_decay_of_adamw_is_decoupled_from_the_gradient() -> None:
    """With a zero gradient a step multiplies every parameter by 1 − rate · λ: Loshchilov & Hutter 2019, algorithm 2."""
    model = nn.Linear(2, 2)
    before = [value.clone() for value in model.parameters()]
    training = Training(optimiser="adamw", weight_decay=0.1, learning_rate=0.5)
    made = optimisers.make(model, training, CPU)
    optimisers.step(made, model, sum(value.sum() for value in model.parameters()) * 0, training, 0.25)
    for old, new in zip(before, model.parameters(), strict=True):
        torch.testing.assert_close(new, old * (1 - 0.25 * 0.1))
    coupled = nn.Linear(2, 2)
    coupled.load_state_dict({name: value * 1 for name, value in zip(("weight", "bias"), before, strict=True)})
    adam = training.model_copy(update={"optimiser": "adam"})
    optimisers.step(optimisers.make(coupled, adam, CPU), coupled, coupled.weight.sum() * 0, adam, 0.25)
    assert not torch.allclose(coupled.weight, model.weight)


def test_milestones_below_one_are_shares_of_the_steps() -> None:
    """Li et al.: 50 epochs with a tenth of the rate from the 21st, 31st and 41st on, in a training of any length."""
    shares, epochs = Training(milestones=(0.4, 0.6, 0.8)), Training(milestones=(21, 31, 41))
    for step in range(350):
        assert optimisers.rate(shares, 1, step, 350) == optimisers.rate(epochs, 1 + step // 7, step, 350)
    with pytest.raises(ValueError, match="milestones"):
        Training(milestones=(0,))


def test_the_rate_falls_by_a_factor_after_each_epoch() -> None:
    training = Training(learning_rate=0.2, epoch_factor=0.95)
    assert [optimisers.rate(training, epoch, 0, 9) for epoch in (1, 2, 3)] == pytest.approx([0.2, 0.19, 0.1805])


def test_the_rate_falls_to_zero_over_the_last_quarter() -> None:
    found = rates(Training(learning_rate=0.2, schedule="last_quarter"), 400)
    assert set(found[:301]) == {0.2}
    assert found[350] == pytest.approx(0.1)
    assert found[399] == pytest.approx(0.2 * 0.01)


def rates(training: Training, total: int) -> list[float]:
    return [optimisers.rate(training, 1, step, total) for step in range(total)]


def test_a_warm_up_rises_linearly_to_the_full_rate_and_a_cosine_falls_to_zero() -> None:
    training = Training(learning_rate=0.8, warmup=4, schedule="cosine")
    found = rates(training, 104)
    assert found[:4] == pytest.approx([0.2, 0.4, 0.6, 0.8])
    assert found[4] == 0.8, "the cosine begins at the full rate"
    assert found[54] == pytest.approx(0.4), "half of it in the middle"
    assert found[-1] == pytest.approx(0.8 * 0.5 * (1 + math.cos(math.pi * 99 / 100)))
    assert optimisers.rate(training, 1, 104, 104) == pytest.approx(0, abs=1e-15)
    assert all(before > after for before, after in pairwise(found[4:]))


def test_a_warm_up_without_a_schedule_keeps_the_full_rate_and_its_milestones() -> None:
    assert rates(Training(learning_rate=0.3, warmup=2), 5) == pytest.approx([0.15, 0.3, 0.3, 0.3, 0.3])
    assert rates(Training(learning_rate=0.3, warmup=9), 3) == pytest.approx([0.3 / 9, 0.6 / 9, 0.9 / 9])
    assert optimisers.rate(Training(learning_rate=0.3, milestones=(2,)), 2, 7, 9) == pytest.approx(0.03)
    assert rates(Training(learning_rate=0.3), 3) == [0.3] * 3, "bit for bit"


def test_keys_that_are_not_used_are_not_in_a_recipe_and_unknown_values_are_refused() -> None:
    """A recipe of an earlier version keeps its digest, and with it its results."""
    plain = Recipe(model="m", inputs=Inputs(), training=Training()).decisive()
    assert not {"warmup", "schedule"} & set(Training.model_validate_json(Training().canonical()).model_dump())
    assert "warmup" not in plain
    assert "schedule" not in plain
    used = Training(optimiser="adamw", warmup=3, schedule="cosine")
    assert Training.model_validate_json(used.canonical()) == used
    for wrong in ({"optimiser": "lion"}, {"schedule": "triangle"}, {"warmup": -1}):
        with pytest.raises(ValidationError):
            Training.model_validate(wrong)


def test_every_optimiser_steps_and_the_configuration_knows_them_all() -> None:
    assert tuple(optimisers.OPTIMISERS) == recipe.OPTIMISERS
    assert tuple(optimisers.SCHEDULES) == recipe.SCHEDULES
    assert tuple(batch_order.SHARES) == recipe.BATCHES
    assert Training().optimiser in optimisers.OPTIMISERS
    for name in optimisers.OPTIMISERS:
        model, training = nn.Linear(2, 2), Training(optimiser=name)
        model.weight.depth = 1  # of the layerwise one
        before = model.weight.detach().clone()
        optimisers.step(optimisers.make(model, training, CPU), model, model(torch.ones(3, 2)).sum(), training, 0.1)
        assert not torch.equal(before, model.weight)


def test_a_training_job_imports_neither_torchs_compiler_nor_scikit_learn() -> None:
    script = (
        "import sys, torch, ser.stages._fold_training\n"
        "from ser.config.recipe import Training\n"
        "from ser.training import device, optimisers\n"
        "device.prepare('cpu', 1)\n"
        "model = torch.nn.Linear(2, 2)\n"
        "sgd = optimisers.make(model, Training(optimiser='sgd'), torch.device('cpu'))\n"
        "adam = optimisers.make(model, Training(), torch.device('cpu'))\n"
        "model(torch.ones(1, 2)).sum().backward()\n"
        "before = model.bias.clone()\n"
        "device.plain_step(adam), device.plain_step(sgd), sgd.zero_grad(), adam.load_state_dict(adam.state_dict())\n"
        "assert not torch.equal(before, model.bias)\n"
        "print(*({'torch._dynamo', 'sklearn', 'pandas'} & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=600)
    assert done.stdout.strip() == "", "seconds in each of thousands of jobs"
