"""Seconds of trainings on two cores: two at a time with one thread each, against one after the other with two.

    python benchmarks/threads.py [--systems C-pFSMN-A-demo …]

In a folder where the demo has run. Folds 0 and 1 of each system are trained again, in a temporary folder.
"""

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

RUNS = Path("results/runs/demo/session-out-4")
SYSTEMS = ["DenseLSTM-Feature-demo", "C-pFSMN-A-demo", "CNN_TF_Att.pooling-demo"]


def command(system: str, fold: int, threads: int, out: Path) -> list[str]:
    """Return the command that trains one fold with the recipe of its run.json."""
    record = json.loads((RUNS / system / "seed0" / f"fold{fold}" / "run.json").read_text())
    job = {key: record[key] for key in ("corpus", "protocol", "system", "seed", "fold", "recipe")}
    job["features"] = {name: f"data/demo/features/{name}" for name in record["features"]}
    files = ["--folds", "data/demo/folds/session-out-4.parquet", "--out", str(out / str(fold))]
    started = [str(Path(sys.executable).with_name("ser")), "train", "--job", json.dumps(job)]
    return [*started, *files, "--threads", str(threads), "--gpus", "0"]


def seconds(system: str, threads: int, at_a_time: int) -> float:
    """Return the seconds until folds 0 and 1 are trained."""
    with TemporaryDirectory() as folder:
        commands = [command(system, fold, threads, Path(folder)) for fold in (0, 1)]
        began = time.monotonic()
        for first in range(0, 2, at_a_time):
            processes = [
                subprocess.Popen(each, stderr=subprocess.DEVNULL) for each in commands[first : first + at_a_time]
            ]
            if any(process.wait() for process in processes):
                sys.exit("a training failed; run the demo first")
        return time.monotonic() - began


def main() -> None:
    """Print a row per system."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--systems", nargs="+", default=SYSTEMS, metavar="NAME")
    given = parser.parse_args()
    print(f"{'system':<26}{'one by one':>12}{'together':>10}{'ratio':>7}")
    for system in given.systems:
        one, both = seconds(system, 2, 1), seconds(system, 1, 2)
        print(f"{system:<26}{one:>10.1f} s{both:>8.1f} s{both / one:>7.2f}")


if __name__ == "__main__":
    main()
