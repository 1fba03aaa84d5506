"""What the papers print: every number of their tables.

``published_results.csv`` has one row per system, table and protocol with all numbers as printed. WA, UA and class
recalls are read from it here; the names and units that papers use (UAR, fractions, per cent) become one.
"""

import csv
import re
from dataclasses import dataclass
from functools import cache
from importlib import resources

from ser.errors import unknown

CORPORA = ("IEMOCAP", "eNTERFACE")
UNITS = {"parameters_million": "parameters", "training_time_min": "minutes", "UAR_converged_pct": "converged UA"}
PATTERN = re.compile(r"(?P<name>WA|UA|UAR|recall_(?P<label>[a-z]+))_(?P<unit>pct|fraction)")
SCALE = {"pct": 1.0, "fraction": 100.0}
EMOTIONS = {"anger": "angry", "disgust": "disgusted", "fear": "fearful", "surprise": "surprised"}


@dataclass(frozen=True)
class Published:
    """One printed number: ``value`` as the paper has it, ``percent`` in per cent, millions or minutes."""

    paper: str
    table: str
    protocol: str
    metric: str  # WA, UA, recall, parameters, minutes or converged UA
    value: float
    percent: float
    label: str = ""  # the class of a recall, as named in ser.emotions

    @property
    def recognised(self) -> bool:
        """Whether the paper obtained it on recognised transcripts."""
        return "text=Google ASR" in self.protocol

    @property
    def quoted(self) -> bool:
        """Whether the paper took the number from another one, which had its own protocol."""
        return self.protocol.startswith("quoted")

    @property
    def corpus(self) -> str:
        """The corpus that its protocol names, "" if none."""
        return next((name for name in CORPORA if name in self.protocol), "")


def published(paper: str, system: str) -> list[Published]:
    """Return WA, UA and recalls that ``paper`` (such as cao2019) prints for ``system``, in the paper's order.

    Several rows of one metric differ in table or protocol. SerError names the known papers or systems.
    """
    every = rows()
    mine = [row for row in every if row["paper"] == paper.lower()]
    if not mine:
        raise unknown("paper", paper, {row["paper"] for row in every})
    named = [row for row in mine if row["system"] == system]
    if not named:
        raise unknown(f"system of {paper}", system, {row["system"] for row in mine})
    return [number for row in named if (number := _number(row)).metric and row["metric"] not in UNITS]


@cache
def printed(paper: str) -> tuple[tuple[str, Published], ...]:
    """Return (system, number) of every table of ``paper``, as printed: WA, UA, recalls, sizes and training times.

    ``parameters`` are in millions, ``minutes`` are of training. ``converged UA`` is what a text reads off its test
    curve.
    """
    mine = (row for row in rows() if row["paper"] == paper)
    return tuple((row["system"], number) for row in mine if (number := _number(row)).metric)


def papers() -> list[str]:
    """Return the papers whose numbers are known, in the order of the table."""
    return list(dict.fromkeys(row["paper"] for row in rows()))


def known_remark(paper: str, system: str) -> str:
    """Return what is known about a system's printed numbers, such as precision for accuracy; "" if nothing is."""
    remarks = (row["remark"] for row in rows() if (row["paper"], row["system"]) == (paper, system))
    return next(filter(None, remarks), "")


@cache
def rows() -> tuple[dict[str, str], ...]:
    """Return one row per printed number: the columns of ``published_results.csv``, ``metric`` and ``value``."""
    found = []
    for row in read("published_results.csv"):
        for number in row.pop("numbers").split("; "):
            metric, _, value = number.rpartition("=")  # a metric may hold an equals sign
            found.append({**row, "metric": metric, "value": value})
    return tuple(found)


def read(name: str) -> list[dict[str, str]]:
    """Return the rows of a CSV file of this package."""
    text = resources.files("ser.papers").joinpath(name).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


def _number(row: dict[str, str]) -> Published:
    value, match = float(row["value"]), PATTERN.fullmatch(row["metric"])
    if match is None:
        return Published(row["paper"], row["table"], row["protocol"], UNITS.get(row["metric"], ""), value, value)
    label, percent = match["label"] or "", round(value * SCALE[match["unit"]], 6)
    metric = "recall" if label else match["name"].replace("UAR", "UA")
    return Published(row["paper"], row["table"], row["protocol"], metric, value, percent, EMOTIONS.get(label, label))
