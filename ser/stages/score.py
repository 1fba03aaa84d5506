"""Stage ``score``: metrics, recalls and confusions of every run, and of all folds of a seed pooled."""

import sys
from collections.abc import Sequence
from itertools import groupby, product
from typing import Any

import numpy as np
import pandas as pd
from pydantic import Field

from ser.config.plan import read_plan
from ser.evaluation import predictions
from ser.jobs.job import File, Job
from ser.metrics import METRICS, Floats, confusion, recalls
from ser.tables import contracts


class ScoreJob(Job):
    """All runs of one experiment."""

    plan: File = Field(description="plan.json of the experiment.")
    scores: File = Field(description="Score table to write.")
    confusions: File = Field(description="Confusion table to write.")


def score(job: ScoreJob) -> None:
    """Compute metrics, recalls and confusions of every run of an experiment.

    Every seed also gets a pooled row (fold -1) over its folds, even if there is only one. A fold that trains on one
    corpus and tests another has a name that says so. A class without a test utterance has no recall row. SerError where
    a run's file is missing, belongs to another run, disagrees with the others about the classes or the protocol's
    version, or predicts an utterance again that is tested only once.
    """
    plan = read_plan(job.plan)
    values: list[dict[str, Any]] = []
    counts: list[dict[str, Any]] = []
    for (corpus, protocol), group in groupby(sorted(plan.runs()), key=lambda run: run[:2]):
        read = predictions.read(list(group))
        for (system, seed), rows in read.rows.groupby(["system", "seed"]):
            matrices: dict[Any, Floats] = {fold: _confusion(part, read.classes) for fold, part in rows.groupby("fold")}
            matrices[contracts.ALL_FOLDS] = np.sum(list(matrices.values()), axis=0)
            for fold, matrix in matrices.items():
                run = {"corpus": corpus, "protocol": protocol, "system": system, "seed": seed, "fold": fold}
                named = {**run, "fold_name": plan.protocols[protocol].fold_name(fold)}
                values.extend(_values(named, read.classes, matrix, plan.experiment.metrics))
                counts.extend(
                    {**run, "label": label, "predicted": predicted, "utterances": int(matrix[row, column])}
                    for (row, label), (column, predicted) in product(enumerate(read.classes), repeat=2)
                )
        _note_missing(f"{corpus}/{protocol}", read.rows)
    contracts.write(contracts.SCORES, values, job.scores)
    contracts.write(contracts.CONFUSIONS, counts, job.confusions)


def _confusion(rows: pd.DataFrame, classes: Sequence[str]) -> Floats:
    labels, predicted = (pd.Index(classes).get_indexer(pd.Index(rows[name])) for name in ("label", "predicted"))
    return confusion(labels, predicted, len(classes))


def _values(
    run: dict[str, Any], classes: Sequence[str], matrix: Floats, metrics: Sequence[str]
) -> list[dict[str, Any]]:
    rows = [(name, "", METRICS[name].of(matrix, None), int(matrix.sum())) for name in metrics]
    each = zip(classes, recalls(matrix), matrix.sum(1), strict=True)
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
