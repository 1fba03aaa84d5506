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
    from ser import dimension_metrics
    from ser.config.plan import read_plan
    from ser.metrics import METRICS
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
    ranking = dimension_metrics.ranking(plan.experiment.metrics)
    sign = 1 if dimension_metrics.find(ranking).lower else -1
    if of_dimensions := ranking not in METRICS:  # single dimensions in the ranking metric alone
        metrics = [name for name in metrics if name in plan.experiment.metrics or name.split()[0] == ranking]

    def order(run: tuple[str, str, str]) -> tuple[str, str, bool, bool, float]:
        unranked = folds[run] < planned[run[0]][run[1]] or run in untrained
        value = values[*run, ranking]["value"]
        return *run[:2], unranked, value != value, sign * value

    runs = sorted({_run(row) for row in intervals}, key=order)
    for division, members in groupby(runs, key=lambda run: run[:2]):
        table = [["system", *metrics, "folds"]]
        for run in members:
            cells = (_value(values.get((*run, metric))) for metric in metrics)
            mark = f", {untrained[run]} not trained" if run in untrained else ""
            table.append([run[2], *cells, f"{folds[run]} of {planned[run[0]][run[1]]}{mark}"])
        unit = "MAE in points of the rating scale" if of_dimensions else "percent"
        print(f"\n{', '.join(division)} ({unit}, 95 % interval)")
        print(aligned(table))
        _print_directions([row for row in scores if _run(row)[:2] == division], ranking)
    if (folder / "contrasts.parquet").is_file():
        _print_contrasts(contracts.read(contracts.CONTRASTS, folder / "contrasts.parquet").to_pylist(), ranking)
    for run in plan.runs_for_use():
        where = f"{run.system}, trained for use on {run.corpus} as in {run.protocol}, seed {run.seed}"
        print(f"\n{where}: no test part; ser bundle {run.folder} OUT")
    print(f"\nReport: {folder / 'index.html'}")


def _print_directions(rows: list[dict[str, Any]], metric: str) -> None:
    """Print ``metric`` of each fold that has a name, what it trains on and tests, mean over seeds."""
    from ser import dimension_metrics

    unit = dimension_metrics.find(metric).unit
    named: dict[str, dict[str, list[float]]] = {}
    for row in rows:
        if row["fold_name"] and row["metric"] == metric:
            named.setdefault(row["fold_name"], {}).setdefault(row["system"], []).append(unit * row["value"])
    if not named:
        return
    systems = sorted({system for of_name in named.values() for system in of_name})
    table = [["trained → tested", *systems]]
    for name, values in named.items():
        means = (_number(fmean(values[system]), unit) if system in values else "" for system in systems)
        table.append([name, *means])
    print(f"\n{metric}{' in percent' if unit > 1 else ''}")
    print(aligned(table))


def _print_contrasts(rows: list[dict[str, Any]], metric: str) -> None:
    """Print the contrasts measured in ``metric``; "undecided" with the difference that could have been seen."""
    from ser import dimension_metrics
    from ser.evaluation.comparison import verdict

    of = dimension_metrics.find(metric)
    rows = [row for row in rows if row["metric"] == metric]
    for division, members in groupby(rows, key=lambda row: (row["corpus"], row["protocol"])):
        table = [["contrast", "first", "other", "difference", "p Holm", "verdict"]]
        for row in members:
            found = verdict(row["difference"], row["p_holm"], lower=of.lower)
            known = found == "undecided" and row["detectable"] is not None
            seen = f", {_number(row['detectable'], of.unit)} could have been seen" if known else ""
            values = (_number(of.unit * row[name], of.unit) for name in ("better_value", "than_value"))
            limits = [] if row["low"] is None else [_number(row[name], of.unit, "+") for name in ("low", "high")]
            difference = _number(row["difference"], of.unit, "+") + (f" [{', '.join(limits)}]" if limits else "")
            table.append([row["contrast"], *values, difference, f"{row['p_holm']:.3f}", found + seen])
        unit = "points, " if of.unit > 1 else ""
        print(f"\n{', '.join(division)}: contrasts in {metric} ({unit}95 % interval)")
        print(aligned(table))


def _untrained(runs: Iterable[Run]) -> Counter[tuple[str, str, str]]:
    """Return how many runs of a system learned nothing, by corpus, protocol and system; without a record none."""
    from ser.report.data.runs import trained

    records = ((run, run.folder / "run.json") for run in runs)
    cards = ((run, json.loads(path.read_text(encoding="utf-8"))) for run, path in records if path.is_file())
    return Counter(run[:3] for run, card in cards if not trained(card))


def _value(row: dict[str, Any] | None) -> str:
    """Return a metric, of classes in percent, with its interval where it has one; "" where a protocol lacks it."""
    from ser import dimension_metrics

    if row is None:
        return ""
    unit = dimension_metrics.find(row["metric"]).unit
    limits = [] if row["low"] is None else [_number(unit * row[name], unit) for name in ("low", "high")]
    return _number(unit * row["value"], unit) + (f" [{', '.join(limits)}]" if limits else "")


def _number(value: float, unit: float, sign: str = "") -> str:
    """Return percent or points with one decimal, what has no unit with three; "undefined" for NaN."""
    return "undefined" if value != value else f"{value:{sign}.{1 if unit > 1 else 3}f}"
