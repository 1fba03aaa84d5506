"""Write what the parts of the benchmark have measured as Markdown.

Run: python benchmarks/gpu/table.py ROWS OUT
"""

import argparse
import json
import subprocess
from pathlib import Path

# part: title, name of the first column, decimal places
PARTS = {
    "tests": ("Tests that need CUDA", "tests", 0),
    "steps": ("A training step, ms: batch, forward and backward pass, optimiser", "system", 1),
    "compiled": ("Forward and backward pass of one batch, ms", "system", 1),
    "jobs": ("Training steps per second, of all jobs on the device together", "system", 1),
    "folds": (
        "A fold, s: loading, an epoch, all epochs of the recipe (estimate), a whole one with its patience",
        "system",
        1,
    ),
    "time": ("Parts that ran out of time or failed", "part", 0),
}
Row = tuple[str, str, str, float | None, str]


def main() -> None:
    """Write the file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rows", type=Path)
    parser.add_argument("out", type=Path)
    given = parser.parse_args()
    rows = [tuple(json.loads(line)) for line in given.rows.read_text(encoding="utf-8").splitlines()]
    given.out.parent.mkdir(parents=True, exist_ok=True)
    given.out.write_text(markdown(rows), encoding="utf-8")


def markdown(rows: list[Row]) -> str:
    """Return one table per part, a row per system and a column per setting, in the order of measurement."""
    devices = [f"{row[1]}, torch {row[2]}" for row in rows if row[0] == "device"]
    blocks = [f"`benchmarks/gpu.sh` at commit {commit()} on {', '.join(devices) or 'an unknown device'}."]
    for part, (title, first, places) in PARTS.items():
        if found := [row[1:] for row in rows if row[0] == part]:
            blocks.append(f"## {title}\n\n{table(first, found, places)}")
    return "\n\n".join(blocks) + "\n"


def table(first: str, rows: list[tuple[str, str, float | None, str]], places: int) -> str:
    """Return a Markdown table; a cell without a value has a dash, and the notes are in the last column."""
    systems, settings = (list(dict.fromkeys(row[column] for row in rows)) for column in (0, 1))
    cells = {row[:2]: "–" if row[2] is None else f"{row[2]:.{places}f}" for row in rows}
    lines = [[first, *settings, "notes"], [":--", *["--:"] * len(settings), ":--"]]
    for system in systems:
        notes = dict.fromkeys(f"{row[1]}: {row[3]}".replace("|", "/") for row in rows if row[0] == system and row[3])
        lines.append([system, *(cells.get((system, setting), "") for setting in settings), "; ".join(notes)])
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def commit() -> str:
    """Return the first digits of the commit."""
    done = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown"


if __name__ == "__main__":
    main()
