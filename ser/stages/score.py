"""Stage ``score``: metrics, recalls and confusions of every run, and of all folds of a seed pooled."""

import sys
from collections.abc import Iterator, Sequence
from itertools import groupby, product
from typing import Any

import numpy as np
import pandas as pd
from pydantic import Field

from ser import dimension_metrics
from ser.config.plan import read_plan
from ser.evaluation import intervals, predictions
from ser.evaluation.predictions import Predictions
from ser.jobs.job import File, Job
from ser.metrics import Floats, confusion, recalls
from ser.tables import contracts


class ScoreJob(Job):
    """All runs of one experiment."""

    plan: File = Field(description="plan.json of the experiment.")
    scores: File = Field(description="Score table to write.")
    confusions: File = Field(description="Confusion table to write.")


def score(job: ScoreJob) -> None:
    """Compute metrics, recalls and confusions of every run of an experiment.

    Every seed also gets a pooled row (fold -1) over its folds, even if there is only one. A fold that trains on one
    corpus and tests another has a name that says so. A class without a test utterance has no recall row. Where the
    target is dimensions, there are no recalls and no confusions, and each metric also has a row per dimension, NaN
    where it is not defined, as the correlation with a constant prediction. SerError where a run's file is missing,
    belongs to another run, disagrees with the others about the classes or the protocol's version, or predicts an
    utterance again that is tested only once.
    """
    plan = read_plan(job.plan)
    values: list[dict[str, Any]] = []
    counts: list[dict[str, Any]] = []
    for (corpus, protocol), group in groupby(sorted(plan.runs()), key=lambda run: run[:2]):
        read = predictions.read(list(group))
        for (system, seed), rows in read.rows.groupby(["system", "seed"]):
            counted = _sums(rows, read.dimensions) if read.dimensions else _confusions(rows, read.classes)
            matrices: dict[Any, Floats] = dict(counted)
            matrices[contracts.ALL_FOLDS] = np.sum(list(matrices.values()), axis=0)
            for fold, matrix in matrices.items():
                run = {"corpus": corpus, "protocol": protocol, "system": system, "seed": seed, "fold": fold}
                named = {**run, "fold_name": plan.protocols[protocol].fold_name(fold)}
                values.extend(_values(named, read, matrix, plan.experiment.metrics))
                counts.extend(
                    {**run, "label": label, "predicted": predicted, "utterances": int(matrix[row, column])}
                    for (row, label), (column, predicted) in product(enumerate(read.classes), repeat=2)
                )
        _note_missing(f"{corpus}/{protocol}", read.rows)
    contracts.write(contracts.SCORES, values, job.scores)
    contracts.write(contracts.CONFUSIONS, counts, job.confusions)


def _confusions(rows: pd.DataFrame, classes: Sequence[str]) -> Iterator[tuple[Any, Floats]]:
    """Yield the confusion counts of each fold."""
    for fold, part in rows.groupby("fold"):
        labels, predicted = (pd.Index(classes).get_indexer(pd.Index(part[name])) for name in ("label", "predicted"))
        yield fold, confusion(labels, predicted, len(classes))


def _sums(rows: pd.DataFrame, dimensions: Sequence[str]) -> Iterator[tuple[Any, Floats]]:
    """Yield the sums of each fold."""
    centre = intervals.centre(rows, dimensions)
    for fold, part in rows.groupby("fold"):
        yield fold, dimension_metrics.sums(*intervals.sides(part, dimensions), centre).sum(0)


def _values(run: dict[str, Any], read: Predictions, matrix: Floats, metrics: Sequence[str]) -> list[dict[str, Any]]:
    if read.dimensions:
        names, tested = dimension_metrics.names(metrics, read.dimensions), int(matrix[0, 0])
        rows = [(name, "", dimension_metrics.find(name, read.dimensions).of(matrix, None), tested) for name in names]
    else:
        rows = [(name, "", dimension_metrics.find(name).of(matrix, None), int(matrix.sum())) for name in metrics]
        each = zip(read.classes, recalls(matrix), matrix.sum(1), strict=True)
        rows += [("recall", label, recall, int(support)) for label, recall, support in each if support]
    return [
        {**run, "metric": metric, "label": label, "value": float(value), "utterances": utterances}
        for metric, label, value, utterances in rows
    ]


def _note_missing(where: str, rows: pd.DataFrame) -> None:
    """Print which systems have seeds over different folds: their pooled values are not of the same utterances."""
    for system, of_system in rows.groupby("system"):
        folds = predictions.folds_of_seeds(of_system)
        if len(set(folds.values())) > 1:
            listed = "; ".join(f"seed {seed}: folds {sorted(of_seed)}" for seed, of_seed in folds.items())
            print(f"{where}/{system}: the seeds cover different folds ({listed})", file=sys.stderr)
