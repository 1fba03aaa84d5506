"""Every contrast that the experiment declares: difference, interval, p value corrected by Holm, verdict."""

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import nan
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ser import dimension_metrics
from ser.config.schema import Contrast
from ser.evaluation.comparison import VERDICTS, verdict
from ser.report.data.experiment import ReportData
from ser.report.data.results import PAPER
from ser.report.drawing import BLUE, INK, ORANGE
from ser.report.formats import P_VALUE, PERCENTS, Notation, spans
from ser.report.sections._columns import INTERVAL_MEANING, badge, coded
from ser.report.table import Column, Row, Table

TITLE = "Contrasts"
LEAD = (
    "Differences that the experiment declares before they are measured: the first system is expected to be better. "
    "Upheld: it is, at p ≤ .05 after Holm's correction. Refuted: the other one is. Undecided: neither is found; "
    "what could have been seen is the smallest difference that it finds with 80 % power: a smaller one may exist."
)
EMPTY = "The experiment declares no contrasts."
SOURCE = ("contrasts.parquet",)
NOT_RUN = "not run"
COLOURS = dict(zip(VERDICTS, (BLUE, ORANGE, INK), strict=True))
SEEN_MEANING = "{}, with 80 % power at p ≤ .05 before correction"
LABEL = 42  # characters in a line of a figure's label


@dataclass(frozen=True)
class ContrastFamily:
    """The contrasts that are declared for one protocol on one corpus, measured in the ranking metric.

    rows: the keys of the configuration with ``title``, the columns of the CONTRASTS table, points as fractions, and
    ``limits``, ``verdict``, ``seen`` (the detectable difference where the verdict is undecided, else NaN), ``part``
    ("" for all folds) and ``untrained`` (which of the two has runs that learned nothing, "" for none). A contrast
    without common folds has the verdict ``NOT_RUN`` and no numbers.
    """

    corpus: str
    protocol: str
    title: str  # of the protocol
    paper: bool  # rows of a paper's or a leaking protocol
    rows: Sequence[Row]

    @property
    def measured(self) -> list[Row]:
        """The contrasts with a difference."""
        return [row for row in self.rows if row["verdict"] != NOT_RUN]

    @property
    def tally(self) -> str:
        """How many have which verdict: ``3 upheld, 4 undecided of 7``."""
        found = [row["verdict"] for row in self.rows]
        counts = [f"{found.count(name)} {name}" for name in (*VERDICTS, NOT_RUN) if name in found]
        return f"{', '.join(counts)} of {len(found)} contrast{'s' if len(found) > 1 else ''}"


@lru_cache(maxsize=1)
def families(data: ReportData) -> list[ContrastFamily]:
    """Return the contrasts of the experiment by corpus and protocol, in the order of their declaration."""
    table = data.contrasts[data.contrasts["metric"] == data.ranking]
    measured = {(row["corpus"], row["protocol"], row["contrast"]): row for row in table.to_dict("records")}
    declared: dict[tuple[str, str], list[Row]] = {}
    every = {(one.corpus, one.protocol): one for one in data.results}
    for title, contrast in data.plan.experiment.contrasts.items():
        for setting in data.plan.experiment.settings(contrast):
            found, folds = measured.get((*setting, title)), every[setting].first.folds
            numbers = _numbers(found, folds, data.notation, lower=data.lower)
            row = {**numbers, "title": title, **contrast.model_dump(), "untrained": _untrained(data, contrast, setting)}
            declared.setdefault(setting, []).append(row)
    return [
        ContrastFamily(*setting, every[setting].first.protocol.title, every[setting].kind == PAPER, rows)
        for setting, rows in declared.items()
    ]


def _numbers(row: Any, folds: int, notation: Notation = PERCENTS, *, lower: bool = False) -> Row:
    """Return what a row of the CONTRASTS table says, or that there is none.

    folds: of the protocol; notation, lower: of the metric, and whether a lower value of it is better.
    """
    if row is None:
        unknown = dict.fromkeys(("better_value", "than_value", "difference", "p_holm", "seen"), nan)
        return {**unknown, "limits": (nan, nan), "verdict": NOT_RUN, "part": "", "method": ""}
    found = verdict(row["difference"], row["p_holm"], lower=lower)
    names = ("low", "high", "difference", "detectable")
    low, high, difference, detectable = (row[name] / notation.factor for name in names)
    part = f"{spans(row['folds'])} of {folds}" if len(row["folds"]) < folds else ""
    seen = detectable if found == "undecided" else nan
    return row | {"difference": difference, "limits": (low, high), "verdict": found, "seen": seen, "part": part}


def _untrained(data: ReportData, contrast: Contrast, setting: tuple[str, str]) -> str:
    """Return ``<system> not trained: 2 of 6 runs`` for the systems of a contrast of which that is so."""
    keys = (*setting, contrast.better), (*contrast.other(*setting), contrast.than)
    marks = {one.key: one.untrained for one in data.results}
    return "; ".join(f"{key[2]} {marks[key]}" for key in keys if marks[key])


def tables(data: ReportData) -> list[Table]:
    """Return one table per corpus and protocol, a row per contrast."""
    made = []
    for one in families(data):
        holm = f"Holm's correction in {data.ranking} is over these {len(one.rows)}, declared beforehand"
        methods = "; ".join(dict.fromkeys(f"Method: {row['method']}" for row in one.measured))
        units = f"{data.notation.title}; differences in {data.notation.points}, paired by utterance"
        parts = (one.tally, one.title, units, holm, methods)
        caption = " ".join(f"{part}." for part in parts if part)
        if any(row["untrained"] for row in one.rows):
            caption += " A difference to a system that is not trained is one of trainings, not of models."
        title, columns = f"Contrasts: {one.protocol} on {one.corpus}", _columns(data.ranking, one.rows, data.notation)
        warning = data.warnings.get(one.corpus, "")
        made.append(Table(title, columns, one.rows, caption, SOURCE, warning, best=_upheld, paper=one.paper))
    return made or [Table("", _columns(data.ranking, (), data.notation), ())]


def csv(data: ReportData) -> pd.DataFrame:
    """Return the CONTRASTS table with claims and verdicts, then those without folds; classes in percent and points."""
    frame, declared = data.contrasts, data.plan.experiment.contrasts
    percents = {name: frame[name].map(data.notation.value.csv) for name in ("better_value", "than_value")}
    found = zip(frame["difference"], frame["p_holm"], frame["metric"], strict=True)
    verdicts = [verdict(change, p, lower=dimension_metrics.find(metric).lower) for change, p, metric in found]
    frame = frame.assign(**percents, folds=frame["folds"].map(spans), verdict=verdicts)
    missing = [
        {"corpus": one.corpus, "protocol": one.protocol, "contrast": row["title"], "verdict": NOT_RUN}
        | {name: row[name] for name in ("better", "than", "than_corpus", "than_protocol")}
        for one in families(data)
        for row in one.rows
        if row["verdict"] == NOT_RUN
    ]
    frame = pd.DataFrame([*frame.to_dict("records"), *missing], columns=frame.columns)
    marks = {(one.corpus, one.protocol, row["title"]): row["untrained"] for one in families(data) for row in one.rows}
    keys = zip(frame["corpus"], frame["protocol"], frame["contrast"], strict=True)
    claims = [declared[title].claim for title in frame["contrast"]]
    notes = [data.warnings.get(corpus, "") for corpus in frame["corpus"]]
    return frame.assign(claim=claims, untrained=[marks[key] for key in keys], note=notes)


def _upheld(row: Row) -> bool:
    return bool(row["verdict"] == "upheld")


def _columns(metric: str, rows: Sequence[Row], notation: Notation = PERCENTS) -> list[Column]:
    """Return the columns; those of claims, of another corpus and of a part of the folds only where some row has one."""
    small = {"claim": ("Claim", ""), "than_corpus": ("Its corpus", "on "), "than_protocol": ("Its protocol", "under ")}
    small["part"] = ("Folds", "folds ")
    small["untrained"] = ("Not trained", "")
    seen = SEEN_MEANING.format(notation.points)
    below = {
        name: [Column("", title, name, small=prefix)] if any(row[name] for row in rows) else []
        for name, (title, prefix) in small.items()
    }
    return [
        Column("", "Contrast", "title"),
        *below["claim"],
        coded("", "Expected better", "better"),
        coded("", "Than", "than"),
        *below["than_corpus"],
        *below["than_protocol"],
        Column("", metric, "better_value", notation.value, "of the system that is expected to be better"),
        Column("", f"{metric} other", "than_value", notation.value),
        Column("", f"Δ {metric}", "difference", notation.change),
        Column("", f"Δ {metric} 95 %", "limits", notation.interval, INTERVAL_MEANING, small=""),
        *below["part"],
        Column("", "p Holm", "p_holm", P_VALUE, "two-sided, corrected by Holm"),
        Column("", "Verdict", "verdict", html=lambda row: badge(row["verdict"], row["verdict"].replace(" ", "-"))),
        Column("", "Could have been seen", "seen", notation.size, seen, small="could have been seen: "),
        *below["untrained"],
    ]


def draw(data: ReportData) -> Figure | None:
    """Return a panel per corpus and protocol: difference and interval of each contrast, a line each."""
    drawn = [(one, one.measured) for one in families(data) if one.measured]
    if not drawn:
        return None
    figure = Figure(figsize=(7.6, 0.9 + 0.29 * sum(len(rows) for _, rows in drawn) + 0.5 * len(drawn)))
    ratios = [len(rows) + 0.8 for _, rows in drawn]
    panels = figure.subplots(len(drawn), 1, sharex=True, squeeze=False, height_ratios=ratios)[:, 0]
    for axes, (one, rows) in zip(panels, drawn, strict=True):
        axes.set_title(f"{one.protocol} · {one.corpus}")
        _panel(axes, rows, data.notation)
    for name, colour in COLOURS.items():
        panels[0].plot([], [], "o", color=colour, label=name)
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside upper right", ncols=3, frameon=False)
    unit = f", {data.notation.points}" if data.target == "classes" else ""
    panels[-1].set_xlabel(f"difference in {data.ranking}{unit}")
    return figure


def _panel(axes: Axes, rows: Sequence[Row], notation: Notation) -> None:
    axes.axvline(0, color=INK, linewidth=0.8)
    for line, row in enumerate(rows):
        colour, ends = COLOURS[row["verdict"]], [notation.factor * end for end in row["limits"]]
        axes.plot(ends, (line, line), color=colour, linewidth=1.8)
        axes.plot(notation.factor * row["difference"], line, "o", color=colour, markersize=5)
        text = f"{notation.rough(row['difference'])} {notation.limits(*row['limits'])}"
        axes.annotate(text, (1, line), (4, 0), ("axes fraction", "data"), "offset points", va="center", fontsize=8)
    axes.set_yticks(range(len(rows)), [textwrap.fill(row["title"], LABEL) for row in rows], fontsize=8)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.grid(visible=False, axis="y")
