"""A job that is run again asks for more, and a job that was killed is run again where retries are asked for."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.usefixtures("read_code")
PROJECT = Path(__file__).parents[2]
KILLED_ONCE = """#!/bin/sh
if mkdir killed 2> /dev/null; then kill -KILL $$; fi
exec {python} -c 'from ser.cli import app; app()' "$@"
"""


def snakemake(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the demo's workflow in an empty folder, with that folder's bin/ before everything else on PATH."""
    path = os.pathsep.join([str(folder / "bin"), str(Path(sys.executable).parent), os.environ["PATH"]])
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(PROJECT / "Snakefile"), "--directory", str(folder)]
    return subprocess.run(
        [*command, *arguments, "--cores", "1", "--resources", "gpu=1"],
        cwd=PROJECT,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


def requests(folder: Path, attempt: int) -> dict[tuple[str, str], int]:
    """Return megabytes of memory and minutes of every rule of the demo at an attempt."""
    done = snakemake(folder, "--dry-run", "--attempt", str(attempt))
    assert done.returncode == 0, done.stderr
    jobs = re.findall(r"^(?:local)?rule (\w+):\n(?:    .*\n)*?    resources: (.*)$", done.stdout, re.MULTILINE)
    return {
        (rule, name): int(value) for rule, text in jobs for name, value in re.findall(r"(mem_mb|runtime)=(\d+)", text)
    }


def test_every_rule_asks_for_twice_the_memory_and_time_when_it_is_run_again(tmp_path: Path) -> None:
    first, second = requests(tmp_path, 1), requests(tmp_path, 2)
    assert {"fetch", "extract", "train_fold", "render"} <= {rule for rule, _ in first}
    assert second == {key: 2 * amount for key, amount in first.items()}
    assert min(amount for (_, name), amount in first.items() if name == "mem_mb") >= 1000  # two Snakemakes fit in it


def killed_once(folder: Path) -> Path:
    stand_in = folder / "bin/ser"
    stand_in.parent.mkdir()
    stand_in.write_text(KILLED_ONCE.format(python=sys.executable))
    stand_in.chmod(0o755)
    return folder


def test_a_killed_job_is_run_again_where_retries_are_asked_for(tmp_path: Path) -> None:
    done = snakemake(killed_once(tmp_path), "--retries", "1", "results/demo/plan.json")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "killed").is_dir()
    assert "demo" in (tmp_path / "results/demo/plan.json").read_text()


def test_a_killed_job_is_an_error_that_names_its_rule_where_no_retries_are_asked_for(tmp_path: Path) -> None:
    done = snakemake(killed_once(tmp_path), "results/demo/plan.json")
    log = done.stdout + done.stderr
    assert done.returncode != 0
    assert "Error in rule plan" in log
    assert not (tmp_path / "results/demo/plan.json").exists()
