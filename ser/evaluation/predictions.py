"""The predictions of runs, read and checked: the input of every score, interval and comparison."""

import json
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ser.errors import SerError, offenders
from ser.layout import Run
from ser.tables import contracts

FILE = "predictions.parquet"


@dataclass(frozen=True, eq=False)
class Predictions:
    """The predictions of runs of one protocol on one corpus.

    rows: corpus, protocol, system, seed, fold, utterance, speaker, label, predicted; probabilities: (rows, classes).
    """

    classes: tuple[str, ...]
    rows: pd.DataFrame
    probabilities: NDArray[np.float32]

    @property
    def correct(self) -> pd.Series:
        """Whether each row's predicted class is the true one."""
        return self.rows["label"] == self.rows["predicted"]


def read(runs: Sequence[Run]) -> Predictions:
    """Return the predictions of runs of one protocol on one corpus.

    SerError if a file is missing or does not hold its run, if the runs do not share their classes and the version of
    the protocol, or if a seed predicts an utterance twice that the protocol tests once.
    """
    tables = {run: _table(run) for run in runs}
    notes = {run: contracts.metadata(table) for run, table in tables.items()}
    _check_alike(notes)
    classes = tuple(json.loads(notes[runs[0]]["classes"]))
    together = pa.concat_tables(tables.values())
    rows = together.drop_columns("probabilities").to_pandas()
    if notes[runs[0]].get("tested", "once") == "once":
        _check_once(rows)
    probabilities = pc.list_flatten(together["probabilities"]).to_numpy().reshape(-1, len(classes))
    return Predictions(classes, rows, probabilities)


def folds_of_seeds(rows: pd.DataFrame) -> dict[Hashable, frozenset[int]]:
    """Return the folds of each seed of one system's rows."""
    return {seed: frozenset(folds) for seed, folds in rows.groupby("seed")["fold"]}


def _table(run: Run) -> pa.Table:
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
    classes = json.loads(notes["classes"])
    for column in ("label", "predicted"):
        strange = sorted(set(table[column].unique().to_pylist()) - set(classes))
        if strange:
            raise SerError(f"{path}: column '{column}' holds {offenders(strange)}; classes: {', '.join(classes)}.")
    uneven = table.filter(pc.not_equal(pc.list_value_length(table["probabilities"]), len(classes)))
    if uneven.num_rows:
        named = offenders(uneven["utterance"].to_pylist())
        raise SerError(f"{path}: not one probability for each of the {len(classes)} classes in {named}.")
    return table


def _check_alike(notes: Mapping[Run, Mapping[str, str]]) -> None:
    first = next(iter(notes))
    for run, of_run in notes.items():
        classes, others = (", ".join(json.loads(notes[one]["classes"])) for one in (run, first))
        if classes != others:
            raise SerError(
                f"{run.folder} and {first.folder} belong to one protocol but have different classes: "
                f"{classes} and {others}."
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
