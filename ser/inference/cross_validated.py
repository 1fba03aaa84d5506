"""The tests of ``ser assess`` on the cross-validation of a system, from what its runs predicted already."""

from collections import defaultdict
from collections.abc import Sequence
from math import isnan, nan
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from ser import layout
from ser.errors import SerError
from ser.evaluation import intervals, model_tests, subgroups
from ser.evaluation.model_tests import Finding
from ser.files import embedded_checksum
from ser.inference import estimate, trained_run
from ser.inference.stated import Assessment, Calibration, StatedTest
from ser.inference.trained import Trained
from ser.layout import Run
from ser.tables import contracts
from ser.tables.disturbances import DISTURBED

Key = tuple[str, float]  # condition and strength


def assessment(trained: Trained, runs: Sequence[Run], calibration: Calibration | None) -> Assessment:
    """Return the tests of ``runs``, all folds of each seed, of one system.

    calibration: of the bundle; its error in the cross-validation is tested, or that of the runs without one. Conditions
    are those that every run has predicted with the weights that it has now. SerError where the manifest is missing.
    """
    project, classes = trained_run.project(trained.weights.parent), trained.contents.classes
    table = pa.concat_tables(estimate.tables(trained, list(runs)))
    given = pc.list_flatten(table["probabilities"]).to_numpy().reshape(-1, len(classes))
    clean = table.drop_columns("probabilities").to_pandas()
    tally = intervals.tally(clean, classes)
    conditions = disturbed_rows([project / run.folder for run in runs])
    found = model_tests.findings(
        clean,
        classes,
        _error(calibration, clean, given, classes),
        _groups(trained, project, clean),
        lambda condition, strength: conditions.get((condition, strength)),
    )
    return Assessment(
        protocol=runs[0].protocol,
        utterances=clean["utterance"].nunique(),
        clusters=len(tally.clusters),
        kind=tally.kind,
        tests=tuple(_stated(one) for one in found),
    )


def disturbed_rows(folders: Sequence[Path]) -> dict[Key, pd.DataFrame]:
    """Return the predictions of all runs in ``folders`` by condition and strength.

    A condition counts where every run has it with one digest, predicted with the weights that the run has now. Of
    several seeds of the noise the first file by name is taken.
    """
    files: dict[str, list[Path]] = defaultdict(list)
    for folder in folders:
        weights = embedded_checksum.verify(folder / "model.safetensors")
        for path in sorted((folder / "robustness").glob("*.parquet")):
            if weights and contracts.metadata(path).get("weights") == weights:
                files[path.name].append(path)
    found: dict[Key, pd.DataFrame] = {}
    for paths in (paths for _, paths in sorted(files.items()) if len(paths) == len(folders)):
        tables = (contracts.read(DISTURBED, path).drop_columns("probabilities") for path in paths)
        rows = pa.concat_tables(tables).to_pandas()
        for (condition, strength), mine in rows.groupby(["condition", "strength"]):
            found.setdefault((str(condition), float(strength)), mine)
    return found


def _error(calibration: Calibration | None, clean: pd.DataFrame, given: np.ndarray, classes: Sequence[str]) -> float:
    """Return the expected calibration error of what the bundle answers, NaN where nothing has measured it."""
    if calibration is None:
        return model_tests.calibration_error_of(clean, given, classes)
    return nan if calibration.held_out is None else calibration.held_out.calibrated


def _groups(trained: Trained, project: Path, clean: pd.DataFrame) -> list[subgroups.Group]:
    contents = trained.contents
    manifest = project / layout.manifest(str(contents.run["corpus"]))
    if not manifest.is_file():
        raise SerError(f"{manifest} does not exist: the groups of utterances are recorded there.")
    labels = subgroups.labels_of(contents.protocol.labels, contents.classes)
    named = subgroups.attributes(manifest, set(clean["utterance"]), labels)
    return subgroups.groups(clean, named, contents.classes)


def _stated(one: Finding) -> StatedTest:
    numbers = {name: None if isnan(value := getattr(one, name)) else value for name in ("value", "low", "high")}
    return StatedTest(
        kind=one.kind, test=one.test, limit=one.limit, at_least=one.at_least, verdict=one.verdict, **numbers
    )
