"""What a run prints where no terminal is: one short line per job, and of a failed job the end of its own log, once."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
WORKFLOW = """
rule all:
    input: expand("{name}-{shard}.txt", name=["tone", "noise"], shard=range(3))
rule extract:
    output: "{name}-{shard}.txt"
    log: "{name}-{shard}.log"
    shell: "seq 100 > {log}; : A-LONG-COMMAND; test {wildcards.name}{wildcards.shard} != $BROKEN; touch {output}"
"""


def snakemake(folder: Path, *arguments: str, broken: str = "none") -> tuple[int, str, str]:
    (folder / "Snakefile").write_text(WORKFLOW)
    command = [sys.executable, "-m", "snakemake", "--cores", "1", "--logger", "ser", "--printshellcmds", *arguments]
    environment = {**os.environ, "BROKEN": broken}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


def test_a_job_is_one_line_and_the_plan_is_another(tmp_path: Path) -> None:
    code, _, printed = snakemake(tmp_path)
    assert code == 0
    lines = printed.splitlines()
    assert lines[0] == "7 jobs: extract 6, all 1"
    assert "extract noise shard 2" in {line.partition(" ")[2] for line in lines}
    assert sum(line[0].isdigit() and "/7 " in line for line in lines) == 7
    assert len(lines) <= 7 + 4
    assert "A-LONG-COMMAND" not in printed
    assert "A-LONG-COMMAND" in next((tmp_path / ".snakemake/log").glob("*.log")).read_text()
    assert "Nothing to be done" in snakemake(tmp_path)[2]


def test_a_failed_job_prints_the_end_of_its_own_log_once(tmp_path: Path) -> None:
    code, _, printed = snakemake(tmp_path, "--keep-going", broken="tone1")
    assert code == 1
    assert printed.count("Error in rule extract tone shard 1:") == 1
    numbers = [line.strip() for line in printed.splitlines() if line.strip().isdigit()]
    assert numbers == [str(number) for number in range(89, 101)]
    assert "A-LONG-COMMAND" not in printed
    assert "tone-1.log" in printed


@pytest.mark.parametrize("quiet", [False, True])
def test_a_dry_run_prints_what_snakemake_prints_by_itself(tmp_path: Path, quiet: bool) -> None:
    code, printed, _ = snakemake(tmp_path, "--dry-run", *(["--quiet", "rules"] if quiet else []))
    assert code == 0
    assert ("reason: Missing output files" in printed) != quiet
    assert "This was a dry-run" in printed
