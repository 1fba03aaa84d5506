"""Replaces `ser` in the jobs of a Slurm run: records what each job was given, and makes some fail.

Run as ``python faults.py FOLDER SER ARGUMENTS``: FOLDER/jobs.jsonl gets a line, then SER runs with ARGUMENTS. Which job
fails is in FOLDER/faults.json, by kind, as texts in its arguments:

- fail: ends with exit code 3, at its first attempt.
- cancel: a training that is cancelled after its first checkpoint, at its first attempt.
- timeout: a training that holds still after its first checkpoint until its time, cut to a minute, is over; likewise.
- memory: holds 1,200 MB for a moment, at every attempt.
- broken: ends with exit code 3 at every attempt, until it is taken out of faults.json.
"""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from ser import layout
from ser.files.checkpoints import unwritten_for

HELD = 1200 * 2**20  # bytes
PAGE = 4096
PRETENDED = {**os.environ, "CUDA_VISIBLE_DEVICES": ""}  # nothing is computed on a real GPU, should there be any


def main() -> None:
    """Record the job, make it fail where that is planned, and run the real command."""
    folder, command = Path(sys.argv[1]), sys.argv[2:]
    job = os.environ.get("SLURM_JOB_ID")
    if job is None:  # Snakemake itself prints the table of results at its end
        os.execvp(command[0], command)
    kind = planned(folder, command)
    note(folder, job, command, kind)
    if kind == "broken" or (kind == "fail" and is_first(folder, kind)):
        print(f"An injected fault: {kind}.", file=sys.stderr)
        sys.exit(3)
    if kind == "cancel" and is_first(folder, kind):
        interrupt(command, ["scancel", job])
    if kind == "timeout" and is_first(folder, kind):
        interrupt(command, ["scontrol", "update", f"JobId={job}", "TimeLimit=1"])
    if kind == "memory":
        hold()
    sys.exit(subprocess.run(command, env=PRETENDED, check=False).returncode)


def planned(folder: Path, command: list[str]) -> str | None:
    """Return the kind of fault that is planned for this command."""
    faults = json.loads((folder / "faults.json").read_text())
    line = " ".join(command)
    return next((kind for kind, words in faults.items() if all(word in line for word in words)), None)


def is_first(folder: Path, kind: str) -> bool:
    """Return True once for each kind."""
    try:
        (folder / f"{kind}.once").touch(exist_ok=False)
    except FileExistsError:
        return False
    return True


def interrupt(command: list[str], order: list[str]) -> None:
    """Train until there is a checkpoint, hold the training there, make Slurm end this job, and wait for it."""
    run = command[command.index("--out") + 1]
    training = subprocess.Popen(command, env={**PRETENDED, "SER_CHECKPOINT_SECONDS": "0"})
    while not any(one["run"] == run for one in unwritten_for(Path(layout.CHECKPOINTS), days=0)):
        if training.poll() is not None:
            sys.exit("The training ended before it had a checkpoint.")
        time.sleep(0.05)
    training.send_signal(signal.SIGSTOP)
    subprocess.run(order, check=True)
    time.sleep(600)


def hold() -> None:
    """Fill memory for as long as Slurm, which samples once a second, needs to measure it."""
    held = bytearray(HELD)
    held[::PAGE] = b"1" * len(range(0, HELD, PAGE))
    time.sleep(4)


def note(folder: Path, job: str, command: list[str], fault: str | None) -> None:
    """Append what Slurm gave the job: one line, short enough to be written at once."""
    printed = subprocess.run(["scontrol", "--oneliner", "show", "job", job], capture_output=True, text=True, check=True)
    given = dict(field.partition("=")[::2] for field in printed.stdout.split())
    line = {
        "verb": command[1],
        "fault": fault,
        "job": job,
        "partition": given["Partition"],
        "time": given["TimeLimit"],
        "memory": given["MinMemoryNode"],
        "device": os.environ.get("CUDA_VISIBLE_DEVICES", ""),
    }
    with (folder / "jobs.jsonl").open("a") as file:
        file.write(json.dumps(line) + "\n")


if __name__ == "__main__":
    main()
