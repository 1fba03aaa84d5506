"""How long Snakemake plans the full grid: every shipped system under four protocols, all folds, three seeds.

Run: python benchmarks/scale_plan.py FOLDER [--systems 75] [--shard-size 500] [--done]

FOLDER becomes a working directory without data. Prints wall time, processor seconds and memory of a dry run of
everything, and of a dry run of as many jobs of a workflow that holds nothing but the names of their outputs: the ratio
of the two is the cost of our rules. With ``--done`` every output is made as an empty file and
recorded as up to date by ``snakemake --touch`` (17 minutes, since it waits for 0.1 s at each job), and the dry run,
which then has nothing to do, is measured again.
"""

import argparse
import subprocess
import sys
from pathlib import Path

import yaml
from spent import Spent, row, run

from ser.config.read import shipped

PROJECT = Path(__file__).parents[1]
PROTOCOLS = ["speaker-out-4", "speaker-out-all", "random-folds-4", "random-folds-all"]  # ten folds each on the demo
SEEDS = [0, 1, 2]
FOLDS = 10
BARE = """
rule all:
    input: expand("{{number}}.txt", number=range({trainings}))
rule one:
    output: "{{number}}.txt"
    shell: "touch {{output}}"
"""


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--systems", type=int, default=None, help="how many of the shipped ones; all if not given")
    parser.add_argument("--shard-size", type=int, default=500)
    parser.add_argument("--done", action="store_true", help="measure the plan with nothing to do, too")
    arguments = parser.parse_args()
    systems = list(shipped(PROJECT / "config")[1])[: arguments.systems]
    grid, bare = arguments.folder / "grid", arguments.folder / "bare"
    configure(grid, systems, arguments.shard_size)
    bare.mkdir(parents=True, exist_ok=True)
    trainings = len(systems) * len(PROTOCOLS) * len(SEEDS) * FOLDS
    (bare / "Snakefile").write_text(BARE.format(trainings=trainings))
    row("plan", "trainings", "wall s", "CPU s", "peak MB")
    row(":--", *["--:"] * 4)
    report("nothing but output names", trainings, run(snakemake(bare, "-n", "-q", "rules"), bare))
    report("full grid, everything to do", trainings, run(ours(grid, "-n", "-q", "rules"), grid))
    if arguments.done:
        finish(grid)
        report("full grid, nothing to do", trainings, run(ours(grid, "-n", "-q", "rules"), grid))


def configure(folder: Path, systems: list[str], shard_size: int) -> None:
    """Write the experiment into ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    block = {"corpora": ["demo-full"], "protocols": PROTOCOLS, "systems": systems, "seeds": SEEDS}
    corpus = {"adapter": "demo", "options": {"utterances": 10039, "seed": 0}, "shard_size": shard_size}
    grid = {"experiment": {"name": "full-grid", "runs": [block]}, "corpora": {"demo-full": corpus}}
    (folder / "grid.yaml").write_text(yaml.safe_dump(grid, sort_keys=False))


def snakemake(folder: Path, *arguments: str) -> list[str]:
    """Return a call of Snakemake in ``folder``."""
    return [
        sys.executable,
        "-m",
        "snakemake",
        "--directory",
        str(folder),
        "--scheduler",
        "greedy",
        "--cores",
        "2",
        *arguments,
    ]


def ours(folder: Path, *arguments: str) -> list[str]:
    """Return a call of the pipeline in ``folder``."""
    profile = ["--workflow-profile", str(PROJECT / "profiles/default")]
    fixed = ["--snakefile", str(PROJECT / "Snakefile"), "--configfile", "grid.yaml", "--resources", "gpu=0"]
    return [*snakemake(folder, *arguments), *fixed, *profile]


def finish(folder: Path) -> None:
    """Make every output as a small file, and let Snakemake record it as up to date."""
    listed = subprocess.run(ours(folder, "--summary"), cwd=folder, capture_output=True, text=True, check=True)
    for line in listed.stdout.splitlines()[1:]:
        path = folder / line.split("\t")[0]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(path.name)
    at_once = ["--cores", "1000000", "--max-jobs-per-timespan", "1000000/1s"]
    run([*ours(folder, "--touch", "--quiet", "all"), *at_once], folder)


def report(plan: str, trainings: int, spent: Spent) -> None:
    """Print one row."""
    row(plan, trainings, spent.wall, spent.processor, f"{spent.memory:.0f}")


if __name__ == "__main__":
    main()
