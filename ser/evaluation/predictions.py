"""The predictions of runs, read and checked: the input of every score, interval and comparison."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
import pandas as pd
import pyarrow.compute as pc
from numpy.typing import NDArray

from ser.errors import SerError, offenders
from ser.layout import Run
from ser.tables import contracts

FILE = "predictions.parquet"


@dataclass(frozen=True, eq=False)
class Predictions:
    """The predictions of a run, utterance by utterance."""

    run: Run
    classes: tuple[str, ...]
    once: bool  # the protocol tests each utterance once over its folds
    digest: str  # of the protocol that the run was trained under
    utterances: tuple[str, ...]
    speakers: tuple[str | None, ...]
    labels: tuple[str, ...]
    predicted: tuple[str, ...]
    probabilities: NDArray[np.float32]  # (utterances, classes)


def read(run: Run) -> Predictions:
    """Return a run's predictions; SerError if the file is missing or does not hold this run."""
    path = run.folder / FILE
    if not path.is_file():
        raise SerError(f"{path} does not exist: run {'/'.join(map(str, run))} has not been trained.")
    table = contracts.read(contracts.PREDICTIONS, path)
    for field, wanted in run._asdict().items():
        found = table[field].unique().to_pylist()
        if found != [wanted]:
            raise SerError(f"{path}: column '{field}' must be {wanted} throughout, it holds {offenders(found)}.")
    notes = contracts.metadata(table)
    if "classes" not in notes:
        raise SerError(f"{path}: the metadata entry 'classes' is missing; delete the run and train it again.")
    classes = tuple(json.loads(notes["classes"]))
    for column in ("label", "predicted"):
        strange = sorted(set(table[column].unique().to_pylist()) - set(classes))
        if strange:
            raise SerError(f"{path}: column '{column}' holds {offenders(strange)}; classes: {', '.join(classes)}.")
    uneven = table.filter(pc.not_equal(pc.list_value_length(table["probabilities"]), len(classes)))
    if uneven.num_rows:
        named = offenders(uneven["utterance"].to_pylist())
        raise SerError(f"{path}: not one probability for each of the {len(classes)} classes in {named}.")
    return Predictions(
        run=run,
        classes=classes,
        once=notes.get("tested", "once") == "once",
        digest=notes.get("digest", ""),
        utterances=tuple(table["utterance"].to_pylist()),
        speakers=tuple(table["speaker"].to_pylist()),
        labels=tuple(table["label"].to_pylist()),
        predicted=tuple(table["predicted"].to_pylist()),
        probabilities=pc.list_flatten(table["probabilities"]).to_numpy().reshape(-1, len(classes)),
    )


def check_alike(read: Sequence[Predictions]) -> None:
    """Raise SerError unless the runs of one protocol on one corpus share their classes and its version."""
    first = read[0]
    for one in read:
        if one.classes != first.classes:
            raise SerError(
                f"{one.run.folder} and {first.run.folder} belong to one protocol but have different classes: "
                f"{', '.join(one.classes)} and {', '.join(first.classes)}."
            )
        if one.digest != first.digest:
            raise SerError(
                f"{one.run.folder} and {first.run.folder} were trained under different versions of protocol "
                f"'{one.run.protocol}'; delete the older one and run again."
            )


def check_once(folds: Sequence[Predictions]) -> None:
    """Raise SerError if the folds of one seed predict an utterance twice that the protocol tests once."""
    fold_of: dict[str, int] = {}
    for one in folds:
        twice = [f"{name} (folds {fold_of[name]} and {one.run.fold})" for name in one.utterances if name in fold_of]
        if twice and one.once:
            folder = one.run.folder.parent
            raise SerError(
                f"{folder}: predicted more than once, but each utterance is tested once: {offenders(twice)}."
            )
        fold_of.update(dict.fromkeys(one.utterances, one.run.fold))


def folds_of_seeds(ones: Sequence[Predictions]) -> dict[int, frozenset[int]]:
    """Return the folds of each seed of one system's runs, which are sorted."""
    seeds = groupby(ones, key=lambda one: one.run.seed)
    return {seed: frozenset(one.run.fold for one in folds) for seed, folds in seeds}


def frame(runs: Sequence[Predictions]) -> pd.DataFrame:
    """Return seed, fold, utterance, speaker, label and predicted of several runs, one row per prediction."""
    return pd.concat(
        [
            pd.DataFrame(
                {
                    "seed": one.run.seed,
                    "fold": one.run.fold,
                    "utterance": one.utterances,
                    "speaker": one.speakers,
                    "label": one.labels,
                    "predicted": one.predicted,
                }
            )
            for one in runs
        ],
        ignore_index=True,
    )
