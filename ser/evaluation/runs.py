"""The predictions of an experiment's runs as one table for notebooks."""

from itertools import groupby
from pathlib import Path

import pandas as pd

from ser.config.plan import read_plan
from ser.errors import SerError
from ser.evaluation import predictions


def read_runs(experiment: str | Path) -> pd.DataFrame:
    """Return one row for every prediction of an experiment's trained runs.

    experiment: its name, or its folder in ``results``; the present folder is the project's. Columns: corpus, protocol,
    system, seed, fold, utterance, speaker, label, predicted, and ``probability_<class>`` (0…1) for every class, which
    is NaN where a protocol does not have the class. Where the target is dimensions, ``target_<dimension>`` and
    ``predicted_<dimension>``, on the corpus's own scale, stand in place of the last three. Runs that are not trained
    yet are left out. SerError where there is no such experiment, where none of its runs is trained, and for damaged
    files.
    """
    named = Path(experiment)
    folder = named if (named / "plan.json").is_file() else Path("results") / named
    plan = read_plan(folder / "plan.json")
    runs = sorted(run for run in plan.runs() if (run.folder / predictions.FILE).is_file())
    if not runs:
        raise SerError(f"{folder}: none of its {len(plan.runs())} runs is trained.")
    tables = []
    for _, group in groupby(runs, key=lambda run: run[:2]):
        read = predictions.read(list(group))
        columns = [f"probability_{name}" for name in read.classes]
        values = pd.DataFrame(read.probabilities, columns=columns, index=read.rows.index)
        tables.append(pd.concat([read.rows, values], axis=1))
    return pd.concat(tables, ignore_index=True)
