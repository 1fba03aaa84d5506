"""The state of a training between two epochs: a killed run that restores it ends like an undisturbed one."""

import hashlib
import json
import sys
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from ser.config.recipe import Recipe
from ser.config.schema import Protocol
from ser.errors import SerError
from ser.files.checkpoints import CheckpointFile
from ser.training.epoch_selection import Epoch

Tensors = dict[str, Tensor]


@dataclass
class TrainingState:
    """What a checkpoint restores besides the model, the optimiser and the random generators."""

    history: list[Epoch] = field(default_factory=list)
    best: Tensors = field(default_factory=dict)  # weights of the epoch kept so far; empty: the present ones
    resumes: int = 0


def key(recipe: Recipe, protocol: Protocol, code: str, data: Iterable[str], seed: int, fold: int, device: str) -> str:
    """Return 32 hexadecimal digits over recipe, protocol, code, data digests, seed, fold, device type and torch."""
    parts = [json.loads(recipe.decisive()), protocol.digest(), code, list(data), seed, fold, device, torch.__version__]
    return hashlib.blake2b(json.dumps(parts, sort_keys=True).encode(), digest_size=16).hexdigest()


def save(file: CheckpointFile, model: nn.Module, optimiser: Optimizer, state: TrainingState) -> None:
    """Write everything that decides the following epochs to ``file``."""
    tensors = {f"model/{name}": value for name, value in model.state_dict().items()}
    tensors |= {f"best/{name}": value for name, value in state.best.items()}
    for index, slots in optimiser.state_dict()["state"].items():
        tensors |= {f"optimiser/{index}/{name}": slot for name, slot in slots.items() if isinstance(slot, Tensor)}
    tensors["random/cpu"] = torch.get_rng_state()
    if torch.cuda.is_available():
        tensors["random/cuda"] = torch.cuda.get_rng_state()
    arrays = {name: value.detach().cpu().numpy() for name, value in tensors.items()}
    file.write(arrays, {"history": [asdict(row) for row in state.history], "resumes": state.resumes})


def load(file: CheckpointFile, model: nn.Module, optimiser: Optimizer) -> TrainingState:
    """Return the state in ``file`` after restoring model, optimiser and random generators; a new one without a file.

    A damaged or foreign file is ignored with a line in the log: the run then starts from its beginning.
    """
    try:
        found = file.read()
        if found is None:
            return TrainingState()
        arrays, values = found
        tensors = {name: torch.from_numpy(array) for name, array in arrays.items()}
        history = [Epoch(**row) for row in values["history"]]
        state = TrainingState(history, _of(tensors, "best"), values["resumes"] + 1)
        _restore(model, optimiser, tensors)
    except (SerError, OSError, ValueError, KeyError, TypeError) as error:
        print(f"checkpoint {file.folder.name} is damaged and ignored ({error})", file=sys.stderr, flush=True)
        return TrainingState()
    print(f"resumed after epoch {len(history)} from checkpoint {file.folder.name}", file=sys.stderr, flush=True)
    return state


def _of(tensors: Tensors, kind: str) -> Tensors:
    return {name.removeprefix(f"{kind}/"): value for name, value in tensors.items() if name.startswith(f"{kind}/")}


def _restore(model: nn.Module, optimiser: Optimizer, tensors: Tensors) -> None:
    """Load what ``save`` wrote; names and shapes are checked before anything changes."""
    weights, own = _of(tensors, "model"), model.state_dict()
    if {name: value.shape for name, value in weights.items()} != {name: value.shape for name, value in own.items()}:
        raise ValueError("its weights are not this model's")
    random = _of(tensors, "random")
    slots: dict[int, Tensors] = {}
    for name, value in _of(tensors, "optimiser").items():
        index, slot = name.split("/")
        slots.setdefault(int(index), {})[slot] = value
    optimiser.load_state_dict({"state": slots, "param_groups": optimiser.state_dict()["param_groups"]})
    model.load_state_dict(weights)
    torch.set_rng_state(random["cpu"])
    if "cuda" in random:
        torch.cuda.set_rng_state(random["cuda"])
