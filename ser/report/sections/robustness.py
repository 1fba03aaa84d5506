"""UA on the same test utterances with noise, reverberation, other channels, codecs and missing parts."""

import ast
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import lru_cache, partial
from itertools import groupby
from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from ser import catalog
from ser.config.disturbances import of_experiment
from ser.evaluation import comparison, intervals
from ser.evaluation.intervals import Estimate, Tally
from ser.report.data.experiment import ReportData
from ser.report.data.results import Result
from ser.report.drawing import BLUE, GREEN, INK, ORANGE, Panel
from ser.report.formats import PERCENT, POINTS, Format
from ser.report.sections._columns import csv_only, interval, systems, tables_by_kind
from ser.report.table import Column, Row, Table, frame

TITLE = "Robustness"
TARGET = "classes"
WHAT = (
    "The same systems on the same test utterances, disturbed before the features are extracted. An utterance has the "
    "same noise at every strength and for every system. Intervals are for other test speakers; those of differences "
    "are paired by utterance."
)
EMPTY = "The experiment asks for no conditions (experiment.robustness)."
SOURCE = ("robustness/*.parquet", "predictions.parquet")
SIZE, ROWS = (3.4, 2.7), 1
METRICS = ("WA", "UA", "macro F1")
COLOURS = (BLUE, ORANGE, GREEN, "#CC79A7", "#56B4E9", "#E69F00")
CLEAN = "clean"
STRENGTH = Format(lambda value: f"{value:g}".replace("-", "−"), float)


def lead(data: ReportData) -> str:
    """Return what the section is, and which of its systems were trained with disturbed recordings."""
    trained = {row["result"].system: row["trained_with"] for row in found(data)}
    with_copies = [f"{system} ({text})" for system, text in trained.items() if text != CLEAN]
    if not with_copies:
        return f"{WHAT} No system was trained with disturbed recordings."
    others = " The other systems were not." if len(with_copies) < len(trained) else ""
    return f"{WHAT} Trained with disturbed copies of the recordings too: {', '.join(with_copies)}.{others}"


LEAD = lead


@lru_cache(maxsize=1)
def found(data: ReportData) -> list[dict[str, Any]]:
    """Return every condition and strength of every result, in the order of the tables.

    result, trained_with, condition, title, axis, strength, seed, digest; estimates: by metric; clean: of UA without a
    condition; difference: of UA to that, paired, None where seeds were tested on different utterances.
    """
    return [row for result in data.by_name for row in _rows(data, result)]


def _rows(data: ReportData, result: Result) -> Iterator[dict[str, Any]]:
    conditions, asked = data.disturbed.get(result.key), data.plan.experiment.robustness
    if not conditions or asked is None:
        return
    read, order = data.predictions[result.key], [one.condition for one in of_experiment(asked)]
    clean = intervals.tally(read.rows, read.classes, result.system)
    undisturbed = intervals.estimate(clean, "UA")
    for one in sorted(conditions, key=lambda one: order.index(one.condition)):
        title, axis = _title(one.condition), catalog.constant("conditions", one.condition, "AXIS")
        shared = {"result": result, "trained_with": _trained_with(data, result.system), "clean": undisturbed}
        shared |= {"condition": one.condition, "title": title, "axis": axis}
        for strength in one.strengths:
            rows = conditions[one][conditions[one]["strength"] == strength]
            tally = intervals.tally(rows, read.classes, f"{result.system}, {one.condition} {strength:g}")
            yield {
                **shared,
                "strength": strength,
                "estimates": {metric: intervals.estimate(tally, metric) for metric in METRICS},
                "difference": _difference(tally, clean),
                "seed": one.seed,
                "digest": one.digest,
            }


def _trained_with(data: ReportData, system: str) -> str:
    """Return the conditions and strengths of the copies that a system was trained with."""
    return str(data.plan.systems[system].training.augmentation or CLEAN)


def _difference(disturbed: Tally, clean: Tally) -> Estimate | None:
    if disturbed.tested is None or clean.tested is None:
        return None
    return intervals.estimate(comparison.difference(disturbed, clean), "UA")


def _title(condition: str) -> str:
    """Return the first line of a condition's docstring, without its full stop."""
    return (ast.get_docstring(catalog.tree(f"ser.conditions.{condition}")) or condition).splitlines()[0].rstrip(".")


def tables(data: ReportData) -> list[Table]:
    """Return one table per group of results and kind of row: a row per system, condition and strength."""
    several = len({row["trained_with"] for row in found(data)}) > 1
    columns = [
        *systems(),
        Column("trained_with", "Trained with" if several else "", ""),
        *csv_only("condition"),
        Column("", "Condition", "title"),
        Column("strength", "Strength", "", STRENGTH),
        Column("unit", "Unit", "axis"),
        *(Column(metric, metric, f"estimates.{metric}.value", PERCENT, "percent") for metric in METRICS[:2]),
        *interval("UA", "UA", "estimates.UA", small=""),
        Column("macro_F1", "F1", "estimates.macro F1.value", PERCENT, "mean F1 of the classes, percent"),
        Column("UA_difference", "Δ UA", "difference.value", POINTS, "less undisturbed, points"),
        *interval("UA_difference", "Δ UA", "difference", POINTS, small=""),
        *csv_only("seed", "digest", method="difference.method", note="result.first.warning"),
    ]
    made = tables_by_kind(data, found(data), "All folds together.", columns=columns, source=SOURCE)
    return [replace(one, folded=len(one.rows) > 12) for one in made]


def csv(data: ReportData) -> pd.DataFrame:
    """Return one row per system, condition and strength; metrics in percent, differences in points."""
    return frame(tables(data))


def panels(data: ReportData) -> list[Panel]:
    """Return one panel per corpus, protocol and condition: UA over the strength, a line per system."""

    def group(row: Row) -> tuple[str, str, str]:
        return row["result"].corpus, row["result"].protocol, row["condition"]

    made = []
    several = len({group(row)[:2] for row in found(data)}) > 1
    rows = sorted(found(data), key=lambda row: group(row)[:2])
    for (corpus, protocol), of_setting in groupby(rows, key=lambda row: group(row)[:2]):
        every = list(of_setting)
        for condition in dict.fromkeys(row["condition"] for row in every):
            mine = [row for row in every if row["condition"] == condition]
            title = mine[0]["title"] + (f"\n{protocol} · {corpus}" if several else "")
            made.append(Panel(title, partial(_draw, mine, 1 / len(mine[0]["result"].first.classes))))
    return made


def _draw(rows: Sequence[Row], chance: float, panel: Sequence[Axes]) -> None:
    axes = panel[0]
    strengths = list(dict.fromkeys(row["strength"] for row in rows))
    results = list(dict.fromkeys(row["result"] for row in rows))
    for number, result in enumerate(results):
        mine = [row for row in rows if row["result"] is result]
        shift = 0.08 * (number - (len(results) - 1) / 2)
        found = [mine[0]["clean"], *(row["estimates"]["UA"] for row in mine)]
        positions = [0.0, *(1.0 + strengths.index(row["strength"]) for row in mine)]
        values = [100 * one.value for one in found]
        colour = COLOURS[number % len(COLOURS)]
        axes.errorbar(
            [one + shift for one in positions],
            values,
            yerr=_reach(found),
            color=colour,
            marker="o",
            markersize=3.5,
            linewidth=1.2,
            elinewidth=0.8,
            label=result.system,
        )
    axes.axhline(100 * chance, color=INK, linewidth=0.6, linestyle=":")
    axes.set_xticks(range(len(strengths) + 1), ["none", *(STRENGTH.text(one) for one in strengths)])
    axes.set(xlabel=rows[0]["axis"], ylabel="UA, %", ylim=(0, 100))
    if len(results) > 1:
        axes.legend(fontsize=6.5, frameon=False)


def _reach(found: Sequence[Estimate]) -> list[list[float]]:
    """Return how far each interval reaches below and above its value, percent; 0 where it is unknown."""
    below = [100 * (one.value - one.low) if one.error > 0 else 0.0 for one in found]
    return [below, [100 * (one.high - one.value) if one.error > 0 else 0.0 for one in found]]
