"""Training from a mapped file relative to training from memory: time, and memory by the size of the fold.

Run: python benchmarks/mapped_folds.py FOLDER [--utterances 400 2000] [--dims 1024] [--epochs 3] [--held 2000]

Writes a feature of random frames, 220 per utterance (4.4 s at 50 frames a second) and float16, and trains a small LSTM
on it by `ser train`: from memory, from a mapped file that is written first, and from one that is there, ``--rounds``
times in turn. Prints seconds, each kind's least, and the ratio to memory. Folds of more than ``--held`` MB are trained
from a mapped file only. The network is small on purpose: the less it computes, the more reading shows. What is in
FOLDER is removed, except for the shards, which a later call of the same size uses again.

Then, for folds that are held, the batches of an epoch alone are read from both in turn, in one process: processor
seconds, the least of five, and their ratio.
"""

import argparse
import json
import math
import shutil
import time
from collections import deque
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
from spent import row, ser

from ser.config.recipe import Inputs, Recipe
from ser.config.schema import Protocol
from ser.tables import contracts
from ser.training import batch_order, fold_data
from ser.training.device import prepare
from ser.training.fold import read as read_fold

FRAMES, SHARD, LABELS = 220, 500, ("angry", "happy", "neutral", "sad")
MEGABYTE, BATCH = 1e6, 32
INPUTS = {"frames": {"feature": "feature", "normalise": "statistics"}}
TITLES = ("utterances", "fold, MB", "data", "loading, s", "epoch, s", "job, s", "CPU s", "peak, MB")


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--utterances", type=int, nargs="+", default=[400, 2000])
    parser.add_argument("--dims", type=int, default=1024)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--held", type=int, default=2000, help="MB of the largest fold that is trained from memory")
    given = parser.parse_args()
    row(*TITLES, "epoch, ratio", "CPU, ratio")
    row(*["--:"] * 2, ":--", *["--:"] * 7)
    for utterances in given.utterances:
        corpus = given.folder / f"{utterances}x{given.dims}"
        write(corpus, utterances, given.dims)
        measured = list(trainings(corpus, utterances * FRAMES * given.dims * 2 / MEGABYTE, given))
        report(utterances, utterances * FRAMES * given.dims * 2 / MEGABYTE, measured)
    print()
    row("utterances", "read from memory, s", "mapped, s", "ratio")
    row(*["--:"] * 4)
    for utterances in given.utterances:
        if utterances * FRAMES * given.dims * 2 / MEGABYTE <= given.held:
            memory, mapped = read(given.folder / f"{utterances}x{given.dims}")
            row(utterances, f"{memory:.3f}", f"{mapped:.3f}", f"{mapped / memory:.2f}")


def trainings(corpus: Path, size: float, given: argparse.Namespace) -> Iterator[tuple[str, list[float]]]:
    """Yield what was trained from, and its seconds of loading, of an epoch, of the job, of the CPU, and its peak MB."""
    for _ in range(given.rounds):
        if size <= given.held:
            yield "memory", trained(corpus, "memory", given.epochs)
        shutil.rmtree(corpus / "feature/mapped", ignore_errors=True)
        yield "mapped, written", trained(corpus, "mapped", given.epochs)
        yield "mapped, found", trained(corpus, "mapped", given.epochs)
    shutil.rmtree(corpus / "feature/mapped")


def report(utterances: int, size: float, measured: list[tuple[str, list[float]]]) -> None:
    """Print a row per kind: the least of its rounds, the most of memory."""
    found = {}
    for kind in dict.fromkeys(kind for kind, _ in measured):
        rounds = np.array([values for name, values in measured if name == kind])
        found[kind] = [*rounds.min(axis=0)[:-1], rounds.max(axis=0)[-1]]
    for kind, values in found.items():
        base = found.get("memory")
        ratios = [f"{values[k] / base[k]:.2f}" if base else "–" for k in (1, 3)]
        row(utterances, f"{size:.0f}", kind, *(f"{value:.2f}" for value in values[:-1]), f"{values[-1]:.0f}", *ratios)


def trained(corpus: Path, choice: str, epochs: int) -> list[float]:
    """Return seconds of loading, of an epoch, of the job and of the CPU, and the peak memory in MB of one training."""
    shutil.rmtree(corpus / "run", ignore_errors=True)
    training, options = {"batch": BATCH, "epochs": epochs}, {"cells": 8, "layers": 1}
    recipe = Recipe.model_validate({"model": "frame_lstm", "options": options, "inputs": INPUTS, "training": training})
    named = {"corpus": "made", "protocol": "p", "system": "s", "seed": 0, "fold": 0}
    job = {**named, "recipe": json.loads(recipe.decisive()), "features": {"feature": str(corpus / "feature")}}
    files = ["--folds", corpus / "folds.parquet", "--out", corpus / "run"]
    spent = ser(["train", "--job", json.dumps(job), *files, "--gpus", "0", "--fold-data", choice])
    card = json.loads((corpus / "run/run.json").read_text())
    return [card["seconds_loading"], card["seconds_per_epoch"], spent.wall, spent.processor, spent.memory]


def read(corpus: Path) -> list[float]:
    """Return the least processor seconds in which the batches of an epoch are read, from memory and mapped."""
    cpu, fold = prepare("cpu", 1), read_fold(corpus / "folds.parquet", 0)
    files, inputs = {"feature": corpus / "feature"}, Inputs.model_validate(INPUTS)
    both = [fold_data.load(fold, inputs, files, device=cpu, seed=0, largest=most) for most in (math.inf, 0)]
    examples = both[0].examples("train")
    order = batch_order.shuffled(examples.frames, BATCH, 0, 1, "random")
    rounds: list[list[float]] = [[], []]
    for _ in range(5):
        for data, found in zip(both, rounds, strict=True):
            began = time.process_time()
            deque(data.batches(examples, order), maxlen=0)
            found.append(time.process_time() - began)
    shutil.rmtree(corpus / "feature/mapped")
    return [min(found) for found in rounds]


def write(corpus: Path, utterances: int, dims: int) -> None:
    """Write shards and folds: four fifths train, a tenth dev, a tenth test."""
    drawn = np.random.default_rng(0)
    noise = drawn.normal(size=(20 * FRAMES, dims)).astype(np.float16)
    names = [f"u{k:07d}" for k in range(utterances)]
    for shard, first in enumerate(range(0, utterances, SHARD)):
        path = corpus / "feature" / f"{shard}.parquet"
        rows = []
        for name in names[first : first + SHARD] if not path.is_file() else ():
            begin = int(drawn.integers(len(noise) - FRAMES))
            matrix = noise[begin : begin + FRAMES].tobytes()
            rows.append({"utterance": name, "frames": FRAMES, "dims": dims, "dtype": "float16", "matrix": matrix})
        if rows:
            contracts.write(contracts.FEATURES, rows, path, {"hop": "0.02"})
    parts = ["dev" if k % 10 == 8 else "test" if k % 10 == 9 else "train" for k in range(utterances)]
    columns = {"utterance": names, "fold": [0] * utterances, "part": parts}
    columns |= {
        "label": [LABELS[k % 4] for k in range(utterances)],
        "speaker": [f"s{k % 10}" for k in range(utterances)],
    }
    protocol = Protocol.model_validate({"rule": "any", "labels": "all"})
    table = pa.table(columns, schema=contracts.FOLDS.schema)
    contracts.write(contracts.FOLDS, table, corpus / "folds.parquet", {"protocol": protocol.model_dump_json()})


if __name__ == "__main__":
    main()
