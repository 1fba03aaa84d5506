"""The predictions of runs, read and checked: the input of every score, interval and comparison."""

import json
import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ser.errors import SerError, offenders
from ser.layout import Run
from ser.tables import contracts
from ser.tables.estimates import ESTIMATES

FILE = "predictions.parquet"
SIDES = ("target", "predicted")  # of an estimate of dimensions


@dataclass(frozen=True, eq=False)
class Predictions:
    """The predictions of runs of one protocol on one corpus.

    rows: corpus, protocol, system, seed, fold, utterance, speaker, label, predicted; probabilities: (rows, classes).
    Where the target is ``dimensions``, there are no classes and no probabilities, and each has the columns
    target_<dimension> and predicted_<dimension> in place of label and predicted.
    """

    classes: tuple[str, ...]
    rows: pd.DataFrame
    probabilities: NDArray[np.float32]
    dimensions: tuple[str, ...] = ()

    @property
    def correct(self) -> pd.Series:
        """Whether each row's predicted class is the true one."""
        return self.rows["label"] == self.rows["predicted"]


def read(runs: Sequence[Run]) -> Predictions:
    """Return the predictions of runs of one protocol on one corpus.

    SerError if a file is missing or does not hold its run, if the runs do not share their classes or dimensions and the
    version of the protocol, or if a seed predicts an utterance twice that the protocol tests once.
    """
    tables = {run: _table(run) for run in runs}
    notes = {run: contracts.metadata(table) for run, table in tables.items()}
    _check_alike(notes)
    together = pa.concat_tables(tables.values())
    of_all = notes[runs[0]]
    found = _estimates(together, of_all) if "dimensions" in of_all else _predictions(together, of_all)
    if of_all.get("tested", "once") == "once":
        _check_once(found.rows)
    return found


def _predictions(table: pa.Table, notes: Mapping[str, str]) -> Predictions:
    classes = tuple(json.loads(notes["classes"]))
    probabilities = pc.list_flatten(table["probabilities"]).to_numpy().reshape(-1, len(classes))
    return Predictions(classes, table.drop_columns("probabilities").to_pandas(), probabilities)


def _estimates(table: pa.Table, notes: Mapping[str, str]) -> Predictions:
    dimensions = tuple(json.loads(notes["dimensions"]))
    rows = table.drop_columns(list(SIDES)).to_pandas()
    for side in SIDES:
        values = pc.list_flatten(table[side]).to_numpy().reshape(-1, len(dimensions)).astype(float)
        rows[[f"{side}_{name}" for name in dimensions]] = values
    return Predictions((), rows, np.empty((len(rows), 0), np.float32), dimensions)


def folds_of_seeds(rows: pd.DataFrame) -> dict[Hashable, frozenset[int]]:
    """Return the folds of each seed of one system's rows."""
    return {seed: frozenset(folds) for seed, folds in rows.groupby("seed")["fold"]}


def _table(run: Run) -> pa.Table:
    path = run.folder / FILE
    if not path.is_file():
        raise SerError(f"{path} does not exist: run {'/'.join(map(str, run))} has not been trained.")
    of_dimensions = contracts.metadata(path).get("contract") == ESTIMATES.name
    table = contracts.read(ESTIMATES if of_dimensions else contracts.PREDICTIONS, path)
    for field, wanted in run._asdict().items():
        found = table[field].unique().to_pylist()
        if found != [wanted]:
            raise SerError(f"{path}: column '{field}' must be {wanted} throughout, it holds {offenders(found)}.")
    notes, what = contracts.metadata(table), "dimensions" if of_dimensions else "classes"
    if what not in notes:
        raise SerError(f"{path}: the metadata entry '{what}' is missing; delete the run and train it again.")
    names = json.loads(notes[what])
    if of_dimensions:
        _check_values(table, names, path)
    else:
        _check_classes(table, names, path)
    return table


def _check_classes(table: pa.Table, classes: Sequence[str], path: Path) -> None:
    for column in ("label", "predicted"):
        strange = sorted(set(table[column].unique().to_pylist()) - set(classes))
        if strange:
            raise SerError(f"{path}: column '{column}' holds {offenders(strange)}; classes: {', '.join(classes)}.")
    uneven = table.filter(pc.not_equal(pc.list_value_length(table["probabilities"]), len(classes)))
    if uneven.num_rows:
        named = offenders(uneven["utterance"].to_pylist())
        raise SerError(f"{path}: not one probability for each of the {len(classes)} classes in {named}.")


def _check_values(table: pa.Table, dimensions: Sequence[str], path: Path) -> None:
    """Raise SerError unless every cell holds a finite number for each dimension."""
    for side in SIDES:
        rows = zip(table["utterance"].to_pylist(), table[side].to_pylist(), strict=True)
        wrong = [
            name
            for name, values in rows
            if len(values) != len(dimensions) or not all(one is not None and math.isfinite(one) for one in values)
        ]
        if wrong:
            named = f"column '{side}' holds not one number for each of {', '.join(dimensions)}"
            raise SerError(f"{path}: {named} in {offenders(wrong)}.")


def _check_alike(notes: Mapping[Run, Mapping[str, str]]) -> None:
    first = next(iter(notes))
    for run, of_run in notes.items():
        what, other = (next(name for name in ("dimensions", "classes") if name in of) for of in (of_run, notes[first]))
        names, others = (", ".join(json.loads(of[key])) for of, key in ((of_run, what), (notes[first], other)))
        if (what, names) != (other, others):
            raise SerError(
                f"{run.folder} and {first.folder} belong to one protocol but have different "
                f"{what if what == other else 'targets'}: {names} and {others}."
            )
        if of_run.get("digest") != notes[first].get("digest"):
            raise SerError(
                f"{run.folder} and {first.folder} were trained under different versions of protocol "
                f"'{run.protocol}'; delete the older one and run again."
            )


def _check_once(rows: pd.DataFrame) -> None:
    for _, seed in rows.groupby(["system", "seed"]):
        repeated = seed[seed["utterance"].duplicated(keep=False)]
        if len(repeated):
            folder = Run(*repeated[list(Run._fields)].iloc[0]).folder.parent
            folds = repeated.groupby("utterance", sort=False)["fold"]
            twice = [f"{name} (folds {' and '.join(map(str, of_name))})" for name, of_name in folds]
            raise SerError(
                f"{folder}: predicted more than once, but each utterance is tested once: {offenders(twice)}."
            )
