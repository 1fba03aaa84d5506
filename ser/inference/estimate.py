"""What a cross-validation says about a system: its scores on speakers that a run of it did not train on."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from ser.errors import SerError
from ser.evaluation import intervals
from ser.evaluation.predictions import FILE
from ser.inference import trained_run
from ser.inference.stated import CrossValidation
from ser.inference.trained import Trained
from ser.layout import Run
from ser.tables import contracts

METRICS = ("WA", "UA")
SAME = ("recipe", "protocol_digest", "classes")  # keys of run.json in which two runs of one system agree


def runs(trained: Trained) -> list[Run]:
    """Return the runs of the cross-validation of the system that a run trained: every fold of every seed that has all.

    SerError where no seed has every fold of the same recipe and protocol.
    """
    card, run = trained_run.record(trained.weights.parent), trained.contents.run
    project, wanted = trained_run.project(trained.weights.parent), range(int(card["folds"]))
    named = Run(str(run["corpus"]), str(run["protocol"]), str(run["system"]), 0, 0)
    most, found = 0, []
    for folder in sorted((project / named.folder).parents[1].glob("seed*")):
        number = folder.name.removeprefix("seed")
        if not number.isdecimal():
            continue
        of_seed = [named._replace(seed=int(number), fold=fold) for fold in wanted]
        there = [one for one in of_seed if _alike(project / one.folder, card)]
        most = max(most, len(there))
        found += there if len(there) == len(wanted) else []
    if not found:
        raise SerError(
            f"{most} of {len(wanted)} folds of the cross-validation under {run['protocol']} have runs of this recipe."
        )
    return found


def _alike(folder: Path, card: Mapping[str, Any]) -> bool:
    """Return whether ``folder`` is that of a finished run of the same system under the same protocol."""
    if not trained_run.is_run(folder) or not (folder / FILE).is_file():
        return False
    other = trained_run.record(folder)
    return all(other.get(name) == card.get(name) for name in SAME)


def tables(trained: Trained, those: list[Run]) -> Iterator[pa.Table]:
    """Yield the predictions of the test part of each run."""
    project = trained_run.project(trained.weights.parent)
    return (contracts.read(contracts.PREDICTIONS, project / run.folder / FILE) for run in those)


def estimate(trained: Trained, those: list[Run]) -> CrossValidation:
    """Return what ``those`` runs, all folds of each seed, say about their system."""
    rows = pa.concat_tables(tables(trained, those)).drop_columns("probabilities").to_pandas()
    tally = intervals.tally(rows, trained.contents.classes)
    metrics = {}
    for name in METRICS:
        found = intervals.estimate(tally, name)
        limits = (None if pd.isna(limit) else limit for limit in (found.low, found.high))
        metrics[name] = (found.value, *limits)
    return CrossValidation(
        protocol=those[0].protocol,
        metrics=metrics,
        folds=len({run.fold for run in those}),
        seeds=tuple(sorted({run.seed for run in those})),
        utterances=rows["utterance"].nunique(),
        clusters=len(tally.clusters),
        kind=tally.kind,
    )
