"""Stage ``score``: metrics, recalls and confusions of every run, and of all folds of a seed pooled."""

import sys
from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from pydantic import Field

from ser.config.plan import read_plan
from ser.errors import SerError
from ser.evaluation import predictions
from ser.evaluation.predictions import Predictions
from ser.evaluation.summary import POOLED
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

    Every seed also gets a pooled row (fold -1) over its folds, even if there is only one. A class without a test
    utterance has no recall row. SerError where a run's file is missing, belongs to another run, disagrees with the
    others about the classes or the protocol's version, or predicts an utterance again that is tested only once.
    """
    plan = read_plan(job.plan)
    runs = plan.runs()
    if not runs:
        raise SerError("there are no runs to score.")
    ordered = sorted(dict.fromkeys(runs))
    values: list[dict[str, Any]] = []
    counts: list[dict[str, Any]] = []
    for _, protocol_runs in groupby(ordered, key=lambda run: (run.corpus, run.protocol)):
        read = [predictions.read(run) for run in protocol_runs]
        predictions.check_alike(read)
        for _, group in groupby(read, key=lambda one: one.run[:4]):
            folds = list(group)
            for one in (*folds, _pooled(folds)):
                matrix = _confusion(one)
                values.extend(_values(one, matrix, plan.experiment.metrics))
                counts.extend(_counts(one, matrix))
        _note_missing(read)
    contracts.write(contracts.SCORES, pa.Table.from_pylist(values, schema=contracts.SCORES.schema), job.scores)
    table = pa.Table.from_pylist(counts, schema=contracts.CONFUSIONS.schema)
    contracts.write(contracts.CONFUSIONS, table, job.confusions)


def _pooled(folds: Sequence[Predictions]) -> Predictions:
    """Return the folds of one seed as one; SerError if an utterance is predicted twice that is tested once."""
    predictions.check_once(folds)
    return replace(
        folds[0],
        run=folds[0].run._replace(fold=POOLED),
        utterances=tuple(name for one in folds for name in one.utterances),
        speakers=tuple(name for one in folds for name in one.speakers),
        labels=tuple(label for one in folds for label in one.labels),
        predicted=tuple(label for one in folds for label in one.predicted),
        probabilities=np.concatenate([one.probabilities for one in folds]),
    )


def _confusion(one: Predictions) -> Floats:
    classes = pd.Index(one.classes)
    labels, predicted = (classes.get_indexer(pd.Index(names)) for names in (one.labels, one.predicted))
    return confusion(labels, predicted, len(classes))


def _values(one: Predictions, matrix: Floats, metrics: Sequence[str]) -> list[dict[str, Any]]:
    """Return the rows of the scores table for one run or pooled seed."""
    rows = [(name, "", METRICS[name].of(matrix, None), len(one.labels)) for name in metrics]
    each = zip(one.classes, recalls(matrix), matrix.sum(1), strict=True)
    rows += [("recall", label, recall, int(support)) for label, recall, support in each if support]
    return [
        {**one.run._asdict(), "metric": metric, "label": label, "value": float(value), "utterances": utterances}
        for metric, label, value, utterances in rows
    ]


def _counts(one: Predictions, matrix: Floats) -> list[dict[str, Any]]:
    """Return the rows of the confusions table for one run or pooled seed, zeros included."""
    return [
        {**one.run._asdict(), "label": label, "predicted": predicted, "utterances": int(matrix[row, column])}
        for row, label in enumerate(one.classes)
        for column, predicted in enumerate(one.classes)
    ]


def _note_missing(read: Sequence[Predictions]) -> None:
    """Print which systems have seeds over different folds: their pooled values are not of the same utterances."""
    for key, group in groupby(read, key=lambda one: one.run[:3]):
        folds: dict[int, set[int]] = {}
        for one in group:
            folds.setdefault(one.run.seed, set()).add(one.run.fold)
        if len({frozenset(of_seed) for of_seed in folds.values()}) > 1:
            listed = "; ".join(f"seed {seed}: folds {sorted(of_seed)}" for seed, of_seed in folds.items())
            print(f"{'/'.join(map(str, key))}: the seeds cover different folds ({listed})", file=sys.stderr)
