"""One experiment in several folders, and whether they hold the same in the end."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from equal import differences

HERE = Path(__file__).parent
PROJECT = HERE.parents[1]
COPIED = ("Snakefile", "workflow", "config", "profiles", "envs")
LOCAL = ["--cores", str(os.cpu_count()), "--resources", "gpu=0"]

Check = tuple[str, bool]


def project_copy(folder: Path) -> Path:
    """Make the folder anew, with its own copy of the workflow."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for part in COPIED:
        copy = shutil.copytree if (PROJECT / part).is_dir() else shutil.copy
        copy(PROJECT / part, folder / part)
    return folder


def snakemake(
    folder: Path, name: str, arguments: list[str], environment: Mapping[str, str] = os.environ
) -> tuple[str, int]:
    """Run Snakemake in a folder, its output in <name>.log; return name and exit code."""
    begun = time.monotonic()
    with (folder / f"{name}.log").open("w") as log:
        process = subprocess.Popen(
            ["snakemake", *arguments], cwd=folder, env=environment, stdout=log, stderr=subprocess.STDOUT
        )
        try:
            code = process.wait()
        finally:
            interrupt(process)
    print(f"{name}: exit code {code} after {time.monotonic() - begun:.0f} s", flush=True)
    return name, code


def interrupt(process: "subprocess.Popen[bytes]") -> None:
    """End Snakemake, should it still run, with its jobs: at SIGTERM it would wait for them."""
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            process.kill()


def same_results(one: Path, other: Path) -> Check:
    """Nothing but times differs between the two folders."""
    files, different = differences(one, other)
    for line in different:
        print(line)
    counts = Counter(path.name for path in files)
    held = ", ".join(f"{counts[name]} {name}" for name in ("predictions.parquet", "model.safetensors", "run.json"))
    return f"{len(files)} files of data/ and results/ are equal, among them {held}", bool(files) and not different


def conclude(checks: list[Check]) -> None:
    """Print every check, and end with exit code 1 if one does not hold."""
    for text, holds in checks:
        print(f"{'ok    ' if holds else 'FAILED'}  {text}")
    print(f"{sum(holds for _, holds in checks)} of {len(checks)} checks hold.")
    sys.exit(0 if all(holds for _, holds in checks) else 1)
