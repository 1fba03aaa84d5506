"""Stage ``score``: WA, UA, recalls and confusions of every run, and of all folds of a seed pooled."""

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from ser import contracts
from ser.errors import SerError, offenders
from ser.evaluation import metrics
from ser.layout import Run

FILE = "predictions.parquet"


@dataclass(frozen=True)
class Predictions:
    """What a run predicted, utterance by utterance."""

    run: Run
    classes: tuple[str, ...]
    once: bool  # the protocol tests each utterance once over its folds
    digest: str  # of the protocol that the run was trained under
    utterances: tuple[str, ...]
    labels: tuple[str, ...]
    predicted: tuple[str, ...]


def score(*, runs: Sequence[Run], scores: Path, confusions: Path) -> None:
    """Read the predictions of ``runs`` and write the tables ``scores`` and ``confusions``.

    Every seed also gets a pooled row (fold -1) over those of its folds that are among the runs, be it one. A class
    without a test utterance has no recall row. SerError where a run's file is missing, is another run's, disagrees with
    the others about the classes or the protocol's version, or predicts an utterance again that is tested only once.
    """
    if not runs:
        raise SerError("there are no runs to score.")
    ordered = sorted(dict.fromkeys(runs))
    values: list[dict[str, Any]] = []
    counts: list[dict[str, Any]] = []
    for _, protocol_runs in groupby(ordered, key=lambda run: (run.corpus, run.protocol)):
        read = [_read(run) for run in protocol_runs]
        _check_alike(read)
        for _, group in groupby(read, key=lambda one: one.run[:4]):
            folds = list(group)
            for one in (*folds, _pooled(folds)):
                values.extend(_values(one))
                counts.extend(_counts(one))
        _note_missing(read)
    contracts.write(contracts.SCORES, pa.Table.from_pylist(values, schema=contracts.SCORES.schema), scores)
    contracts.write(contracts.CONFUSIONS, pa.Table.from_pylist(counts, schema=contracts.CONFUSIONS.schema), confusions)


def _read(run: Run) -> Predictions:
    """Return a run's predictions; SerError if the file is missing or does not hold this run."""
    path = run.folder / FILE
    if not path.is_file():
        raise SerError(f"{path} does not exist: run {'/'.join(map(str, run))} has not been trained.")
    table = contracts.read(contracts.PREDICTIONS, path)
    for field, wanted in run._asdict().items():
        found = table[field].unique().to_pylist()
        if found != [wanted]:
            raise SerError(f"{path}: column '{field}' must be {wanted} throughout, it holds {offenders(found)}.")
    notes = contracts.metadata(path)
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
    columns = (tuple(table[column].to_pylist()) for column in ("utterance", "label", "predicted"))
    return Predictions(run, classes, notes.get("tested", "once") == "once", notes.get("digest", ""), *columns)


def _check_alike(read: Sequence[Predictions]) -> None:
    """Raise SerError unless the runs of one protocol on one corpus share their classes and its version."""
    first = read[0]
    for one in read:
        if one.classes != first.classes:
            raise SerError(
                f"{one.run.folder} and {first.run.folder} are of one protocol but not of the same classes: "
                f"{', '.join(one.classes)} and {', '.join(first.classes)}."
            )
        if one.digest != first.digest:
            raise SerError(
                f"{one.run.folder} and {first.run.folder} were trained under different versions of protocol "
                f"'{one.run.protocol}'; delete the older one and run again."
            )


def _pooled(folds: Sequence[Predictions]) -> Predictions:
    """Return the folds of one seed as one; SerError if an utterance is predicted twice that must not be."""
    fold_of: dict[str, int] = {}
    for one in folds:
        twice = [f"{name} (folds {fold_of[name]} and {one.run.fold})" for name in one.utterances if name in fold_of]
        if twice and one.once:
            folder = one.run.folder.parent
            raise SerError(
                f"{folder}: predicted more than once, where each utterance is tested once: {offenders(twice)}."
            )
        fold_of.update(dict.fromkeys(one.utterances, one.run.fold))
    return Predictions(
        folds[0].run._replace(fold=metrics.POOLED),
        folds[0].classes,
        folds[0].once,
        folds[0].digest,
        tuple(name for one in folds for name in one.utterances),
        tuple(label for one in folds for label in one.labels),
        tuple(label for one in folds for label in one.predicted),
    )


def _values(one: Predictions) -> list[dict[str, Any]]:
    """Return the rows of the scores table for one run or pooled seed."""
    recalls = metrics.recalls(one.labels, one.predicted, one.classes)
    rows = [
        ("WA", "", metrics.wa(one.labels, one.predicted), len(one.labels)),
        ("UA", "", metrics.ua(one.labels, one.predicted, one.classes), len(one.labels)),
    ]
    support = {label: one.labels.count(label) for label in one.classes}
    rows += [("recall", label, recalls[label], support[label]) for label in one.classes if support[label]]
    return [
        {**one.run._asdict(), "metric": metric, "label": label, "value": value, "utterances": utterances}
        for metric, label, value, utterances in rows
    ]


def _counts(one: Predictions) -> list[dict[str, Any]]:
    """Return the rows of the confusions table for one run or pooled seed, zeros included."""
    matrix = metrics.confusion(one.labels, one.predicted, one.classes)
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
