"""Which files of a project make up an experiment's archive, as they are copied: without paths of this machine."""

import csv
import io
import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from ser import layout
from ser.config.plan import Plan, read_plan
from ser.errors import SerError, offenders
from ser.experiment_archive.local_paths import in_record, without_folders
from ser.files import embedded_checksum
from ser.files.atomic import write_text
from ser.layout import Run
from ser.tables import contracts

TABLES = ("scores", "confusions", "intervals", "comparisons", "contrasts")  # of the stages score and compare
WORDS = "mistakes.csv"  # has what was spoken where the experiment asks for it
OF_A_RUN = {
    "run.json": "Record of a run: recipe, data, code, versions, device",
    "predictions.parquet": "Predictions of the test part of a run",
    "history.parquet": "Epochs of a run",
}


def read(experiment: str) -> tuple[Plan, dict[str, str]]:
    """Return the plan of a finished experiment, and what each of its files is, by path.

    The present folder is the project. SerError where there is no such experiment, and where it is not finished, with
    what is missing.
    """
    folder = Path("results", experiment)
    if Path(experiment).name != experiment or not (folder / "plan.json").is_file():
        known = ", ".join(sorted(path.parent.name for path in Path("results").glob("*/plan.json"))) or "none"
        raise SerError(f"there is no experiment '{experiment}' in results. Known: {known}.")
    plan = read_plan(folder / "plan.json")
    files = {f"{folder.as_posix()}/plan.json": "The resolved experiment"}
    files |= {f"{folder.as_posix()}/{name}.parquet": f"Table of {name}" for name in TABLES}
    for run in plan.runs():
        files |= {(run.folder / name).as_posix(): f"{what}, {_named(run)}" for name, what in OF_A_RUN.items()}
    for run in plan.runs_for_use():
        files[(run.folder / "run.json").as_posix()] = f"Record of a training for use, {_named(run)}"
    for run, one in plan.disturbed():
        path = layout.disturbed(run.folder, one.condition, one.digest)
        files[path.as_posix()] = f"Predictions under a condition, {_named(run)}"
    _require(files, experiment)
    tables = sorted(path.name for path in (folder / "tables").glob("*.csv"))
    if not tables:
        raise SerError(f"{folder / 'tables'} has no tables: the report is not made. Run snakemake to its end.")
    kept = (name for name in tables if name != WORDS or not plan.experiment.words)
    return plan, files | {f"{folder.as_posix()}/tables/{name}": "Table of the report" for name in kept}


def copy(files: Mapping[str, str], to: Path) -> None:
    """Copy files of the project, the present folder, to the folder ``to``; SerError where a table has local paths."""
    project = Path.cwd()
    for name in files:
        source, target = Path(name), to / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.suffix == ".parquet":
            _require_no_paths(source, project)
            shutil.copyfile(source, target)
        elif source.suffix == ".json":
            _copy_record(source, target, project)
        else:
            _copy_table(source, target, project)


def _named(run: Run) -> str:
    fold = "" if run.fold == layout.FOR_USE else f", fold {run.fold}"
    return f"{run.system} under {run.protocol} on {run.corpus}, seed {run.seed}{fold}"


def _require(files: Mapping[str, str], experiment: str) -> None:
    """Raise SerError where the experiment is not finished."""
    missing = [name for name in files if not Path(name).is_file()]
    if missing:
        raise SerError(
            f"experiment '{experiment}' is not finished: {len(missing)} of {len(files)} files are missing: "
            f"{offenders(missing)}. Run snakemake to its end."
        )


def _copy_record(source: Path, target: Path, project: Path) -> None:
    """Copy a JSON record; with a new checksum of itself where it has local paths, else as it is."""
    embedded_checksum.verify(source)
    try:
        record: dict[str, Any] = json.loads(source.read_text(encoding="utf-8"))
    except ValueError as error:
        raise SerError(f"{source} is not JSON ({error}); delete its folder and run again.") from error
    portable = in_record(record, project)
    if portable == record:
        shutil.copyfile(source, target)
        return
    sealed = {embedded_checksum.KEY: embedded_checksum.BLANK}
    write_text(target, json.dumps({**portable, **sealed}, indent=1, ensure_ascii=False) + "\n")


def _copy_table(source: Path, target: Path, project: Path) -> None:
    """Copy a CSV table, without its local paths where it has any."""
    text = source.read_text(encoding="utf-8")
    rows = list(csv.reader(io.StringIO(text, newline="")))
    portable = [[without_folders(cell, project) for cell in row] for row in rows]
    if portable == rows:
        shutil.copyfile(source, target)
        return
    with target.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(portable)


def _require_no_paths(path: Path, project: Path) -> None:
    """Raise SerError where a text in a table or its metadata has a local path: names of utterances are not changed."""
    schema = pq.read_schema(path)
    texts = set(contracts.metadata(path).values())
    columns = [field.name for field in schema if pa.types.is_string(field.type)]
    for column in pq.read_table(path, columns=columns).columns:
        texts |= set(column.unique().drop_null().to_pylist())
    if found := sorted(text for text in texts if without_folders(text, project) != text):
        raise SerError(
            f"{path}: names in it are paths of this machine, which an archive must not have: {offenders(found)}. Give "
            "the utterances and speakers names of their own in the corpus's table."
        )
