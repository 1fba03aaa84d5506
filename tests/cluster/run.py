"""The experiment beside this file, run on this machine and on a pretended cluster whose jobs go wrong: same results?

    make test-cluster

Runs it locally; then through profiles/slurm on a Slurm of one node (start_slurm.sh) with jobs that fail, are cancelled,
run out of time and out of memory (faults.py), and one that fails at every attempt; then calls Snakemake again. Exit code
0 says that every check holds. Everything lies in build/cluster, and what was started is always stopped.
"""

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from equal import differences

HERE = Path(__file__).parent
PROJECT = HERE.parents[1]
WORK = PROJECT / "build/cluster"
COPIED = ("Snakefile", "workflow", "config", "profiles", "envs")
FAULTS = {
    "fail": ["ser train", "--system SVM-eGeMAPS", "--fold 0"],
    "cancel": ["ser train", "--system Audio-CNN-tiny", "--fold 0"],
    "timeout": ["ser train", "--system Audio-CNN-tiny", "--fold 1"],
    "memory": ["ser plan"],
    "broken": ["ser train", "--system Text-CNN-tiny"],
}
# The test's Slurm keeps no accounts, and answers at once.
QUICK = [
    "--slurm-status-command=squeue",
    "--slurm-init-seconds-before-status-checks=2",
    "--seconds-between-status-checks=2",
    "--latency-wait=5",
]


def main() -> None:
    """Run all three, print every check, and end with exit code 1 if one does not hold."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))
    shutil.rmtree(WORK, ignore_errors=True)
    local, slurm = house("local"), house("slurm")
    disturbed = injected(slurm)
    done = [snakemake(local, "local", ["--cores", str(os.cpu_count()), "--resources", "gpu=0"], dict(os.environ))]
    with cluster():
        done.append(snakemake(slurm, "slurm", ["--profile", "profiles/slurm", *QUICK], disturbed))
        before = records(slurm)
        (slurm / "faults.json").write_text("{}")
        done.append(snakemake(slurm, "again", ["--profile", "profiles/slurm", *QUICK], disturbed))
    after = records(slurm)[len(before) :]
    checks = [*ends(done), *looked_after(slurm, before), *only_the_rest(after), same_results(local, slurm)]
    for text, holds in checks:
        print(f"{'ok    ' if holds else 'FAILED'}  {text}")
    print(f"{sum(holds for _, holds in checks)} of {len(checks)} checks hold; all is in {WORK.relative_to(PROJECT)}")
    sys.exit(0 if all(holds for _, holds in checks) else 1)


def house(name: str) -> Path:
    """Return a folder with its own copy of the workflow."""
    folder = WORK / name
    folder.mkdir(parents=True)
    for part in COPIED:
        copy = shutil.copytree if (PROJECT / part).is_dir() else shutil.copy
        copy(PROJECT / part, folder / part)
    shutil.copy(HERE / "experiment.yaml", folder)
    return folder


def injected(folder: Path) -> dict[str, str]:
    """Return an environment in which `ser` goes through faults.py."""
    (folder / "faults.json").write_text(json.dumps(FAULTS))
    real = shutil.which("ser") or sys.exit("no `ser` on PATH: run this through `make test-cluster`.")
    stand_in = folder / "bin/ser"
    stand_in.parent.mkdir()
    words = [sys.executable, str(HERE / "faults.py"), str(folder), real]
    stand_in.write_text(f'#!/bin/sh\nexec {shlex.join(words)} "$@"\n')
    stand_in.chmod(0o755)
    return {**os.environ, "PATH": f"{stand_in.parent}{os.pathsep}{os.environ['PATH']}"}


@contextmanager
def cluster() -> Iterator[None]:
    """Slurm, for as long as the block lasts."""
    try:
        subprocess.run([HERE / "start_slurm.sh", WORK / "slurmd"], check=True)
        yield
    finally:
        subprocess.run([HERE / "stop_slurm.sh", WORK / "slurmd"], check=True)


def snakemake(folder: Path, name: str, arguments: list[str], environment: dict[str, str]) -> tuple[str, int]:
    """Run Snakemake in a folder, its output in <name>.log; return name and exit code."""
    begun = time.monotonic()
    command = ["snakemake", *arguments, "--configfile", "experiment.yaml"]
    with (folder / f"{name}.log").open("w") as log:
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=subprocess.STDOUT)
        try:
            code = process.wait()
        finally:
            process.terminate()
            process.wait()
    print(f"{name}: exit code {code} after {time.monotonic() - begun:.0f} s", flush=True)
    return name, code


def records(folder: Path) -> list[dict[str, str]]:
    """Return what the jobs noted of themselves."""
    return [json.loads(line) for line in (folder / "jobs.jsonl").read_text().splitlines()]


Check = tuple[str, bool]


def ends(done: list[tuple[str, int]]) -> list[Check]:
    """The run with a job that always fails says so; the others end well."""
    expected = {"local": 0, "slurm": 1, "again": 0}
    return [(f"{name}: exit code {expected[name]}", code == expected[name]) for name, code in done]


def looked_after(folder: Path, jobs: list[dict[str, str]]) -> Iterator[Check]:
    """What Slurm and Snakemake made of the faults."""
    log = (folder / "slurm.log").read_text()
    for kind, status in {"fail": "FAILED", "cancel": "CANCELLED", "timeout": "TIMEOUT", "memory": "FAILED"}.items():
        tries = [job for job in jobs if job["fault"] == kind]
        yield f"{kind}: tried twice", len(tries) == 2
        first, second = tries[0], tries[-1]
        told = f"SLURM-job '{first['job']}' failed, SLURM status is: '{status}'"
        yield f"{kind}: Snakemake says {status}", told in log
        twice = megabytes(second) == 2 * megabytes(first)
        yield f"{kind}: {first['memory']} of memory, then {second['memory']}", twice
    yield "broken: tried three times", len([job for job in jobs if job["fault"] == "broken"]) == 3
    yield "broken: its message is shown", log.count("An injected fault: broken.") >= 1
    yield "memory: its log says why", any("exceeded memory limit" in text.read_text() for text in slurm_logs(folder))
    verbs = {job["verb"] for job in jobs}
    yield "what does not need the broken job was done, the rest was not", "render" not in verbs and "split" in verbs
    networks = [job for job in jobs if job["partition"] == "gpu"]
    others = [job for job in jobs if job["partition"] == "cpu"]
    yield f"{len(networks)} jobs had one GPU each", {job["device"] for job in networks} == {"0", "1"}
    yield f"{len(others)} jobs had none", {job["device"] for job in others} == {""}
    yield "only trainings of networks had one", {job["verb"] for job in networks} == {"train"}


def slurm_logs(folder: Path) -> Iterator[Path]:
    return (folder / ".snakemake/slurm_logs").rglob("*.log")


def megabytes(job: dict[str, str]) -> int:
    """Return a job's memory; Slurm writes 500M or 4G, or 7.81250G."""
    number, unit = re.fullmatch(r"([0-9.]+)([MG])", job["memory"]).groups()
    return round(float(number) * (1024 if unit == "G" else 1))


def only_the_rest(jobs: list[dict[str, str]]) -> Iterator[Check]:
    """What the second call of Snakemake did."""
    verbs = sorted(job["verb"] for job in jobs)
    yield f"the second call ran {', '.join(verbs)}", verbs == ["compare", "report", "score", "train"]


def same_results(local: Path, slurm: Path) -> Check:
    """Nothing but times differs between the two folders."""
    count, different = differences(local, slurm)
    for line in different:
        print(line)
    return f"{count} files of data/ and results/ are the same, bit for bit", count > 0 and not different


if __name__ == "__main__":
    main()
