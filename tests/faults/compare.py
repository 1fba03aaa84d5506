"""Two trees of results: equal, except for times, hosts and how often a run was resumed."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

TIMES = {
    "seconds",
    "seconds_loading",
    "seconds_training",
    "seconds_per_epoch",
    "started",
    "finished",
    "resumed",
    "seal",
}
TIMED = {"runs.csv", "runs.md", "runs.tex", "index.html"}  # hold seconds and dates of training
PICTURES = {".png", ".svg"}


def differences(one: Path, two: Path) -> list[str]:
    """Return a line for every file below data and results of ``one`` that ``two`` lacks, or that differs there."""
    found = []
    for path in _files(one):
        name = path.relative_to(one)
        other = two / name
        if not other.is_file():
            found.append(f"{name} is not in {two.name}")
        elif reason := _differs(path, other):
            found.append(f"{name} {reason}")
    return found


def litter(tree: Path) -> list[str]:
    """Return temporary files and checkpoints that were left behind."""
    parts = [path for name in ("data", "results") for path in (tree / name).rglob("*.part")]
    checkpoints = [path for path in (tree / "results/checkpoints").rglob("*") if path.is_file()]
    return [f"{path.relative_to(tree)} is left" for path in dict.fromkeys([*parts, *checkpoints])]


def _files(tree: Path) -> Iterator[Path]:
    for name in ("data", "results"):
        for path in sorted((tree / name).rglob("*")):
            if path.is_file() and path.name not in TIMED and path.name not in ("benchmark.jsonl", ".sources.json"):
                yield path


def _differs(one: Path, two: Path) -> str:
    if one.read_bytes() == two.read_bytes() or one.suffix in PICTURES:
        return ""
    try:
        if one.suffix == ".parquet":
            return "" if _table(one) == _table(two) else "holds other values"
        if one.name == "run.json":
            return "" if _card(one) == _card(two) else "records something else"
    except Exception as error:
        return f"cannot be read ({type(error).__name__})"
    return "has other bytes"


def _table(path: Path) -> Any:
    table = pq.read_table(path)
    kept = [name for name in table.column_names if not (path.name == "history.parquet" and name in TIMES)]
    notes = {key: value for key, value in (table.schema.metadata or {}).items() if key.decode() not in TIMES}
    return table.select(kept).to_pydict(), notes


def _card(path: Path) -> Any:
    return {name: value for name, value in json.loads(path.read_text()).items() if name not in TIMES}
