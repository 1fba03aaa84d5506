"""What the four papers claim, one record per claim.

Each number of a table is a claim by itself; these follow from ``published_results.csv``. What the texts state about
them (differences, orderings, ratios, shapes of curves) is in ``claims.csv``, where a row with several metrics is one
claim for each; its systems are named as in the table of published results, the better one first. Statements without a
number and without a system of the tables, such as that subsampling helps, are left out.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache

from ser.errors import unknown
from ser.papers import published
from ser.papers.published import Published

KINDS = {
    "value": "a printed number",
    "convergence level": "the UA that a test curve settles at",
    "difference": "points by which the first system is ahead of the second",
    "no difference": "the first system is not clearly ahead of the second, nor behind it",
    "ordering": "the first system is ahead of each of the others",
    "ratio": "how many times larger or slower the first system is",
    "rise to a level": "the curve rises up to the printed point and stays level beyond it",
    "peak": "the curve is highest about the printed point and lower at both ends",
    "fall": "the curve is lower at its end than at its beginning",
    "lowest class": "the class has the lowest recall at every point of the curve",
    "level curve": "the curve does not depend on the setting",
    "faster convergence": "the test curve of the first system rises sooner than those of the others",
    "steadier curve": "the test curve of the first system fluctuates no more than those of the others",
}
FILTER_STUDY = ("rise to a level", "peak", "fall", "lowest class", "level curve")
SENTENCES = {
    "WA": "{} has a WA of {} %.",
    "UA": "{} has a UA of {} %.",
    "recall": "{} has a recall of {} % for {}.",
    "parameters": "{} has {} million parameters.",
    "minutes": "{} trains in {} minutes.",
    "converged UA": "The test curve of {} settles at a UA of {} %.",
}


@dataclass(frozen=True)
class Claim:
    """One statement of a paper.

    kind: one of ``KINDS``; metric: WA, UA, recall, confusion, parameters (millions), minutes, converged UA or WER;
    label: the class of a recall, or the two of a confusion; axis: what a curve runs over, "" if it is none; corpus: on
    which it was found, "" where a quoted number does not name one; stated: the number in the text, "" if it has none.
    """

    paper: str
    where: str
    kind: str
    statement: str
    metric: str
    label: str
    axis: str
    corpus: str
    sides: tuple[Published, ...]
    stated: str = ""

    @property
    def printed(self) -> float | None:
        """The value, points, ratio or point on a curve: as in the text, otherwise as it follows from the tables.

        None where neither gives one.
        """
        if self.stated:
            return float(self.stated)
        values = [side.percent for side in self.sides]
        match self.kind:
            case "value" | "convergence level":
                number = values[0]
            case "difference" | "no difference":
                number = round(values[0] - values[1], 6)
            case "ratio":
                number = values[0] / values[1]
            case _:
                return None
        return None if math.isnan(number) else number

    @property
    def measure(self) -> str:
        """What is measured, in words: ``recall happy by height``."""
        return f"{self.metric} {self.label}".strip() + (f" by {self.axis}" if self.axis else "")

    @property
    def protocol(self) -> str:
        """The protocols of its numbers, as far as the paper states them."""
        return " / ".join(dict.fromkeys(side.protocol for side in self.sides))


@cache
def claims() -> tuple[Claim, ...]:
    """Return every claim, paper by paper: the numbers of its tables, then what its text states.

    SerError for a row of ``claims.csv`` whose kind or system is not known.
    """
    stated = [claim for row in published.read("claims.csv") for claim in _stated(row)]
    printed = [claim for paper in published.papers() for claim in _numbers(paper)]
    return tuple(sorted([*printed, *stated], key=lambda claim: published.papers().index(claim.paper)))


def _numbers(paper: str) -> list[Claim]:
    """Return the numbers of a paper's tables; one that is in two tables is one claim."""
    found: dict[tuple[str, str], Claim] = {}
    for one in published.printed(paper):
        text = SENTENCES[one.metric].format(one.name, f"{one.percent:g}", one.label)
        kind, same = "convergence level" if one.metric == "converged UA" else "value", (text, one.corpus)
        if same in found:
            found[same] = replace(found[same], where=f"{found[same].where}, {one.table}", sides=(one,))
        else:
            found[same] = Claim(paper, one.table, kind, text, one.metric, one.label, "", one.corpus, (one,))
    return list(found.values())


def _stated(row: Mapping[str, str]) -> Iterator[Claim]:
    """Yield the claims of a row of ``claims.csv``, one per metric."""
    if row["kind"] not in KINDS:
        raise unknown("kind of claim", row["kind"], KINDS)
    measures = row["metric"].split("; ")
    numbers = row["printed"].split("; ") if row["printed"] else [""] * len(measures)
    for measure, number in zip(measures, numbers, strict=True):
        what, _, axis = measure.partition(" by ")
        metric, label = what.split(" ", 1) if what.startswith(("recall", "confusion")) else (what, "")
        sides = [_side(row["paper"], name, metric, label, row["corpus"]) for name in row["systems"].split("; ")]
        if row["kind"] == "value":
            sides = [replace(sides[0], percent=float(number))]
        where = (row["paper"], row["where"], row["kind"], row["statement"])
        yield Claim(*where, metric, label, axis, row["corpus"], tuple(sides), number)


def _side(paper: str, name: str, metric: str, label: str, corpus: str) -> Published:
    """Return what the tables print of a system, or its protocol alone."""
    every = [row for row in published.rows() if row["paper"] == paper]
    alone = [Published(paper, row["table"], row["system"], row["protocol"], metric, math.nan, label) for row in every]
    for number in (*published.printed(paper), *alone):
        if (number.name, number.metric, number.label) == (name, metric, label) and number.corpus in ("", corpus):
            return number
    raise unknown(f"system of {paper} on {corpus}", name, {row["system"] for row in every})
