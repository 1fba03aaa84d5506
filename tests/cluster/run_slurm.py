"""The demo, run on this machine and on a simulated cluster whose jobs fail: same results?

    make test-cluster

Runs it locally; then through profiles/slurm on a Slurm of one node (start_slurm.sh) with faults (faults.py): a job
fails, two trainings are cancelled and run out of time halfway, a job runs out of memory, another fails at every
attempt; then calls Snakemake again. Exit code 0 means that every check holds. All files are in build/cluster, and
everything started is stopped.
"""

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from project_copies import HERE, LOCAL, PROJECT, Check, conclude, project_copy, same_results, snakemake

WORK = PROJECT / "build/cluster"
RUNS = "results/runs/demo/session-out-4"
CANCELLED, TIMED_OUT, BROKEN = "Audio-CNN-demo/seed0/fold0", "Audio-CNN-xvector-demo/seed0/fold1", "C-pFSMN-A-demo"
FAULTS = {
    "fail": ["ser train", f"{RUNS}/SVM-eGeMAPS/seed0/fold0"],
    "cancel": ["ser train", f"{RUNS}/{CANCELLED}"],
    "timeout": ["ser train", f"{RUNS}/{TIMED_OUT}"],
    "memory": ["ser plan"],
    "broken": ["ser train", f"{RUNS}/{BROKEN}"],
}
GPU_VERBS = {"train", "train-xvector", "extract"}
# The test's Slurm keeps no accounts, and answers at once.
QUICK = [
    "--slurm-status-command=squeue",
    "--slurm-init-seconds-before-status-checks=2",
    "--seconds-between-status-checks=2",
    "--latency-wait=5",
]


def main() -> None:
    """Run all three and print which checks hold."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))
    shutil.rmtree(WORK / "slurmd", ignore_errors=True)
    local, slurm = project_copy(WORK / "local"), project_copy(WORK / "slurm")
    disturbed = injected(slurm)
    done = [snakemake(local, "local", LOCAL)]
    with cluster():
        done.append(snakemake(slurm, "slurm", ["--profile", "profiles/slurm", *QUICK], disturbed))
        before, missing = records(slurm), untrained(local, slurm)
        (slurm / "faults.json").write_text("{}")
        done.append(snakemake(slurm, "again", ["--profile", "profiles/slurm", *QUICK], disturbed))
    after = records(slurm)[len(before) :]
    checks = [*ends(done), *noticed(slurm, before), missing, *resumed(slurm), *only_the_rest(after)]
    checks.append(same_results(local, slurm))
    conclude(checks)


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


def records(folder: Path) -> list[dict[str, str]]:
    """Return what the jobs noted of themselves."""
    return [json.loads(line) for line in (folder / "jobs.jsonl").read_text().splitlines()]


def untrained(local: Path, slurm: Path) -> Check:
    """All trainings but the broken one are done."""
    cards = "results/runs/**/run.json"
    wanted, done = ({card.relative_to(folder) for card in folder.glob(cards)} for folder in (local, slurm))
    text = f"{len(done)} trainings were done in spite of the broken one"
    return text, {card.parts[-4] for card in wanted - done} == {BROKEN}


def resumed(folder: Path) -> Iterator[Check]:
    """The trainings that Slurm ended went on from their checkpoints."""
    for run in (CANCELLED, TIMED_OUT):
        card = json.loads((folder / RUNS / run / "run.json").read_text())
        yield f"{run}: went on from its checkpoint", card["resumed"] == 1


def ends(done: list[tuple[str, int]]) -> list[Check]:
    """The run with a job that always fails reports it; the others end well."""
    expected = {"local": 0, "slurm": 1, "again": 0}
    return [(f"{name}: exit code {expected[name]}", code == expected[name]) for name, code in done]


def noticed(folder: Path, jobs: list[dict[str, str]]) -> Iterator[Check]:
    """What Slurm and Snakemake made of the faults."""
    logs = [folder / "slurm.log", *(folder / ".snakemake/log").glob("*.log")]  # the terminal, and Slurm's messages
    log = "".join(path.read_text() for path in logs)
    for kind, status in {"fail": "FAILED", "cancel": "CANCELLED", "timeout": "TIMEOUT", "memory": "FAILED"}.items():
        tries = [job for job in jobs if job["fault"] == kind]
        yield f"{kind}: tried {len(tries)} times, of 2", len(tries) == 2
        if len(tries) == 2:
            first, second = tries
            message = f"SLURM-job '{first['job']}' failed, SLURM status is: '{status}'"
            yield f"{kind}: Snakemake reports {status}", message in log
            twice = megabytes(second) == 2 * megabytes(first) and minutes(second) == 2 * minutes(first)
            asked = [f"{job['memory']} of memory and {job['time']}" for job in tries]
            yield f"{kind}: {asked[0]}, then {asked[1]}", twice
    yield "broken: tried three times", len([job for job in jobs if job["fault"] == "broken"]) == 3
    yield "broken: its message is printed", log.count("An injected fault: broken.") >= 1
    yield "memory: its log says why", any("exceeded memory limit" in text.read_text() for text in slurm_logs(folder))
    verbs = {job["verb"] for job in jobs}
    yield "what needs the broken job waited for it", verbs.isdisjoint({"score", "compare", "report"})
    networks = [job for job in jobs if job["partition"] == "gpu"]
    others = [job for job in jobs if job["partition"] == "cpu"]
    yield f"{len(networks)} jobs had one GPU each", {job["device"] for job in networks} == {"0", "1"}
    yield f"{len(others)} jobs had none", {job["device"] for job in others} == {""}
    busy = {job["verb"] for job in networks}
    yield f"only networks had one, to learn or to extract: {', '.join(sorted(busy))}", busy == GPU_VERBS


def slurm_logs(folder: Path) -> Iterator[Path]:
    """Find what Slurm kept of jobs that failed."""
    return (folder / ".snakemake/slurm_logs").rglob("*.log")


def megabytes(job: dict[str, str]) -> int:
    """Return a job's memory; Slurm writes 500M or 4G, or 7.81250G."""
    number, unit = re.fullmatch(r"([0-9.]+)([MG])", job["memory"]).groups()
    return round(float(number) * (1024 if unit == "G" else 1))


def minutes(job: dict[str, str]) -> int:
    """Return a job's time; Slurm writes 12:00:00 or 1-00:00:00."""
    days, _, clock = job["time"].rpartition("-")
    hours, rest, _ = clock.split(":")
    return 60 * (24 * int(days or 0) + int(hours)) + int(rest)


def only_the_rest(jobs: list[dict[str, str]]) -> Iterator[Check]:
    """What the second call of Snakemake did."""
    verbs = sorted(job["verb"] for job in jobs)
    yield f"the second call ran {', '.join(verbs)}", verbs == ["compare", "report", "score", "train"]


if __name__ == "__main__":
    main()
