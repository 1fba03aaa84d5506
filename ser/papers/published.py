"""What the papers print: every number of their tables, to stand beside our own.

``published_results.csv`` holds the numbers as printed, with the protocol each was obtained under. WA, UA and class
recalls are read from it here; the names and units that papers use (UAR, fractions, per cent) become one.
"""

import csv
import re
from dataclasses import dataclass
from functools import cache
from importlib import resources

from ser.errors import unknown

UNITS = {"parameters_million": "parameters", "training_time_min": "minutes", "UAR_converged_pct": "converged UA"}
PATTERN = re.compile(r"(?P<name>WA|UA|UAR|recall_(?P<label>[a-z]+))_(?P<unit>pct|fraction)")
SCALE = {"pct": 1.0, "fraction": 100.0}
EMOTIONS = {"anger": "angry", "disgust": "disgusted", "fear": "fearful", "surprise": "surprised"}


@dataclass(frozen=True)
class Published:
    """One printed number: ``value`` as the paper has it, ``percent`` in per cent."""

    paper: str
    table: str
    protocol: str
    metric: str  # WA, UA or recall
    value: float
    percent: float
    label: str = ""  # the class of a recall, as named in ser.emotions

    @property
    def recognised(self) -> bool:
        """Whether it was got on recognised transcripts."""
        return "text=Google ASR" in self.protocol


def published(paper: str, system: str) -> list[Published]:
    """Return WA, UA and recalls that ``paper`` (such as cao2019) prints for ``system``, in the paper's order.

    Several rows of one metric differ in table or protocol. SerError names the known papers or systems.
    """
    rows = [row for row in _rows() if row["paper"].lower() == paper.lower()]
    if not rows:
        raise unknown("paper", paper, {row["paper"].lower() for row in _rows()})
    mine = [row for row in rows if row["system"] == system]
    if not mine:
        raise unknown(f"system of {paper}", system, {row["system"] for row in rows})
    return [_number(paper, row, match) for row in mine if (match := PATTERN.fullmatch(row["metric"]))]


def printed(paper: str) -> list[tuple[str, Published]]:
    """Return (system, number) of every table of ``paper``, as printed: WA, UA, recalls, sizes and training times.

    ``parameters`` are in millions, ``minutes`` are of training; both stand in ``percent`` as they are. ``converged UA``
    is what a text reads off its test curve.
    """
    found = []
    for row in _rows():
        if row["paper"].lower() != paper.lower():
            continue
        match, unit = PATTERN.fullmatch(row["metric"]), UNITS.get(row["metric"])
        if match:
            found.append((row["system"], _number(paper, row, match)))
        elif unit:
            value = float(row["value"])
            found.append((row["system"], Published(paper, row["table"], row["protocol"], unit, value, value)))
    return found


def papers() -> list[str]:
    """Return the papers whose numbers are known, in the order of the table."""
    return list(dict.fromkeys(row["paper"].lower() for row in _rows()))


def systems(paper: str) -> list[str]:
    """Return every system that ``paper`` prints a WA, UA, recall or size of, in its order."""
    return list(dict.fromkeys(system for system, _ in printed(paper)))


def known_remark(paper: str, system: str) -> str:
    """Return what is known about the kind of a printed number, such as precision for accuracy; "" if nothing is."""
    named = (
        row["remark"] for row in _read("published_remarks.csv") if (row["paper"], row["system"]) == (paper, system)
    )
    return next(named, "")


def _number(paper: str, row: dict[str, str], match: re.Match[str]) -> Published:
    return Published(
        paper=paper,
        table=row["table"],
        protocol=row["protocol"],
        metric=_metric(match),
        value=float(row["value"]),
        percent=round(float(row["value"]) * SCALE[match["unit"]], 6),
        label=EMOTIONS.get(match["label"], match["label"]) if match["label"] else "",
    )


def _metric(match: re.Match[str]) -> str:
    return "recall" if match["label"] else match["name"].replace("UAR", "UA")


def _rows() -> tuple[dict[str, str], ...]:
    return _read("published_results.csv")


@cache
def _read(name: str) -> tuple[dict[str, str], ...]:
    text = resources.files("ser.papers").joinpath(name).read_text(encoding="utf-8")
    return tuple(csv.DictReader(text.splitlines()))
