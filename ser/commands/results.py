"""The verb that prints the results of an experiment."""

import json
from collections import Counter
from collections.abc import Iterable
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from statistics import fmean
from typing import Annotated, Any

import typer

from ser.errors import SerError
from ser.layout import Run
from ser.terminal import aligned

_run = itemgetter("corpus", "protocol", "system")


def results(experiment: Annotated[str, typer.Argument(help="Name of the experiment, a folder in results/.")]) -> None:
    """Print the metrics of every system of a finished experiment with their intervals, and where the report is.

    The best system comes first; the directions follow where one corpus is trained on and another tested. Systems that
    lack folds, or of which a run is not trained, follow: they are not ranked. Contrasts that the experiment declares
    follow, each with its verdict. What is trained for use comes last.
    """
    from ser.config.plan import read_plan
    from ser.tables import contracts

    folder = Path("results", experiment)
    if not (folder / "intervals.parquet").is_file():
        known = ", ".join(sorted(path.parent.name for path in Path("results").glob("*/intervals.parquet"))) or "none"
        raise SerError(f"{folder} has no results. Experiments with results in this folder: {known}.")
    intervals = contracts.read(contracts.INTERVALS, folder / "intervals.parquet").to_pylist()
    scores = contracts.read(contracts.SCORES, folder / "scores.parquet").to_pylist()
    plan = read_plan(folder / "plan.json")
    planned, untrained = plan.folds, _untrained(plan.runs())
    scored = {(*_run(row), row["fold"]) for row in scores if row["fold"] >= 0}
    folds = Counter(fold[:3] for fold in scored)
    values = {(*_run(row), row["metric"]): row for row in intervals}
    metrics = list(dict.fromkeys(row["metric"] for row in intervals))

    def order(run: tuple[str, str, str]) -> tuple[str, str, bool, float]:
        unranked = folds[run] < planned[run[0]][run[1]] or run in untrained
        return *run[:2], unranked, -values[*run, metrics[-1]]["value"]

    runs = sorted({_run(row) for row in intervals}, key=order)
    for division, members in groupby(runs, key=lambda run: run[:2]):
        table = [["system", *metrics, "folds"]]
        for run in members:
            cells = (_percent(values[*run, metric]) for metric in metrics)
            mark = f", {untrained[run]} not trained" if run in untrained else ""
            table.append([run[2], *cells, f"{folds[run]} of {planned[run[0]][run[1]]}{mark}"])
        print(f"\n{', '.join(division)} (percent, 95 % interval)")
        print(aligned(table))
        _print_directions([row for row in scores if _run(row)[:2] == division], metrics[-1])
    if (folder / "contrasts.parquet").is_file():
        _print_contrasts(contracts.read(contracts.CONTRASTS, folder / "contrasts.parquet").to_pylist(), metrics[-1])
    for run in plan.runs_for_use():
        where = f"{run.system}, trained for use on {run.corpus} as in {run.protocol}, seed {run.seed}"
        print(f"\n{where}: no test part; ser bundle {run.folder} OUT")
    print(f"\nReport: {folder / 'index.html'}")


def _print_directions(rows: list[dict[str, Any]], metric: str) -> None:
    """Print ``metric`` of each fold that has a name, what it trains on and tests, mean over seeds."""
    named: dict[str, dict[str, list[float]]] = {}
    for row in rows:
        if row["fold_name"] and row["metric"] == metric:
            named.setdefault(row["fold_name"], {}).setdefault(row["system"], []).append(100 * row["value"])
    if not named:
        return
    systems = sorted({system for of_name in named.values() for system in of_name})
    table = [["trained → tested", *systems]]
    for name, values in named.items():
        means = (f"{fmean(values[system]):.1f}" if system in values else "" for system in systems)
        table.append([name, *means])
    print(f"\n{metric} in percent")
    print(aligned(table))


def _print_contrasts(rows: list[dict[str, Any]], metric: str) -> None:
    """Print the contrasts measured in ``metric``; "undecided" with the difference that could have been seen."""
    from ser.evaluation.comparison import verdict

    rows = [row for row in rows if row["metric"] == metric]
    for division, members in groupby(rows, key=lambda row: (row["corpus"], row["protocol"])):
        table = [["contrast", "first", "other", "difference", "p Holm", "verdict"]]
        for row in members:
            found = verdict(row["difference"], row["p_holm"])
            known = found == "undecided" and row["detectable"] is not None
            seen = f", {row['detectable']:.1f} could have been seen" if known else ""
            values = (f"{100 * row[name]:.1f}" for name in ("better_value", "than_value"))
            interval = "" if row["low"] is None else f" [{row['low']:+.1f}, {row['high']:+.1f}]"
            difference = f"{row['difference']:+.1f}{interval}"
            table.append([row["contrast"], *values, difference, f"{row['p_holm']:.3f}", found + seen])
        print(f"\n{', '.join(division)}: contrasts in {metric} (points, 95 % interval)")
        print(aligned(table))


def _untrained(runs: Iterable[Run]) -> Counter[tuple[str, str, str]]:
    """Return how many runs of a system learned nothing, by corpus, protocol and system; without a record none."""
    from ser.report.data.runs import trained

    records = ((run, run.folder / "run.json") for run in runs)
    cards = ((run, json.loads(path.read_text(encoding="utf-8"))) for run, path in records if path.is_file())
    return Counter(run[:3] for run, card in cards if not trained(card))


def _percent(row: dict[str, Any]) -> str:
    """Return a metric in percent, with its interval where it has one."""
    interval = "" if row["low"] is None else f" [{100 * row['low']:.1f}, {100 * row['high']:.1f}]"
    return f"{100 * row['value']:.1f}{interval}"
