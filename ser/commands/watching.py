"""The verb that displays the trainings that run now."""

import json
from pathlib import Path
from typing import Annotated

import typer


def watch(
    experiment: Annotated[str | None, typer.Argument(help="Name of an experiment; without, all trainings.")] = None,
    every: Annotated[float, typer.Option(min=0.2, help="Seconds between two looks.")] = 3.0,
    once: Annotated[bool, typer.Option("--once", help="Print once and end, as where no terminal is.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs, once.")] = False,
) -> None:
    """Display the trainings that run now: epoch, dev score, best so far, time left at most, and curves.

    Reads the epochs files next to the runs, also from another host of a shared folder, and changes nothing. Trainings
    that stalled, failed or were killed within the last day are listed too. Ctrl-C ends it.
    """
    from ser.watching import live, trainings

    results = Path("results")
    trainings.require_results(results)
    runs = None if experiment is None else trainings.experiment_runs(experiment, results)
    if as_json:
        print(json.dumps([one.record() for one in trainings.find(runs)], indent=2, ensure_ascii=False))
    else:
        live.watch(experiment, runs, every=every, once=once)
