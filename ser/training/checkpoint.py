"""A run's state between two epochs, on disk: a killed run goes on as if nothing had happened.

One safetensors file with the small state as JSON in its header, written under a temporary name and renamed, in a folder
named by a hash of everything that decides the outcome. Another recipe, code, fold or data has another folder. Where two
processes train the same run at once, the one that writes first owns the folder until it ends; the other writes nothing.
"""

import hashlib
import json
import os
import shutil
import sys
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from filelock import FileLock, Timeout
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.optim import Optimizer

from ser import layout
from ser.config.schema import Protocol, Recipe
from ser.errors import SerError
from ser.files import embedded_checksum
from ser.files.atomic import atomic_write
from ser.training.history import Epoch

VARIABLE = "SER_CHECKPOINT_SECONDS"  # of the environment: another interval, which changes no result
FILE, LOCK = "state.safetensors", "lock"


def interval() -> float:
    """Return the seconds between two checkpoints; SerError if the environment says something that is no such number."""
    given = os.environ.get(VARIABLE, "20")
    try:
        seconds = float(given)
    except ValueError:
        seconds = -1.0
    if not seconds >= 0:
        raise SerError(f"{VARIABLE} in the environment is '{given}'; it must be a number of seconds, 0 or more.")
    return seconds


INTERVAL = interval()  # seconds; shorter epochs share a checkpoint, because writing one costs about as much as they do


@dataclass
class State:
    """What a checkpoint restores beside the model, the optimiser and the random generators."""

    history: list[Epoch] = field(default_factory=list)
    best: dict[str, Tensor] = field(default_factory=dict)  # weights of the epoch kept so far; empty: the present ones
    resumes: int = 0


def key(recipe: Recipe, protocol: Protocol, code: str, data: Iterable[str], seed: int, fold: int, device: str) -> str:
    """Return 32 hexadecimal digits over recipe, protocol, code, data digests, seed, fold, device type and torch."""
    decisive = json.loads(recipe.decisive())
    parts = [decisive, protocol.digest(), code, list(data), seed, fold, device, torch.__version__]
    return hashlib.blake2b(json.dumps(parts, sort_keys=True).encode(), digest_size=16).hexdigest()


@dataclass
class Checkpoint:
    """The file of one key. ``run``: whose it is, for listings; ``saved``: the last save (monotonic seconds)."""

    key: str
    run: str = ""
    saved: float | None = None
    lockable: bool = True  # False where the file system knows no locks
    said: str = ""
    lock: FileLock = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.lock = FileLock(self.folder / LOCK)

    @property
    def folder(self) -> Path:
        """``results/checkpoints/<key>``."""
        return Path(layout.CHECKPOINTS, self.key)

    def due(self) -> bool:
        """Return whether ``INTERVAL`` has passed since the last write, or nothing was written yet."""
        return self.saved is None or time.monotonic() - self.saved >= INTERVAL

    def owned(self) -> bool:
        """Return whether this process may write, which it then may until it ends: it holds the lock of the folder."""
        if self.lock.is_locked or not self.lockable:
            return True
        try:
            self.lock.acquire(blocking=False)
        except Timeout:
            self._say("is kept by another process that trains the same run")
        except (FileNotFoundError, FileExistsError):  # its owner was just removing the folder
            return False
        except OSError as error:
            self.lockable = False
            self._say(f"cannot be locked here ({error}): let no second process train this run")
        return self.lock.is_locked or not self.lockable

    def save(self, model: nn.Module, optimiser: Optimizer, state: State) -> None:
        """Write the state whole or not at all; nothing where another process owns the folder."""
        if self.owned():
            self._write(model, optimiser, state)
        self.saved = time.monotonic()

    def _say(self, text: str) -> None:
        if text != self.said:
            print(f"checkpoint {self.key} {text}", file=sys.stderr, flush=True)
        self.said = text

    def _write(self, model: nn.Module, optimiser: Optimizer, state: State) -> None:
        tensors = {f"model/{name}": value for name, value in model.state_dict().items()}
        tensors |= {f"best/{name}": value for name, value in state.best.items()}
        for index, slots in optimiser.state_dict()["state"].items():
            tensors |= {f"optimiser/{index}/{name}": slot for name, slot in slots.items() if isinstance(slot, Tensor)}
        tensors |= {f"random/{name}": value for name, value in _random().items()}
        held = {name: value.detach().cpu().clone().contiguous() for name, value in tensors.items()}
        history = [asdict(row) for row in state.history]
        small = {
            embedded_checksum.KEY: embedded_checksum.BLANK,
            "history": history,
            "resumes": state.resumes,
            "key": self.key,
            "run": self.run,
        }
        with atomic_write(self.folder / FILE) as partial:
            save_file(held, partial, metadata={"state": json.dumps(small)})

    def load(self, model: nn.Module, optimiser: Optimizer) -> State:
        """Return the state of this key after restoring model, optimiser and random generators; a fresh one if none.

        A torn or foreign file is ignored with a line in the log: the run then starts from its beginning.
        """
        path = self.folder / FILE
        if not path.is_file():
            return State()
        try:
            small, tensors = _read(path)
            if small["key"] != self.key:
                raise ValueError(f"it belongs to {small['key']}")
            state = State([Epoch(**row) for row in small["history"]], _of(tensors, "best"), small["resumes"] + 1)
            _restore(model, optimiser, tensors)
        except (SerError, SafetensorError, OSError, ValueError, KeyError, TypeError) as error:
            print(f"checkpoint {self.key} is torn and ignored ({error})", file=sys.stderr, flush=True)
            return State()
        print(f"resumed after epoch {len(state.history)} from checkpoint {self.key}", file=sys.stderr, flush=True)
        return state

    def delete(self) -> None:
        """Remove the folder unless another process owns it; the outputs of the run stand."""
        if self.folder.is_dir() and self.owned():
            shutil.rmtree(self.folder, ignore_errors=True)
        self.lock.release()


def _read(path: Path) -> tuple[dict[str, Any], dict[str, Tensor]]:
    embedded_checksum.verify(path)
    try:
        with safe_open(path, framework="pt") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a mapping)
            return json.loads(file.metadata()["state"]), tensors
    except RuntimeError as error:  # so safetensors calls a file that its owner has just removed
        raise FileNotFoundError(str(error)) from error


def _of(tensors: dict[str, Tensor], kind: str) -> dict[str, Tensor]:
    return {name.removeprefix(f"{kind}/"): value for name, value in tensors.items() if name.startswith(f"{kind}/")}


def _random() -> dict[str, Tensor]:
    held = {"cpu": torch.get_rng_state()}
    if torch.cuda.is_available():
        held["cuda"] = torch.cuda.get_rng_state()
    return held


def _restore(model: nn.Module, optimiser: Optimizer, tensors: dict[str, Tensor]) -> None:
    """Load what ``save`` wrote; names and shapes are checked before anything changes."""
    weights, own = _of(tensors, "model"), model.state_dict()
    if {name: value.shape for name, value in weights.items()} != {name: value.shape for name, value in own.items()}:
        raise ValueError("its weights are not this model's")
    random = _of(tensors, "random")
    slots: dict[int, dict[str, Tensor]] = {}
    for name, value in _of(tensors, "optimiser").items():
        index, slot = name.split("/")
        slots.setdefault(int(index), {})[slot] = value
    optimiser.load_state_dict({"state": slots, "param_groups": optimiser.state_dict()["param_groups"]})
    model.load_state_dict(weights)
    torch.set_rng_state(random["cpu"])
    if "cuda" in random:
        torch.cuda.set_rng_state(random["cuda"])
