"""The script that measures a GPU, on the CPU: it has to be right the first time that a GPU is at hand."""

import os
import re
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).parents[1]


def measured(out: Path, **variables: str) -> str:
    """Return the tables that the script writes."""
    environment = {**os.environ, "DEVICE": "cpu", "PYTHON": sys.executable, **variables}
    command = ["bash", "benchmarks/gpu.sh", str(out)]
    done = subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return out.read_text(encoding="utf-8")


def test_every_part_of_the_gpu_benchmark_measures(tmp_path: Path) -> None:
    tables = measured(tmp_path / "gpu.md")
    assert "ran out of time or failed" not in tables
    assert "1/" in tables, "no test has the marker cuda"
    number = r"[\d.]*[1-9][\d.]*"
    for row in (
        rf"system \| float32 \| TF32 \| bfloat16 \| notes \|\n.*\n\| HSF-CRNN-HSF \| {number} \| {number} \|",
        rf"system \| plain \| graph \| notes \|\n.*\n\| HSF-CRNN-HSF \| {number} \| – \| graph: .*requires CUDA",
        rf"system \| 2 jobs \| notes \|\n.*\n\| HSF-CRNN-HSF \| {number} \|",
        rf"estimate \| whole \| notes \|\n.*\n\| HSF-CRNN-HSF \| {number} \| [\d.]+ \| {number} \| {number} \|",
    ):
        assert re.search(row, tables), tables


def test_the_gpu_benchmark_ends_with_its_budget_and_writes_what_it_has(tmp_path: Path) -> None:
    tables = measured(tmp_path / "gpu.md", BUDGET="10")  # what the tables need
    late = re.findall(r"^\| (\w+) \| 0 \| seconds: exit code 124", tables, re.MULTILINE)
    assert sorted(late) == ["corpus", "folds", "graphs", "jobs", "small", "steps", "tests"]
