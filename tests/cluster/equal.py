"""Are the results of two runs of one experiment the same, bit for bit?

Left out is only what records when, where, for how long and from which commit something ran: benchmarks, such fields of
run.json, seconds per epoch in history.parquet, seconds and minutes in the tables, and the page, which prints them.
"""

import csv
import json
from pathlib import Path

import pyarrow.parquet

# papers and claims hold minutes of training, runs and environment hold hosts and times; what else is in papers and
# claims is compared in their .csv
TABLES = {f"{name}.{suffix}" for name in ("papers", "claims", "runs", "environment") for suffix in ("md", "tex")}
RECORDS = {"benchmark.jsonl", "index.html", "runs.csv", "environment.csv", *TABLES}
TIMES = {"started", "finished", "seconds", "seconds_loading", "seconds_training", "seconds_per_epoch", "resumed"}
COMMIT = {"commit", "dirty"}
MACHINE = {"device_id", "energy_joules", "seal"}  # the checksum is over all of the file, times included
MINUTES = {"minutes", "training, min"}


def differences(one: Path, other: Path) -> tuple[list[Path], list[str]]:
    """Return which files of data/ and results/ were compared, and how the two folders differ."""
    files, others = found(one), found(other)
    different = [f"{path}: only in one of the two runs" for path in sorted(files ^ others)]
    same = sorted(files & others)
    different += [f"{path}: differs" for path in same if not equal(one / path, other / path)]
    return same, different


def found(folder: Path) -> set[Path]:
    """Return the results in a folder, without records of time."""
    paths = (path for name in ("data", "results") for path in (folder / name).rglob("*"))
    return {path.relative_to(folder) for path in paths if path.is_file() and path.name not in RECORDS}


def equal(one: Path, other: Path) -> bool:
    """Return True where two files hold the same bytes, but for times."""
    if one.name == "run.json":
        return timeless(one) == timeless(other)
    if one.name == "history.parquet":
        tables = [pyarrow.parquet.read_table(path).drop_columns(["seconds"]) for path in (one, other)]
        return bool(tables[0].equals(tables[1]))
    if one.name in ("results.csv", "papers.csv", "claims.csv"):
        return untimed(one) == untimed(other)
    return one.read_bytes() == other.read_bytes()


def timeless(path: Path) -> dict[str, object]:
    """Return the record of a run without its times and its machine."""
    return {key: value for key, value in json.loads(path.read_text()).items() if key not in TIMES | COMMIT | MACHINE}


def untimed(path: Path) -> list[dict[str, str]]:
    """Return the rows of a table without durations."""
    with path.open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if not MINUTES & set(row.values())]
    return [{name: value for name, value in row.items() if name != "seconds"} for row in rows]
