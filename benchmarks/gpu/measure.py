"""Training steps as the pipeline takes them, and the rows in which the parts of the benchmark record their results."""

import json
import time
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path

import torch
from torch import Tensor, nn

from ser.config import read
from ser.config.recipe import Recipe
from ser.layers.interface import Batch
from ser.training import batch_order, fold_data, loop, network, optimisers
from ser.training.device import autocast
from ser.training.fold import read as read_fold
from ser.training.fold_data import FoldData
from ser.training.task import inputs

PROJECT = Path(__file__).parents[2]
# The headline systems of the four papers.
HEADLINE = (
    *("HSF-CRNN", "Audio-CNN", "CNN_TF_Att.pooling"),
    *("DenseLSTM-LSTM", "DenseLSTM-Feature", "DenseLSTM-Time", "C-pFSMN-A", "C-biLSTM"),
)
PRECISIONS = ("float32", "TF32", "bfloat16")


def arguments(description: str | None, device: str, systems: Sequence[str], about: str = "") -> ArgumentParser:
    """Return a parser of what every part is given: the corpus, the file of rows, a device, and names of systems."""
    parser = ArgumentParser(description=description, formatter_class=RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("rows", type=Path)
    parser.add_argument("--device", default=device)
    parser.add_argument("--systems", nargs="+", default=systems, metavar="NAME", help=about)
    return parser


def recipes() -> dict[str, Recipe]:
    """Return the recipe of every shipped system, by name."""
    return read.shipped(PROJECT / "config")[1]


def record(path: Path, part: str, system: str, setting: str, value: float | None, note: str = "") -> None:
    """Append one row to ``path``: what is measured remains, whenever the time is over."""
    with path.open("a") as file:
        print(json.dumps([part, system, setting, value, note]), file=file)


def set_precision(name: str) -> str:
    """Set what float32 stands for in products and convolutions on CUDA; return the recipe's word for ``name``."""
    torch.set_float32_matmul_precision("highest" if name == "float32" else "high")
    torch.backends.cudnn.allow_tf32 = name != "float32"
    return "bfloat16" if name == "bfloat16" else "float32"


@dataclass(frozen=True)
class Trainee:
    """An untrained network with all that a step takes; order: the batches of an epoch."""

    recipe: Recipe
    data: FoldData
    model: nn.Module
    optimiser: torch.optim.Optimizer
    loss_of: Callable[[Batch, Tensor], Tensor]
    order: Sequence[fold_data.Rows]

    def loss(self, batch: Batch, labels: Tensor, precision: str) -> Tensor:
        """Return the loss of a batch, on the device."""
        with autocast(self.data.device, precision):
            return self.loss_of(batch, labels)

    def steps(self, count: int, precision: str) -> None:
        """Take ``count`` steps, and wait for the device."""
        training = self.recipe.training
        order = list(islice(cycle(self.order), count))
        for batch, labels in self.data.batches(self.data.examples("train"), order):
            loss = self.loss(batch, labels, precision)
            optimisers.step(self.optimiser, self.model, loss, training, training.learning_rate)
        wait(self.data.device)


def load(corpus: Path, recipe: Recipe, device: torch.device) -> FoldData:
    """Return fold 0 of ``corpus``, which `corpus.py` wrote, with the inputs of ``recipe``."""
    features = {view.feature: corpus / "features" / view.feature for view in recipe.inputs.views().values()}
    fold, wanted = read_fold(corpus / "folds.parquet", 0), inputs(recipe, recipe.load())
    return fold_data.load(fold, wanted, features, corpus / "transcripts", device=device, seed=0)


def trainee(recipe: Recipe, data: FoldData) -> Trainee:
    """Return the network of ``recipe`` for ``data``."""
    torch.manual_seed(0)
    model = network.build(recipe, recipe.load(), data.shape, len(data.fold.classes)).to(data.device).train()
    loss_of = loop.loss_function(model, data, recipe.training)
    frames, size = data.examples("train").frames, recipe.training.batch
    kind = batch_order.kind_of(recipe.training.batches, data.length)
    order = batch_order.shuffled(frames, size, 0, 1, kind)
    return Trainee(recipe, data, model, optimisers.make(model, recipe.training, data.device), loss_of, order)


def wait(device: torch.device) -> None:
    """Wait until ``device`` has computed what it was given."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def seconds_each(call: Callable[[], object], count: int, device: torch.device, rounds: int = 2) -> float:
    """Return the seconds of one of ``count`` calls, the least of ``rounds``, after one that is not counted."""
    call()
    wait(device)
    found = []
    for _ in range(rounds):
        began = time.perf_counter()
        for _ in range(count):
            call()
        wait(device)
        found.append((time.perf_counter() - began) / count)
    return min(found)


def reason(error: Exception) -> str:
    """Return the first line of ``error``, for a note."""
    return f"{type(error).__name__}: {str(error).strip().partition(chr(10))[0]}"[:120]
