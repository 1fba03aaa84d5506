"""Are the results of two runs of one experiment the same, bit for bit?

Left out is only what records when and where something ran: benchmarks, times in run.json, seconds per epoch in
history.parquet, and the page and the table of runs, which print these times.
"""

import json
from pathlib import Path

import pyarrow.parquet

RECORDS = {"benchmark.jsonl", "index.html", "runs.csv"}
TIMES = {"started", "finished", "seconds", "seconds_loading", "seconds_training", "seconds_per_epoch", "resumed"}


def differences(one: Path, other: Path) -> tuple[int, list[str]]:
    """Return how many files of data/ and results/ were compared, and how the two folders differ."""
    files, others = found(one), found(other)
    different = [f"{path}: only in one of the two runs" for path in sorted(files ^ others)]
    same = sorted(files & others)
    different += [f"{path}: differs" for path in same if not equal(one / path, other / path)]
    return len(same), different


def found(folder: Path) -> set[Path]:
    """Return the results in a folder, without records of time."""
    paths = (path for name in ("data", "results") for path in (folder / name).rglob("*"))
    return {path.relative_to(folder) for path in paths if path.is_file() and path.name not in RECORDS}


def equal(one: Path, other: Path) -> bool:
    """Return True where two files hold the same, but for times."""
    if one.name == "run.json":
        return timeless(one) == timeless(other)
    if one.name == "history.parquet":
        tables = [pyarrow.parquet.read_table(path).drop_columns(["seconds"]) for path in (one, other)]
        return bool(tables[0].equals(tables[1]))
    return one.read_bytes() == other.read_bytes()


def timeless(path: Path) -> dict[str, object]:
    """Return the record of a run without its times."""
    return {key: value for key, value in json.loads(path.read_text()).items() if key not in TIMES}
