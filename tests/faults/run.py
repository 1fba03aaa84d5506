"""A seeded series of faults on a miniature experiment: after each a user's rerun must give the undisturbed results.

    make test-faults SEED=7 KILLS=50

Prints a line per fault and the totals; exit code 1 where anything differs, is left behind or has no clear message.
"""

import argparse
import random
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path

import files
import jobs
import schedulers
from bench import FINISHED, OPEN, Bench, Fault
from project_copy import ESTIMATOR, ProjectCopy, commands
from totals import Line, print_line, print_totals

KILL, TERM, INTERRUPT = signal.SIGKILL, signal.SIGTERM, signal.SIGINT
TABLES = "results/mini/*.parquet"
MISSING = {
    "untrained": [TABLES, "results/runs/demo/halves/net/seed0/fold0/*"],
    "unextracted": ["data/demo/audio/1.parquet", "data/demo/features/*/1.parquet"],
}
# name, fault, what it needs of the machine; the series goes through the list in random order and begins again
SERIES: list[tuple[str, Fault, str]] = [
    ("SIGKILL of a training", jobs.killed_job("network", KILL), ""),
    ("SIGTERM of a training", jobs.killed_job("network", TERM), ""),
    ("SIGINT of a training", jobs.killed_job("network", INTERRUPT), ""),
    ("SIGKILL of a training", jobs.killed_job("network", KILL), ""),
    ("SIGKILL of an SVM's training", jobs.killed_job("estimator", KILL), ""),
    ("SIGKILL of an extraction", jobs.killed_job("extract", KILL), ""),
    ("SIGTERM of an extraction", jobs.killed_job("extract", TERM), ""),
    ("SIGKILL of a resampling", jobs.killed_job("resample", KILL), ""),
    ("SIGKILL of a fetch", jobs.killed_job("fetch", KILL), ""),
    ("SIGKILL of a preparation", jobs.killed_job("prepare", KILL), ""),
    ("SIGKILL of a scoring", jobs.killed_job("score", KILL), ""),
    ("SIGKILL of a report", jobs.killed_job("report", KILL), ""),
    ("damaged checkpoint", jobs.damaged_checkpoint, ""),
    ("full disk, training", jobs.full_disk("network", 64 << 10), "mount"),
    ("full disk, extraction", jobs.full_disk("extract", 8 << 10), "mount"),
    ("full disk, scoring", jobs.full_disk("score", 4 << 10), "mount"),
    ("full disk, everything", schedulers.full_disk_under_scheduler, "mount"),
    ("read-only, training", jobs.read_only("network"), "mount"),
    ("read-only, extraction", jobs.read_only("extract"), "mount"),
    ("limit on files, training", jobs.file_limit("network"), ""),
    ("limit on files, extraction", jobs.file_limit("extract"), ""),
    ("limit on memory, training", jobs.little_memory, ""),
    ("SIGKILL of Snakemake alone", schedulers.killed_scheduler(KILL, group=False), ""),
    ("SIGKILL of Snakemake and jobs", schedulers.killed_scheduler(KILL, group=True), ""),
    ("SIGTERM of Snakemake alone", schedulers.killed_scheduler(TERM, group=False), ""),
    ("SIGTERM of Snakemake and jobs", schedulers.killed_scheduler(TERM, group=True), ""),
    ("SIGINT of Snakemake alone", schedulers.killed_scheduler(INTERRUPT, group=False), ""),
    ("SIGINT of Snakemake and jobs", schedulers.killed_scheduler(INTERRUPT, group=True), ""),
    ("SIGKILL of a job of Snakemake", schedulers.killed_under_scheduler(KILL), ""),
    ("SIGTERM of a job of Snakemake", schedulers.killed_under_scheduler(TERM), ""),
    ("two schedulers", schedulers.two_schedulers, ""),
    ("damaged features", files.damaged_file("data/demo/features/mfcc/*.parquet", noticed=True), ""),
    ("damaged predictions", files.damaged_file("results/runs/**/predictions.parquet", noticed=True), ""),
    ("damaged table", files.damaged_file("data/demo/*/halves.parquet", noticed=True), ""),
    ("damaged, time kept: model", files.damaged_file("results/runs/**/model.safetensors", noticed=False), ""),
    ("damaged, time kept: record", files.damaged_file("results/runs/**/run.json", noticed=False), ""),
    ("damaged, time kept: audio", files.damaged_file("data/demo/audio/*.parquet", noticed=False), ""),
    ("damaged, time kept: scores", files.damaged_file(TABLES, noticed=False), ""),
    ("times of files moved", files.moved_times, ""),
    ("clock jumps in a training", jobs.jumping_clock, "faketime"),
]


def main() -> int:
    given = _arguments()
    signal.signal(INTERRUPT, signal.default_int_handler)  # also in the background, whose children would ignore it
    signal.signal(TERM, lambda *_: sys.exit(143))
    folder = Path(tempfile.mkdtemp(prefix="ser-faults-"))
    project = ProjectCopy(folder, given.cores)
    lacking = {
        "mount": "" if project.own_disk else "mounting a file system is not allowed here",
        "faketime": "" if jobs.FAKETIME else "libfaketime is not installed",
    }
    print(f"seed {given.seed}, {given.kills} faults, in {folder}", flush=True)
    try:
        bench = _undisturbed(project)
        return _series(bench, given.seed, given.kills, given.only, lacking)
    finally:
        project.clear()
        shutil.rmtree(folder, ignore_errors=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--kills", type=int, default=50, help="faults in the series")
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--only", default="", help="faults whose name holds this")
    return parser.parse_args()


def _undisturbed(project: ProjectCopy) -> Bench:
    """Run the experiment from nothing and keep its states."""
    began = time.monotonic()
    done = project.run(project.snakemake())
    if done.code:
        sys.exit(f"the undisturbed run failed:\n{done.text[-3000:]}")
    project.save(FINISHED)
    found: dict[str, list[list[str]]] = {}
    for command in commands(project.folder):
        verb = command[1]
        if verb == "train":
            verb = "estimator" if f"/{ESTIMATOR}/" in command[command.index("--out") + 1] else "network"
        found.setdefault(verb, []).append(command)
    bench = Bench(project, found)
    print(f"undisturbed: {done.seconds:.0f} s from nothing", end="")
    for state, missing in MISSING.items():
        project.restore(FINISHED)
        for path in [path for pattern in missing for path in project.folder.glob(pattern)]:
            path.unlink()
        project.save(state)
        bench.usual[state] = project.run(project.snakemake(*OPEN[state])).seconds
        print(f", {bench.usual[state]:.0f} s from {state}", end="")
    print()
    print(f"preparation {time.monotonic() - began:.0f} s\n", flush=True)
    return bench


def _series(bench: Bench, seed: int, count: int, only: str, lacking: dict[str, str]) -> int:
    """Run ``count`` faults, print a line for each and the totals; return the exit code."""
    rng = random.Random(seed)
    order: list[tuple[str, Fault, str]] = []
    possible = [entry for entry in SERIES if not lacking.get(entry[2]) and only in entry[0]]
    for name, _, need in SERIES:
        if lacking.get(need):
            print(f"skipped: {name}, since {lacking[need]}")
    while len(order) < count:
        order += rng.sample(possible, len(possible))
    lines: list[Line] = []
    began = time.monotonic()
    try:
        for number, (name, fault, _) in enumerate(order[:count], start=1):
            lines.append(Line(name, fault(bench, random.Random(rng.random()))))
            print_line(number, lines[-1])
    finally:
        print(f"\n{len(lines)} faults in {time.monotonic() - began:.0f} s, seed {seed}")
        print_totals(lines)
    return 1 if any(line.outcome.problems for line in lines) else 0


if __name__ == "__main__":
    sys.exit(main())
