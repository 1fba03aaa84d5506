"""An experiment of given runs, for the stages that read a plan."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ser.config.plan import Plan
from ser.config.recipe import Inputs, Recipe
from ser.config.schema import Block, Experiment, Protocol
from ser.layout import Run
from ser.stages.plan import PlanJob, plan


def write_plan(runs: Sequence[Run], **keys: Any) -> Path:
    """Write the plan of exactly ``runs``, with ``keys`` of the experiment, to plan.json and return it."""
    blocks = [_block(*run[:3], seed=run.seed, folds=(run.fold,)) for run in runs]
    every = Plan(
        experiment=Experiment(name="e", runs=tuple(blocks), **keys),
        protocols={name: Protocol(rule="any", labels="all") for block in blocks for name in block.protocols},
        systems={name: Recipe(model="m", inputs=Inputs()) for block in blocks for name in block.systems},
        folds={run.corpus: {other.protocol: 100 for other in runs} for run in runs},
    )
    plan(PlanJob(plan=every, out=Path("plan.json")))
    return Path("plan.json")


def _block(corpus: str, protocol: str, system: str, seed: int, folds: tuple[int, ...]) -> Block:
    return Block(corpora=(corpus,), protocols=(protocol,), systems=(system,), seeds=(seed,), folds=folds)
